/**
 * Gradients of several targets on their way down together, so that a product passes for all of them at once. A target's rows lie behind one another, a row for each of
 * the steps `first` … `last`, all at one scale; what is outside is zero.
 */
import { scratch } from './scratch';

export interface TargetBlock {
  readonly width: number;
  /** Of each target. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Row at which its rows begin; and behind them all, how many there are. */
  readonly begin: Int32Array;
  /** [rows, width]. */
  readonly values: Float64Array;
  /** Times e^logScale. */
  readonly logScales: Float64Array;
}

/** Rows of zeros for these steps. */
export function targetBlock(
  width: number,
  first: Int32Array,
  last: Int32Array,
  logScales: Float64Array = new Float64Array(first.length),
): TargetBlock {
  const block = unsetBlock(width, first, last, logScales);
  block.values.fill(0);
  return block;
}

/** Of a block that has been made, and of the one before it, the rows are good while the next is made. */
const keptBlocks = ['block 0', 'block 1', 'block 2'];
let made = 0;

/** Rows of any values for these steps, in arrays that are kept from block to block. */
export function unsetBlock(width: number, first: Int32Array, last: Int32Array, logScales: Float64Array): TargetBlock {
  const begin = new Int32Array(first.length + 1);
  for (let r = 0; r < first.length; r++) begin[r + 1] = begin[r] + last[r] + 1 - first[r];
  const values = scratch(keptBlocks[made++ % keptBlocks.length], begin[first.length] * width);
  return { width, first, last, begin, values, logScales };
}

/** Its step of every row. */
export function stepsOf({ first, last, begin }: TargetBlock): Int32Array {
  const steps = new Int32Array(begin[first.length]);
  for (let r = 0; r < first.length; r++) for (let t = first[r]; t <= last[r]; t++) steps[begin[r] + t - first[r]] = t;
  return steps;
}

/** Adds rows of the same scales, of which `to` has all steps. */
export function addBlock(to: TargetBlock, from: TargetBlock): void {
  const { width } = to;
  for (let r = 0; r < from.first.length; r++) {
    let target = (to.begin[r] + from.first[r] - to.first[r]) * width;
    for (let i = from.begin[r] * width; i < from.begin[r + 1] * width; i++, target++)
      to.values[target] += from.values[i];
  }
}
