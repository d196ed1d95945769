/** Small numeric helpers. */

/** σ(x) = 1 / (1 + e^−x). */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** Sums of squares between which no square that counts has left float64. */
const leastSafe = 1e-270;
const greatestSafe = 1e270;

/** √Σ x² over [at, at + length), also where the squares are beyond float64. */
export function lengthOf(x: Float32Array | Float64Array, at = 0, length = x.length): number {
  let squares = 0;
  for (let i = at; i < at + length; i++) squares += x[i] * x[i];
  // What was lost of it, if anything, is nothing in comparison.
  if (squares > leastSafe && squares < greatestSafe) return Math.sqrt(squares);
  let largest = 0;
  for (let i = at; i < at + length; i++) {
    const size = Math.abs(x[i]);
    // Not a number must not get lost in the comparison.
    if (!(size <= largest)) largest = size;
  }
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = at; i < at + length; i++) sum += (x[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}
