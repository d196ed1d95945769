/**
 * The large matrix products, over all steps of a window at once: whoever is fastest at them computes them. Matrices are row-major;
 * each array has at least the elements its shape says.
 */
export interface Products {
  /** out[m, n] = a[m, k] · b[k, n]. */
  multiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void>;
  /** out[m, n] = a[k, m]ᵀ · b[k, n]. */
  transposedMultiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void>;
  /** out[m, n] = a[m, k] · b[n, k]ᵀ + bias[n] in every row. */
  affine(out: Float32Array, a: Float32Array, b: Float32Array, bias: Float32Array, m: number, n: number, k: number): Promise<void>;
}
