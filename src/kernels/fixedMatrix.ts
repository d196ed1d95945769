/** Matrices on the right-hand side of products, in the layout that the kernels read. */
import { at, type Arena } from './arena';

/** Columns of one panel: `panelWidth` of assembly/panels.ts. */
const panelWidth = 8;

/**
 * A matrix [k, n] that stays the same for many products: the recurrent weights of one window. It lies in panels of eight columns,
 * k × 8 each, the last one padded with zeros.
 */
export class FixedMatrix {
  private readonly values: Float32Array;

  constructor(
    private readonly arena: Arena,
    private readonly k: number,
    private readonly n: number,
  ) {
    this.values = arena.floats(panelLength(k, n));
  }

  /** Where its panels are: what recurrences take as R. */
  get address(): number {
    return at(this.values);
  }

  /** Takes a matrix [k, n] of the same arena. */
  load(matrix: Float32Array): void {
    this.arena.kernels.pack(this.address, at(matrix), this.k, this.n, this.n, 1);
  }

  /** Takes the transpose of a matrix [n, k] of the same arena. */
  loadTransposed(matrix: Float32Array): void {
    this.arena.kernels.pack(this.address, at(matrix), this.k, this.n, 1, this.k);
  }

  /** out[m, n] += a[m, k] · this, at the arrays' elements `outIndex` and `aIndex`. */
  multiplyAdd(out: Float32Array, outIndex: number, a: Float32Array, aIndex: number, m: number): void {
    this.arena.kernels.multiplyAdd(at(out, outIndex), at(a, aIndex), at(this.values), m, this.n, this.k);
  }
}

/** Elements that a matrix [k, n] takes in panels. */
export function panelLength(k: number, n: number): number {
  return k * Math.ceil(n / panelWidth) * panelWidth;
}

/** Elements of scratch memory that `Kernels.gemm` takes at most: its blocks, of the sizes in assembly/gemm.ts. */
export const gemmScratchLength = 256 * (512 + 96);
