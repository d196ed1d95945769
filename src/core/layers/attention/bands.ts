/**
 * Gradients of one target whose rows have scales of their own, through a sublayer in which steps mix. The way back is linear in what comes from above, so it is gone
 * once for each band of scales that can be told apart in float64; mostly there is one.
 */
import { addArrival, isSent, type Arrivals } from '../../analysis/arrivals';
import { float64Arithmetic } from '../../float64/arithmetic';

/** In nats. Within a band a row is at least e^−300 of the largest, which leaves the numbers it meets as much room again. */
const bandWidth = 300;

/** Rows of one band, at one scale. */
export interface Band {
  /** [last + 1 − first, width]: the band's rows; others between them are zero. */
  readonly rows: Float64Array;
  readonly first: number;
  readonly last: number;
  readonly logScale: number;
}

/** Of all rows that are not zero, the largest first; before them those that are no numbers, which no scale holds. */
export function bandsOf({ values, logScales }: Arrivals<Float64Array>, steps: number, width: number): Band[] {
  const left = new Set<number>();
  const bands: Band[] = [];
  for (let t = 0; t < steps; t++) {
    if (logScales[t] < Infinity) {
      if (isSent(logScales[t])) left.add(t);
    } else bands.push({ rows: new Float64Array(width).fill(NaN), first: t, last: t, logScale: 0 });
  }
  while (left.size > 0) {
    const logScale = Math.max(...[...left].map((t) => logScales[t]));
    const inside = [...left].filter((t) => logScales[t] > logScale - bandWidth);
    const first = Math.min(...inside);
    const last = Math.max(...inside);
    const rows = new Float64Array((last + 1 - first) * width);
    for (const t of inside) {
      const factor = Math.exp(logScales[t] - logScale);
      const to = (t - first) * width;
      for (let i = 0; i < width; i++) rows[to + i] = factor * values[t * width + i];
      left.delete(t);
    }
    bands.push({ rows, first, last, logScale });
  }
  return bands;
}

/** Adds rows `first` … of a band's scale to what arrives. @param rows [count, width] */
export function addRows(
  arrivals: Arrivals<Float64Array>,
  rows: Float64Array,
  first: number,
  count: number,
  width: number,
  logScale: number,
): void {
  for (let row = 0; row < count; row++)
    addArrival(float64Arithmetic, arrivals, first + row, rows, row * width, width, logScale);
}

/** The last step at which something can arrive; −1 for none. */
export function lastReached({ isReached }: Arrivals<Float64Array>, steps: number): number {
  for (let t = steps - 1; t >= 0; t--) if (isReached[t] === 1) return t;
  return -1;
}
