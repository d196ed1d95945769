/** Sums over all rows of a window, block by block. */
import { at } from '../../kernels/arena';
import type { Tape } from '../model/tape';
import { stepsOfBlock } from '../stepsOfBlock';

/** @param write leaves in `out` the sum over `count` rows of the window from `first` on */
export async function sumOfBlocks(
  { rows, steps, batch }: Pick<Tape, 'rows' | 'steps' | 'batch'>,
  out: Float32Array,
  write: (first: number, count: number) => Promise<void> | void,
): Promise<void> {
  if (steps <= stepsOfBlock) return write(0, rows);
  const sum = new Float64Array(out.length);
  for (let block = Math.ceil(steps / stepsOfBlock) - 1; block >= 0; block--) {
    const first = block * stepsOfBlock * batch;
    await write(first, Math.min(stepsOfBlock * batch, rows - first));
    for (let i = 0; i < sum.length; i++) sum[i] += out[i];
  }
  out.set(sum);
}

/** out[j] = Σ a[row, j]. @param width of the tape's `columnSums` at most */
export function columnSums(tape: Tape, out: Float32Array, a: Float32Array, width: number): Promise<void> {
  return sumOfBlocks(tape, out, (first, count) =>
    tape.arena.kernels.columnSumsByRow(at(out), at(a, first * width), count, width, at(tape.columnSums)),
  );
}
