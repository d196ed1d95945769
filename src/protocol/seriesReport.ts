/** What one series of a text comes to for one target, from its numbers. */
import { regionsOf, relativeTo, type Thresholds } from '../terms/regions';
import { measuresOf } from './seriesMeasures';
import type { SeriesChoice, SeriesReport } from './graph';

export interface SeriesValues {
  /** ‖s_t‖₂, T values. */
  readonly norm: Float64Array;
  /** ‖∂L/∂s_t‖₂; null where it is not known. */
  readonly total: Float64Array | null;
  /** log₁₀‖∂ℓ_τ/∂s_t‖₂; NaN where the target cannot be reached, −Infinity for exactly zero; null where the target's flow is not known. */
  readonly log10: Float64Array | null;
}

export function seriesReport(
  choice: SeriesChoice,
  { norm, total, log10 }: SeriesValues,
  target: number,
  thresholds: Thresholds,
): SeriesReport {
  const own = { ...choice, norm, total };
  if (!log10) return { ...own, flow: null, regions: [], slope: null };
  const relative = relativeTo(target, log10);
  const direction = choice.isReversed ? 'backward' : 'forward';
  const { horizon, slope, level } = measuresOf(relative, target, direction, thresholds);
  return { ...own, flow: { target, log10, horizon, level }, regions: regionsOf(relative, thresholds), slope };
}
