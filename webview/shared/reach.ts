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

/**
 * Whether the gradient is no number that could be compared: something overflowed, or a weight is none. At its own step a target's gradient always is one; a row
 * that was kept without what is not a number can be shorter.
 */
export function isNotFinite({ relative }: Row, target: number): boolean {
  if (relative.length <= target || Number.isNaN(relative[target])) return true;
  return !isZeroAt(relative, target) && relative.includes(Number.POSITIVE_INFINITY);
}

/** Whether it is exactly zero at the target's own step, so that no other has a size relative to it. */
export function isZeroAtTarget({ relative }: Row, target: number): boolean {
  return isZeroAt(relative, target);
}

function isZeroAt(relative: Float32Array, target: number): boolean {
  return relative[target] === Number.NEGATIVE_INFINITY;
}

/** The largest lag at which the gradient is over the threshold, of a row that goes forward; 0 where only the target's own step is. */
export function farthestLag({ relative }: Row, target: number, vanishing: number): number {
  return target - relative.findIndex((r) => r > vanishing);
}
