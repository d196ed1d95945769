/** The large products by the kernels alone, where ONNX Runtime has no binary or fails to load. Rows are spread over the threads. */
import { at, type Arena } from '../kernels/arena';
import { splitStreams } from '../kernels/threadPool';
import { gemmScratchLength } from '../kernels/fixedMatrix';
import type { Products } from './products';

/** How a matrix lies in its array, in elements. */
interface Strides {
  readonly row: number;
  readonly column: number;
}

/** All arrays in the arena. */
export class KernelProducts implements Products {
  private readonly scratch: readonly Float32Array[];

  constructor(private readonly arena: Arena) {
    this.scratch = Array.from({ length: arena.threads }, () => arena.floats(gemmScratchLength));
  }

  multiply(out: Float32Array, a: Float32Array, b: Float32Array, m: number, n: number, k: number): Promise<void> {
    this.gemm(out, a, { row: k, column: 1 }, b, { row: n, column: 1 }, m, n, k, false);
    return Promise.resolve();
  }

  isLarge(): boolean {
    return false;
  }

  transposedMultiply(
    out: Float32Array,
    a: Float32Array,
    b: Float32Array,
    m: number,
    n: number,
    k: number,
  ): Promise<void> {
    this.gemm(out, a, { row: 1, column: m }, b, { row: n, column: 1 }, m, n, k, false);
    return Promise.resolve();
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
    if (bias) this.arena.kernels.fillRows(at(out), at(bias), m, n);
    this.gemm(out, a, { row: k, column: 1 }, b, { row: 1, column: k }, m, n, k, bias !== null);
    return Promise.resolve();
  }

  /** Recurrences have these products in their own kernels. */
  steps(): null {
    return null;
  }

  private gemm(
    out: Float32Array,
    a: Float32Array,
    ofA: Strides,
    b: Float32Array,
    ofB: Strides,
    m: number,
    n: number,
    k: number,
    accumulate: boolean,
  ): void {
    const parts = splitStreams(m, this.arena.threads);
    this.arena.run(
      'gemm',
      parts.map(({ first, count }, p) => [
        at(out, first * n),
        at(a, first * ofA.row),
        at(b),
        count,
        n,
        k,
        ofA.row,
        ofA.column,
        ofB.row,
        ofB.column,
        Number(accumulate),
        at(this.scratch[p]),
      ]),
    );
  }
}
