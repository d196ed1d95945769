/** What each token left in a layer's output, as a sum over tokens: exact, with the gates held fixed. */
import type { GeneralLayer } from '../model/generalModel';
import type { DirectionTrace, Floats, LayerTrace } from '../model/trace';

/** A score of one direction's output: `weight` of each unit, from that direction's steps up to the one that is scored. */
export interface Score {
  readonly layer: LayerTrace;
  readonly direction: DirectionTrace;
  /** H. */
  readonly weights: Floats;
  /** Steps in the order they are read, the one that is scored last. */
  readonly order: readonly number[];
}

export interface AdditiveForm {
  /** Whether a layer of this form is such a sum. */
  holds(layer: GeneralLayer): boolean;
  /** Adds to each token's part; returns that of the state carried in. */
  add(parts: Float64Array, score: Score): number;
}

/** Values of one gate by step and unit. */
export type GateValue = (t: number, u: number) => number;

/** Activation of each gate, in the cell's order. */
export function gateValues(count: number, { layer: { hiddenSize: H }, direction: { gates } }: Score): GateValue[] {
  return Array.from({ length: count }, (_, block) => (t, u) => gates[(t * count + block) * H + u]);
}

/** What of each step's `written` is left at the last step after all the later `kept` factors, for one unit. */
export function surviving(
  order: readonly number[],
  kept: (t: number) => number,
  written: (t: number) => number,
  initial: number,
): { values: Float64Array; carriedIn: number } {
  const values = new Float64Array(order.length);
  let survives = 1;
  for (let k = order.length - 1; k >= 0; k--) {
    values[k] = survives * written(order[k]);
    survives *= kept(order[k]);
  }
  return { values, carriedIn: survives * initial };
}
