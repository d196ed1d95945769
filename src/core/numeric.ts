/** Small numeric helpers. */

/** σ(x) = 1 / (1 + e^−x). */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** √(Σ x²) over `length` elements from `offset`, summed in float64. */
export function norm(values: Float32Array, offset = 0, length = values.length): number {
  let sum = 0;
  for (let i = offset; i < offset + length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}
