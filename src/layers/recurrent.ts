/**
 * What a recurrent layer is to everyone who does not compute it: its parameters, states, unit maps and gates, what can be chosen for it,
 * and what other tools call it. What it computes is in a folder of its own under src/core/layers.
 */
import type { KeysOf } from '../messages';
import type { Activation } from './activation';
import type { LayerOptions, OptionDescription, SwitchOption } from './options';
import type { ParameterDescription, UnitSizes } from './parameters';
import type { KindPlayground } from './playground';

/** Of the values of a unit map: between 0 and 1, between −1 and 1, above 0 over several powers of ten, or without a bound. */
export type UnitRange = 'share' | 'signed' | 'positive' | 'unbounded';

/** Something that every unit has at every step, and that can be looked at. */
export interface UnitMapDescription {
  readonly name: string;
  readonly label: KeysOf<'unitMap'>;
  /** In the kind's equations. */
  readonly symbol: string;
  /** Where that depends on the activation, for each of them. */
  readonly range: UnitRange | Readonly<Record<Activation, UnitRange>>;
  /** Of values between 0 and 1, unless they are factors, which keep or forget: then they open and shut. */
  readonly isGate?: boolean;
  /** By it the state of the step before is multiplied: from it follows for how long a unit remembers. */
  readonly keeps?: boolean;
  /** Of what is no gate and no state: from the values of the unit's gates, in their order. */
  readonly of?: (gates: ArrayLike<number> & Iterable<number>) => number;
  /** It goes through the layer's activation, which saturates where that is tanh. */
  readonly isActivated?: boolean;
  /** How many units it has, where that is not H. */
  readonly units?: (sizes: UnitSizes) => number;
  /** Of units that are several numbers of each channel, channel by channel: how many. */
  readonly inEachChannel?: (sizes: UnitSizes) => number;
}

/** What a layer carries from one step to the next, in each direction. */
export interface StateDescription {
  /** In files too. */
  readonly name: string;
  /** In equations, and in the names of an ONNX graph's inputs and outputs. */
  readonly symbol: string;
  /** Beside the symbol. */
  readonly short: KeysOf<'state'>;
  /** Its values, unit by unit. */
  readonly unitMap: string;
  /** How many numbers it is, where that is not H. */
  readonly width?: (sizes: UnitSizes) => number;
}

/** What cannot be had of a kind, and the sentence that says why. */
export type NotApplicable = Readonly<
  Partial<
    Record<
      'contributions' | 'truncation' | 'omega' | 'flossing' | 'bidirectional' | 'gain' | 'halfLife' | 'horizon',
      KeysOf<'cell'>
    >
  >
>;

/** What every kind says of itself. */
export interface LayerDescription {
  readonly name: string;
  /** The same in every language. */
  readonly label: string;
  /** Where there is room for more than the label. */
  readonly title: KeysOf<'cell'>;
  /** By what a gradient comes from one token to an earlier one: the sentence in which this kind is compared with others. */
  readonly path: KeysOf<'panel.path'>;
  /** What it computes, for a reader; lowered and raised letters as webview/shared/formula.ts reads them. */
  readonly equations: readonly string[];
  /** What is held fixed where its output is divided up among tokens; gates, unless something else is said. */
  readonly heldFixed?: KeysOf<'hover'>;
  /** In the order of files. */
  readonly parameters: readonly ParameterDescription[];
  readonly states: readonly StateDescription[];
  readonly unitMaps: readonly UnitMapDescription[];
  /** What else can be chosen for it. */
  readonly options: readonly OptionDescription[];
  readonly notApplicable: NotApplicable;
  readonly playground: KindPlayground;
}

/** ONNX's activation functions, by their names in lower case; `affine` is y = x. */
export type GateFunction = Activation | 'sigmoid' | 'affine';

/** What the ONNX operator has as attributes besides those that all of them have. */
export type OnnxAttribute = 'linear_before_reset' | 'input_forget';

/** Names of the `nn.Linear`s in a layer's module. */
export interface LinearNames {
  /** Of one for all blocks, and which block of ours is its block b. */
  readonly whole: string;
  readonly gateOrder: readonly number[];
  /** What the module with that one computes. */
  readonly published: LayerOptions;
  /** Who published it. */
  readonly library: string;
  /** Of one for each block, in our order. */
  readonly each: readonly string[];
  /** What a module can have behind the layer, which is not read. */
  readonly projection: string;
}

export interface RecurrentCell extends LayerDescription {
  /** The G blocks of H rows in W, R and the biases, in ONNX's order: each is the name of a unit map. */
  readonly gates: readonly string[];
  /** The first one is also what the layer gives; the last one carries the gradient farthest. */
  readonly states: readonly StateDescription[];
  /** Whether its activation can be chosen. */
  readonly activation: 'chosen' | 'fixed';
  /** The gate that the setting `forgetBias` is about; null for a cell without one. */
  readonly forgetGate: string | null;
  /** Null where ONNX has no operator for it: then it cannot be exported. */
  readonly onnx: {
    readonly operator: string;
    /** As the operator has them by default, in its order. `chosen` stands for the layer's own. */
    readonly activations: readonly (GateFunction | 'chosen')[];
    readonly attributes: readonly OnnxAttribute[];
  } | null;
  /** Null where PyTorch has no module for it. */
  readonly torch: {
    readonly module: string;
    /** PyTorch's block b of the gates is our block `gateOrder[b]`. */
    readonly gateOrder: readonly number[];
  } | null;
  /** Its layer in Keras; absent where Keras has none. */
  readonly keras?: {
    readonly layer: string;
    /** Keras' block b of the gates is our block `gateOrder[b]`. */
    readonly gateOrder: readonly number[];
  };
  /** Of a kind without such a module, whose layers are modules of `nn.Linear`s: how people name them. */
  readonly linears?: LinearNames;
}

/** Of the kinds that are also computed in logarithms, which need a candidate above 0: it goes through g(u) = u + ½ for u ≥ 0, σ(u) otherwise. */
export const positive = {
  name: 'positive',
  type: 'switch',
  default: false,
  help: 'option.positive.help',
} as const satisfies SwitchOption;

/** A gate's unit map. */
export function gate<const Name extends string, const Label extends KeysOf<'unitMap'>>(
  name: Name,
  label: Label,
  symbol: string,
): {
  readonly name: Name;
  readonly label: Label;
  readonly symbol: string;
  readonly range: 'share';
  readonly isGate: true;
} {
  return { name, label, symbol, range: 'share', isGate: true };
}

/** A gate that keeps what a unit holds. */
export function keepingGate<const Name extends string, const Label extends KeysOf<'unitMap'>>(
  name: Name,
  label: Label,
  symbol: string,
): {
  readonly name: Name;
  readonly label: Label;
  readonly symbol: string;
  readonly range: 'share';
  readonly isGate: true;
  readonly keeps: true;
} {
  return { ...gate(name, label, symbol), keeps: true };
}

/** The kind of layer whose recurrence is this cell. */
export function recurrent<const Cell extends RecurrentCell>(cell: Cell): Cell {
  return cell;
}
