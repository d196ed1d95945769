/** How far back a gradient reaches: with more than the vanishing threshold, and at all. */

/** r_t = log₁₀ of the gradient relative to the target's own step; NaN where it cannot reach the target, −∞ where it is zero. */
interface Row {
  readonly relative: Float32Array;
}

/** The first step at which any layer's gradient is over the vanishing threshold; the target's own step always is. */
export function firstReached(rows: readonly Row[], vanishing: number): number {
  return Math.min(...rows.map((row) => row.relative.findIndex((r) => r > vanishing)));
}

/** Whether no layer's gradient reaches any step before this one: it is exactly zero, or no path leads there. A tiny one does. */
export function isUnreachedBefore(rows: readonly Row[], step: number): boolean {
  return rows.every((row) =>
    row.relative.subarray(0, step).every((r) => Number.isNaN(r) || r === Number.NEGATIVE_INFINITY),
  );
}
