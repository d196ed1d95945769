/** A matrix in the kernels' memory, for many products with few columns, from both sides. */
import { Arena } from '../../kernels/arena';
import { FixedMatrix64 } from '../../kernels/fixedMatrix64';

export class HeldMatrix {
  /** Mᵀ and M: to the kernels the columns are rows. */
  private readonly transposed: FixedMatrix64;
  private readonly plain: FixedMatrix64;
  /** [n, columns] and [n, rows]. */
  private readonly ofColumns: Float64Array;
  private readonly ofRows: Float64Array;

  /** @param M [rows, columns]  @param n columns of what it is multiplied with */
  constructor(
    M: Float32Array | Float64Array,
    private readonly rows: number,
    private readonly columns: number,
    private readonly n: number,
  ) {
    const held = Arena.build((arena) => ({
      transposed: new FixedMatrix64(arena, columns, rows),
      plain: new FixedMatrix64(arena, rows, columns),
      ofColumns: arena.doubles(n * columns),
      ofRows: arena.doubles(n * rows),
    }));
    this.transposed = held.transposed;
    this.plain = held.plain;
    this.ofColumns = held.ofColumns;
    this.ofRows = held.ofRows;
    const turned = new Float64Array(M.length);
    transpose(turned, M, rows, columns);
    this.transposed.load(turned);
    this.plain.load(M);
  }

  /** out[rows, n] = M v, v [columns, n]. */
  multiply(out: Float64Array, v: Float64Array): void {
    const { rows, columns, n, ofColumns, ofRows } = this;
    transpose(ofColumns, v, columns, n);
    ofRows.fill(0);
    this.transposed.multiplyAdd(ofRows, ofColumns, 0, columns, 0, columns, n);
    transpose(out, ofRows, n, rows);
  }

  /** out[columns, n] += Mᵀ v, v [rows, n]. */
  addTransposed(out: Float64Array, v: Float64Array): void {
    const { rows, columns, n, ofColumns, ofRows } = this;
    transpose(ofRows, v, rows, n);
    transpose(ofColumns, out, columns, n);
    this.plain.multiplyAdd(ofColumns, ofRows, 0, rows, 0, rows, n);
    transpose(out, ofColumns, n, columns);
  }
}

/** out[columns, rows] = Mᵀ. */
function transpose(out: Float64Array, M: Float32Array | Float64Array, rows: number, columns: number): void {
  for (let row = 0, from = 0; row < rows; row++)
    for (let column = 0, to = row; column < columns; column++, from++, to += rows) out[to] = M[from];
}
