/** What an per-target gradient comes to: regions, horizon and slope, all relative to the target's own step. */
import type { Region, RegionKind, Thresholds } from '../../terms/regions';

/** r_t = log₁₀(‖δ_{τ→t}‖ / ‖δ_{τ→τ}‖); NaN where the target cannot be reached or its own gradient is zero. */
export function relativeTo(target: number, log10: Float64Array): Float64Array {
  const own = log10[target];
  return log10.map((value) => (Number.isFinite(own) ? value - own : NaN));
}

/** Which region a step with this r_t is in. */
export function regionKind(relative: number, { vanishing, exploding }: Thresholds): RegionKind | null {
  if (relative <= vanishing) return 'vanishing';
  return relative >= exploding ? 'exploding' : null;
}

/** Maximal runs of steps that have vanished or exploded. */
export function regionsOf(relative: Float64Array, thresholds: Thresholds): Region[] {
  const regions: Region[] = [];
  for (let t = 0; t < relative.length;) {
    const kind = regionKind(relative[t], thresholds);
    const from = t++;
    while (t < relative.length && regionKind(relative[t], thresholds) === kind) t++;
    if (kind) regions.push({ kind, from, to: t - 1 });
  }
  return regions;
}

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
