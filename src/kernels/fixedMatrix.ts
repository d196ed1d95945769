/** Matrices on the right-hand side of products, in the layout that the kernels read. */
import { at, type Arena } from './arena';
import { splitStreams } from './threadPool';

/** Columns of one panel: `panelWidth` of assembly/panels.ts. */
const panelWidth = 8;
/** Multiply-adds of a product with one row from which it is worth sharing among threads, which takes some microseconds. */
export const minToShare = 2.5e5;

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

  /**
   * out[m, n] += a[m, k] · this, at the arrays' elements `outIndex` and `aIndex`. A large product with one row has its columns spread over
   * the arena's threads: each has less to fetch.
   */
  multiplyAdd(out: Float32Array, outIndex: number, a: Float32Array, aIndex: number, m: number): void {
    const { arena, k, n } = this;
    if (m > 1 || arena.pool === null || k * n < minToShare) {
      arena.kernels.multiplyAdd(at(out, outIndex), at(a, aIndex), this.address, m, n, k);
      return;
    }
    arena.run(
      'multiplyAdd',
      splitStreams(Math.ceil(n / panelWidth), arena.threads).map(({ first, count }) => {
        const column = first * panelWidth;
        return [
          at(out, outIndex + column),
          at(a, aIndex),
          at(this.values, column * k),
          1,
          Math.min(count * panelWidth, n - column),
          k,
        ];
      }),
    );
  }
}

/** Elements that a matrix [k, n] takes in panels. */
export function panelLength(k: number, n: number): number {
  return k * Math.ceil(n / panelWidth) * panelWidth;
}

/** Elements of scratch memory that `Kernels.gemm` takes at most: its blocks, of the sizes in assembly/gemm.ts. */
export const gemmScratchLength = 256 * (512 + 96);
