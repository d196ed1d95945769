/** What a per-target gradient comes to: horizon and slope, or level and slope, relative to the target's own step. */
import type { Level, Thresholds } from './regions';

/** The smallest lag at which the gradient is under 10^vanishing of the target's own step; null if it never is. */
export function horizonOf(relative: Float64Array, target: number, { vanishing }: Thresholds): number | null {
  for (let lag = 1; lag <= target; lag++) if (relative[target - lag] < vanishing) return lag;
  return null;
}

/**
 * Mean of ln of the gradient factor over the steps before the target, nats per token; null with fewer than two. Ends at the first step that is
 * exactly zero, since no rate leads there.
 */
export function slopeOf(relative: Float64Array, target: number): number | null {
  let first = target;
  while (first > 0 && Number.isFinite(relative[first - 1])) first--;
  const lags = target - first;
  return lags < 2 ? null : ((relative[first] - relative[target]) * Math.LN10) / lags;
}

/** Fewer earlier steps than this make no series. */
const minLags = 8;
/** Part of the vanishing threshold, in powers of ten: less than a token's first tint. */
const maxChange = 1 / 3;
/** Part of the lags that may lie farther from the level than that. */
const maxStray = 1 / 4;
/** Stretches of lags, as equal as they can be, whose means are compared: a line does not see a dip in the middle. */
const stretches = 4;

/**
 * Of a series that is level, its level: with y_k = ln(‖δ_{τ→τ−k}‖ / ‖δ_{τ→τ}‖) at the lags k = 1 … K = τ, all of them finite, and
 * slope b = Σ_k (k − k̄)(y_k − ȳ) / Σ_k (k − k̄)² of their least-squares line, that is where |b| (K − 1) < ⅓ |v| ln 10, and the means of y_k over the four quarters of the
 * lags differ by less than that too, and at three quarters of the lags or more y_k is nearer than that to ȳ: from one end of the text to the other, and in between, it changes by less than a third
 * of the vanishing threshold v. Whether and where such a series crosses a threshold is chance, so that a horizon says nothing of it. Single tokens can lie far from its level. Lag 0 is
 * left out: the target's own step has a path of its own. Null for any other series, and with fewer than eight lags.
 */
export function levelOf(relative: Float64Array, target: number, { vanishing }: Thresholds): Level | null {
  if (target < minLags) return null;
  const middle = (target + 1) / 2;
  let [sum, moment] = [0, 0];
  for (let lag = 1; lag <= target; lag++) {
    const value = relative[target - lag];
    if (!Number.isFinite(value)) return null;
    sum += value;
    moment += (lag - middle) * value;
  }
  // Σ (k − k̄)² = K (K² − 1) / 12.
  const slope = (12 * moment) / (target * (target ** 2 - 1));
  const limit = maxChange * Math.abs(vanishing);
  if (!(Math.abs(slope) * (target - 1) < limit)) return null;
  const means = Array.from({ length: stretches }, (_, i) =>
    meanOf(relative.subarray(Math.floor((i * target) / stretches), Math.floor(((i + 1) * target) / stretches))),
  );
  if (!(Math.max(...means) - Math.min(...means) < limit)) return null;
  const log10 = sum / target;
  const strays = relative.subarray(0, target).filter((value) => Math.abs(value - log10) >= limit).length;
  return strays > maxStray * target ? null : { log10, slope: slope * Math.LN10 };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
