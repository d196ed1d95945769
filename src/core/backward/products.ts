/** The large matrix products of the backward pass, over all steps at once: whoever is fastest at them computes them. */
import { multiply, transposedMultiply } from '../../kernels/kernels';

export interface Products {
  /** out[m, n] = a[m, k] · b[k, n], row-major. */
  multiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void>;
  /** out[m, n] = a[k, m]ᵀ · b[k, n], row-major. */
  transposedMultiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void>;
}

export const kernelProducts: Products = {
  multiply(out, a, b, m, n, k) {
    multiply(out, 0, a, 0, b, 0, m, n, k, false);
    return Promise.resolve();
  },
  transposedMultiply(out, a, b, m, n, k) {
    transposedMultiply(out, 0, a, 0, b, 0, m, n, k, false);
    return Promise.resolve();
  },
};
