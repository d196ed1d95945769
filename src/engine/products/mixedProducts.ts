/** Products by the backend that is faster at their size: small ones by the kernels, which need no call into native code. */
import type { Products, StepProducts } from '../../core/products';

/** Multiply-adds up to which the kernels have done before ONNX Runtime has begun. */
const maxForKernels = 1e6;
/** Multiply-adds of one step of a recurrence, and streams, from which ONNX Runtime is faster in spite of a call and a copy at every step. */
export const minForSteps = 5e5;
const minStreamsForSteps = 8;

export class MixedProducts implements Products {
  constructor(
    private readonly kernels: Products,
    private readonly large: Products,
  ) {}

  multiply(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
    asOf = m,
  ): Promise<void> {
    return this.of(asOf * n * k).multiply(out, a, b, m, n, k);
  }

  isLarge(m: number, n: number, k: number): boolean {
    return m * n * k > maxForKernels;
  }

  transposedMultiply(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
  ): Promise<void> {
    return this.of(m * n * k).transposedMultiply(out, a, b, m, n, k);
  }

  affine(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    bias: Float32Array | null,
    m: number,
    n: number,
    k: number,
  ): Promise<void> {
    return this.of(m * n * k).affine(out, a, b, bias, m, n, k);
  }

  steps(m: number, n: number, k: number): StepProducts | null {
    return n >= minStreamsForSteps && m * n * k >= minForSteps ? this.large.steps(m, n, k) : null;
  }

  private of(multiplyAdds: number): Products {
    return multiplyAdds <= maxForKernels ? this.kernels : this.large;
  }
}
