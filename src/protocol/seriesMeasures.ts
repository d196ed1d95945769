/** What a per-target gradient comes to in a layer's own direction. */
import type { Direction } from '../layers/direction';
import type { Level, Thresholds } from '../terms/regions';
import { horizonOf, levelOf, slopeOf } from '../terms/seriesSummary';

/** What is said of a series in place of it. */
export interface SeriesMeasures {
  /** See `horizonOf`, `slopeOf` and `levelOf`; lags are counted as the direction reads: of one that reads from the end, lag k is the step τ + k. */
  readonly horizon: number | null;
  readonly slope: number | null;
  readonly level: Level | null;
}

/** @param relative r_t, T values  @param target τ */
export function measuresOf(
  relative: Float64Array,
  target: number,
  direction: Direction,
  thresholds: Thresholds,
): SeriesMeasures {
  const isForward = direction === 'forward';
  const [series, own] = isForward ? [relative, target] : [relative.toReversed(), relative.length - 1 - target];
  return {
    horizon: horizonOf(series, own, thresholds),
    slope: slopeOf(series, own),
    level: levelOf(series, own, thresholds),
  };
}
