/** The spectral radius from above, as cheap as a cap on it needs. */
import type { Weights } from '../model/generalModel';
import { Powers } from './powers';

/** By so much the logarithm may change at the last doubling. */
const tolerance = 2e-4;
const maxDoublings = 20;

/**
 * ln of an upper bound of ρ(A), within about 2e-4 of it. Stops as soon as that is at most `enough`. −Infinity of a nilpotent A; NaN where a number is not finite.
 * @param A [n, n]
 */
export function logRadiusBound(A: Weights, n: number, enough = -Infinity): number {
  const powers = new Powers(A, n);
  for (let doublings = 0; doublings < maxDoublings && powers.logRadius > enough; doublings++) {
    powers.square();
    if (powers.change > -tolerance) break;
  }
  return powers.logRadius;
}
