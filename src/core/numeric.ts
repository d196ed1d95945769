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
  // Four sums, so that one addition need not wait for the last.
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = at;
  for (const whole = at + (length & ~3); i < whole; i += 4) {
    a += x[i] * x[i];
    b += x[i + 1] * x[i + 1];
    c += x[i + 2] * x[i + 2];
    d += x[i + 3] * x[i + 3];
  }
  for (; i < at + length; i++) a += x[i] * x[i];
  const squares = a + b + (c + d);
  // What was lost of it, if anything, is nothing in comparison.
  if (squares > leastSafe && squares < greatestSafe) return Math.sqrt(squares);
  let largest = 0;
  for (i = at; i < at + length; i++) {
    const size = Math.abs(x[i]);
    // Not a number must not get lost in the comparison.
    if (!(size <= largest)) largest = size;
  }
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (i = at; i < at + length; i++) sum += (x[i] / largest) ** 2;
  return largest * Math.sqrt(sum);
}
