/** What a per-target gradient comes to: horizon and slope, relative to the target's own step. */
import type { Thresholds } from '../../terms/regions';

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
