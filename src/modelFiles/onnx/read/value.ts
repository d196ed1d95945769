/**
 * What a tensor of the graph means. The reader goes through the graph once, with sizes for time and batch that it has chosen itself, and
 * gives every tensor one of these meanings. What exporters put between the operators that compute (Transpose, Reshape, Squeeze …) only
 * moves axes; so each axis is a list of atoms, such as time, or direction and units, which such operators permute, join and part.
 */
import type { StateName } from '../../../layers/catalog';
import type { Direction } from '../../../layers/direction';
import type { Weights } from '../../../core/model/generalModel';
import type { GeneralDirection, GeneralLayer, Norm } from '../../../core/model/generalModel';
import type { UserError } from '../../../userError';
import type { Constant } from '../../../formats/onnx/constant';

/** A part of an axis that stays whole. */
export interface Atom {
  /** `ids.0`: the first axis of the token ids; `ids.0 turned`; `features`; `direction`; `units`. */
  readonly name: string;
  readonly size: number;
  /** The node that turned the axis round, where it has been. */
  readonly reversedBy?: string;
}

/** The same axis of the tokens the other way round; `by` is the node that turned it. */
export function reversedAtom({ name, size, reversedBy }: Atom, by: string): Atom {
  return reversedBy === undefined
    ? { name: `${name} turned`, size, reversedBy: by }
    : { name: name.replace(' turned', ''), size };
}

/** Row-major, the slowest first; empty for an axis of size 1. */
export type Axis = readonly Atom[];

/** What the numbers are. All of it is per token, but for `finalStates`. */
export type Content =
  | { readonly kind: 'ids' }
  /** The inputs of the graph besides the tokens: states to begin with, or lengths. */
  | { readonly kind: 'given'; readonly input: string }
  /** 0 and 1, features: V. */
  | { readonly kind: 'oneHot'; readonly size: number }
  /** Features: E. */
  | {
      readonly kind: 'embedded';
      readonly table: Weights;
      readonly vocabularySize: number;
      readonly size: number;
      readonly source: string;
    }
  /** The state after each step, features: directions, then units; or with `direction` an axis of its own. */
  | States
  /** The last state of directions that do not all end at the last step, and the last of a state that is not what the layer gives. */
  | { readonly kind: 'finalStates'; readonly of: States }
  | { readonly kind: 'finalFurther'; readonly state: StateName }
  /** States put one behind the other, on an axis that begins with the atom `stack`. */
  | { readonly kind: 'stacked'; readonly parts: readonly Content[] }
  /** LayerNorm under way (norm.ts) or done. */
  | { readonly kind: 'normStep'; readonly of: States; readonly step: NormStep; readonly epsilon: number }
  | Normed
  | Logits;

export interface States {
  readonly kind: 'states';
  /** Side by side in this order. */
  readonly parts: readonly DirectionOfNode[];
}

export interface DirectionOfNode {
  readonly node: RecurrentNode;
  readonly direction: GeneralDirection;
}

/** A recurrent node, without the directions, which its states name. */
export interface RecurrentNode extends Omit<GeneralLayer, 'directions' | 'sublayers'> {
  /** What it reads, … */
  readonly input: Content;
  /** … and along which atom; "" where that axis has size 1. */
  readonly time: string;
  /** The tensor of all its states, Y; "" where the node does not give it. */
  readonly output: string;
  readonly operator: string;
  /** Of all its directions, in the order of Y. */
  readonly directionNames: readonly Direction[];
  /** Y is [batch, time, D, H] rather than [time, D, batch, H]. */
  readonly isBatchFirst: boolean;
}

export type NormStep =
  'mean' | 'centered' | 'squared' | 'variance' | 'shifted' | 'deviation' | 'inverse' | 'standard' | 'scaled';

export interface Normed {
  readonly kind: 'normed';
  readonly of: States;
  readonly norm: Norm;
}

export interface Logits {
  readonly kind: 'logits';
  readonly of: States | Normed;
  /** [V, D·H], and [V]. */
  readonly W: Weights;
  readonly b: Weights;
  readonly vocabularySize: number;
  readonly then: 'nothing' | 'softmax' | 'logSoftmax';
  /** The output layer's node. */
  readonly source: string;
}

export interface Data {
  readonly kind: 'data';
  readonly axes: readonly Axis[];
  readonly content: Content;
}

export type Value =
  | { readonly kind: 'constant'; readonly constant: Constant }
  | Data
  /** Why it, or what it was made from, has no meaning here. */
  | { readonly kind: 'unknown'; readonly reason: UserError };

export function sizeOf(axis: Axis): number {
  return axis.reduce((product, { size }) => product * size, 1);
}

export function shapeOfData({ axes }: Data): number[] {
  return axes.map(sizeOf);
}

/** The axis is just the features: all of them, in order. */
export function isFeatures(axis: Axis | undefined, content: Content): boolean {
  if (!axis) return false;
  const names = axis.map(({ name }) => name).join(' ');
  if (content.kind === 'states' || content.kind === 'normed' || content.kind === 'normStep') {
    const { parts } = content.kind === 'states' ? content : content.of;
    return names === (parts.length > 1 ? 'direction units' : 'units');
  }
  return names === 'features';
}

/** Columns of what the states are multiplied with. */
export function widthOf({ parts }: States): number {
  return parts.reduce((sum, { node }) => sum + node.hiddenSize, 0);
}
