/** Float64 matrices on the right-hand side of products, in the layout that the kernel reads. */
import { at, type Arena } from './arena';

/** Columns of one panel: `panelWidth` of assembly/product64.ts. */
const panelWidth = 4;

/** A matrix [k, n] that stays the same for many products, in panels of four columns, k × 4 each. */
export class FixedMatrix64 {
  private readonly values: Float64Array;

  constructor(
    private readonly arena: Arena,
    private readonly k: number,
    private readonly n: number,
  ) {
    this.values = arena.doubles(k * Math.ceil(n / panelWidth) * panelWidth);
  }

  /** @param matrix [k, n] */
  load(matrix: Float32Array | Float64Array): void {
    const { values, k, n } = this;
    for (let j = 0; j < n; j++) {
      const panel = (j - (j % panelWidth)) * k + (j % panelWidth);
      for (let l = 0; l < k; l++) values[panel + l * panelWidth] = matrix[l * n + j];
    }
  }

  /**
   * out[m, n] += a[m, first … first + rows] · (rows `row` … of this); `a` and `out` of the same arena.
   * @param stride of a, in elements
   */
  multiplyAdd(
    out: Float64Array,
    a: Float64Array,
    first: number,
    stride: number,
    row: number,
    rows: number,
    m: number,
  ): void {
    const { arena, values, k, n } = this;
    arena.kernels.multiplyAdd64(
      at(out),
      n,
      at(a, first),
      stride,
      at(values, row * panelWidth),
      8 * panelWidth * k,
      m,
      n,
      rows,
    );
  }
}
