/**
 * The spectral radius by Gelfand's formula, ρ(A) = lim ‖Aᵏ‖^(1/k), with k doubled by squaring: from above, and cheap where eigenvalues take a hundred training steps. The
 * logarithm of the norm is kept apart, so that no power leaves float64.
 */
import { matrix, setProduct } from '../float64/matrixProduct';
import type { Weights } from '../model/generalModel';
import { lengthOf } from '../numeric';

/** By so much the logarithm may change at the last doubling: what is left of its error is about as much. */
const tolerance = 2e-4;
/** k is at most 2 to the power of this. */
const maxDoublings = 20;

/**
 * ln of an upper bound of ρ(A), within about 2e-4 of it. Stops as soon as that is at most `enough`. −Infinity of a nilpotent A; NaN where a number is not finite.
 * @param A [n, n]
 */
export function logRadiusBound(A: Weights, n: number, enough = -Infinity): number {
  let power = Float64Array.from(A);
  let square = new Float64Array(n * n);
  /** ln ‖Aᵏ‖_F / k, and k. */
  let bound = normalize(power);
  for (let k = 1, doublings = 0; doublings < maxDoublings && bound > enough; k *= 2, doublings++) {
    setProduct(matrix(square, n), matrix(power, n), matrix(power, n), n, n, n);
    const change = normalize(square) / (2 * k);
    bound += change;
    [power, square] = [square, power];
    if (change > -tolerance) break;
  }
  return bound;
}

/** To length 1; returns ln of the length. */
function normalize(values: Float64Array): number {
  const length = lengthOf(values);
  if (length > 0) for (let i = 0; i < values.length; i++) values[i] /= length;
  return Math.log(length);
}
