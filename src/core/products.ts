/**
 * The large matrix products, over all steps of a window at once: the fastest backend computes them. Matrices are row-major;
 * each array has at least the elements its shape says.
 */
export interface Products {
  /**
   * out[m, n] = a[m, k] · b[k, n].
   * @param asOf with the bits that these rows have in a product of so many rows: by the same backend
   */
  multiply(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    asOf?: number,
  ): Promise<void>;
  /** Whether a product of this size is computed otherwise than a small one: their last bits differ. */
  isLarge(m: number, n: number, k: number): boolean;
  /** out[m, n] = a[k, m]ᵀ · b[k, n]. */
  transposedMultiply(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
  ): Promise<void>;
  /** out[m, n] = a[m, k] · b[n, k]ᵀ + bias[n] in every row; null for no bias. */
  affine(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    bias: Float32Array | null,
    m: number,
    n: number,
    k: number,
  ): Promise<void>;
  /** For out[m, n] = a[m, k] · b[n, k]ᵀ at every step of a recurrence; null where that is faster in the kernels, several steps at a call. */
  steps(m: number, n: number, k: number): StepProducts | null;
}

/** The products of a recurrence: the left-hand matrix is the same for all steps of a window. */
export interface StepProducts {
  /** Takes a[m, k], which must not change before the last `run`. */
  load(a: Float32Array): void;
  /** out = a · bᵀ with the block [n, k] of b that has this number. A promise only where others are let go first. */
  run(out: Float32Array, b: Float32Array, block: number): Promise<void> | void;
}
