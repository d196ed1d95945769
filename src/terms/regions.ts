/** Where a gradient counts as lost on its way back, or as having grown too large: relative to the step of the target itself. */

/** Powers of ten, relative to the gradient at the target's own step: vanished at or below, exploded at or above. */
export interface Thresholds {
  readonly vanishing: number;
  readonly exploding: number;
}

export type RegionKind = 'vanishing' | 'exploding';

export interface Region {
  readonly kind: RegionKind;
  /** First and last step, both inside. */
  readonly from: number;
  readonly to: number;
}

/** What a gradient that neither falls nor grows with distance comes to: see `levelOf`. */
export interface Level {
  /** Its mean over all lags, relative to the target's own step. */
  readonly log10: number;
  /** Of the least-squares line of its natural logarithm over the lag, nats per token. */
  readonly slope: number;
}

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
