/** What float32 can hold. */
import type { Floats } from '../model/trace';

/** The smallest normal number: below it float32 loses digits, and the kernels flush to zero. */
export const leastNormal = 2 ** -126;

/** The largest number of float32, 3.4028235e38; what rounds to more is infinite there. */
const greatest = (2 - 2 ** -23) * 2 ** 127;

/** Whether a number is not finite, or would not be in float32. */
export function leavesFloat32(value: number): boolean {
  return !(Math.abs(value) <= greatest) && !Number.isFinite(Math.fround(value));
}

/** The place of the first such number in [at, at + length); −1 where there is none. */
export function firstOutside(values: Floats, at: number, length: number): number {
  for (let i = at; i < at + length; i++) if (!(Math.abs(values[i]) <= greatest) && leavesFloat32(values[i])) return i;
  return -1;
}

/** Whether a vector of so many numbers has one that leaves float32, as far as its length says: the largest is at least the length over √width. */
export function lengthLeavesFloat32(length: number, width: number): boolean {
  return leavesFloat32(length / Math.sqrt(width));
}

/** Whether all of [at, at + length) are finite in float64. */
export function isEveryFinite(values: Floats, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
