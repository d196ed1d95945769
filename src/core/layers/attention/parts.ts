/** How the work of a window is spread over the threads of an arena. */
import { at, type Arena } from '../../../kernels/arena';
import { splitStreams } from '../../../kernels/threadPool';

/** Elements of a cache line: parts of an array do not share one. */
const line = 16;

/** First element and count of each thread's share of n elements. */
export function splitElements(n: number, threads: number): { readonly first: number; readonly count: number }[] {
  return splitStreams(Math.ceil(n / line), threads).map(({ first, count }) => ({
    first: first * line,
    count: Math.min(count * line, n - first * line),
  }));
}

/** out[j] = Σ a[row, j]; a [rows, n]. Nothing where the layer has no such bias. @param sums [n], scratch in the arena */
export function sumColumns(
  arena: Arena,
  out: Float32Array | undefined,
  a: Float32Array,
  rows: number,
  n: number,
  sums: Float64Array,
): void {
  if (out) arena.kernels.columnSumsByRow(at(out), at(a), rows, n, at(sums));
}
