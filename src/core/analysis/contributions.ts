/**
 * What each token left in the state that made a prediction, as its part of one symbol's logit: exact and additive, with the gates
 * held fixed; the form is the kind's own (src/core/layers). A backward direction reads its tokens from the other end, and V has columns
 * of its own for it. The parts, and that of the carried-in state, sum to V·y_t (the logit without its bias).
 */
import { additiveFormOf } from '../layers/registry';
import type { Floats, Trace } from '../model/trace';

export interface Contributions {
  /** Part of each of the T tokens; 0 for those that cannot have left anything. */
  readonly parts: Float64Array;
  /** Part of the state carried in. */
  readonly carriedIn: number;
}

/**
 * For the prediction of `symbol` by the top layer after step `step`. Null for a kind of layer without such a form.
 * @param W of the output layer, [V, D·H]
 */
export function contributionsTo(
  { layers, steps }: Pick<Trace, 'layers' | 'steps'>,
  W: Floats,
  symbol: number,
  step: number,
): Contributions | null {
  const layer = layers[layers.length - 1];
  const { cell, hiddenSize: H, directions } = layer;
  const form = additiveFormOf(cell);
  if (!form) return null;
  const parts = new Float64Array(steps);
  let carriedIn = 0;
  directions.forEach((direction, d) => {
    const first = (symbol * directions.length + d) * H;
    const order = direction.direction === 'forward' ? range(0, step, 1) : range(steps - 1, step, -1);
    carriedIn += form.add(parts, { layer, direction, weights: W.subarray(first, first + H), order });
  });
  return { parts, carriedIn };
}

function range(from: number, to: number, step: 1 | -1): number[] {
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + step * i);
}
