/** What a spectrum has by stretch of the text and by lag, as values by step: so that it stands on the columns of the text. */
import type { DirectionsByLag, StateSpectrum } from '../../../src/protocol/spectrum';

/** Of the K exponents of each stretch the largest `count`, as so many rows of T values. */
export function exponentsByStep({ finiteTime, direction }: StateSpectrum, T: number, count: number): Float32Array[] {
  const { from, exponents } = finiteTime;
  const K = exponents.length / Math.max(1, from.length);
  const rows = Array.from({ length: Math.min(count, K) }, () => new Float32Array(T).fill(NaN));
  from.forEach((first, record) => {
    // Within a stretch the order of the directions is that of the whole text: here the fastest of each counts.
    const own = exponents.slice(record * K, (record + 1) * K).sort((a, b) => b - a);
    const next = from.at(record + 1);
    const isLast = record === from.length - 1;
    const steps =
      direction === 'forward'
        ? [first, isLast || next === undefined ? T : next]
        : [isLast || next === undefined ? 0 : next + 1, first + 1];
    rows.forEach((row, i) => row.fill(own[i], steps[0], steps[1]));
  });
  return rows;
}

/** A value of each lag at the step it lies back from the target, and between two of them a straight line; NaN beyond them. */
export function byStepOf(
  lags: Int32Array,
  values: Float64Array,
  target: number,
  T: number,
  direction: StateSpectrum['direction'],
): Float32Array {
  const row = new Float32Array(T).fill(NaN);
  const stepOf = (lag: number): number => (direction === 'forward' ? target - lag : target + lag);
  lags.forEach((lag, i) => {
    row[stepOf(lag)] = values[i];
    if (i === 0) return;
    const before = lags[i - 1];
    for (let between = before + 1; between < lag; between++)
      row[stepOf(between)] = values[i - 1] + ((values[i] - values[i - 1]) * (between - before)) / (lag - before);
  });
  return row;
}

/** The effective rank by lag; NaN where no direction is carried: it is a count of shares, and does not say that all of them are next to nothing. */
export function rankOfCarried({ effectiveRank, carried }: DirectionsByLag): Float64Array {
  return effectiveRank.map((rank, i) => (carried[i] === 0 ? NaN : rank));
}

/** Singular values as log₁₀, rows of the largest first: [rows, T]. */
export function singularRows({ steps, largest }: NonNullable<StateSpectrum['jacobian']>): {
  readonly rows: number;
  readonly values: Float32Array;
} {
  const T = steps.length;
  const rows = T === 0 ? 0 : largest.length / T;
  const values = new Float32Array(rows * T);
  for (let t = 0; t < T; t++)
    for (let row = 0; row < rows; row++) values[row * T + t] = Math.log10(largest[t * rows + row]);
  return { rows, values };
}
