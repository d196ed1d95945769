/** Numbers as a model reads and predicts them: a window has ids, as of tokens, and what they stand for are rows of these tables. */
import type { Floats } from './trace';

export interface NumberRows {
  /** By the id of a step, I numbers each. */
  readonly inputs: Floats;
  /** I. */
  readonly inputSize: number;
  /** By the id of a target, `outputSize` numbers each. */
  readonly targets: Floats;
  readonly outputSize: number;
}

/** Writes the rows of `ids` one after another into `to`, zeros for an id less than 0; returns it. */
export function takeRows<To extends Floats>(to: To, table: Floats, width: number, ids: Int32Array): To {
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row];
    for (let i = 0; i < width; i++) to[row * width + i] = id < 0 ? 0 : table[id * width + i];
  }
  return to;
}
