/** A matrix in the kernels' memory, for many products with few columns, from both sides. */
import { at } from '../../kernels/arena';
import { matrix, packPanels, panelWidth } from '../float64/matrixProduct';
import type { Weights } from '../model/generalModel';
import { RecurrentMemory } from './recurrentProducts';

export class HeldMatrix {
  private readonly memory = new RecurrentMemory();
  /** Mᵀ and M in panels: to the kernels the columns are rows. */
  private transposed = new Float64Array(0);
  private plain = new Float64Array(0);
  /** [n, columns] and [n, rows]. */
  private ofColumns = new Float64Array(0);
  private ofRows = new Float64Array(0);

  /** @param M [rows, columns], which must stay as it is  @param n columns of what it is multiplied with */
  constructor(
    M: Weights,
    private readonly rows: number,
    private readonly columns: number,
    private readonly n: number,
  ) {
    const inPanels = (height: number, width: number) => height * Math.ceil(width / panelWidth) * panelWidth;
    const lengths = [inPanels(columns, rows), inPanels(rows, columns), n * columns, n * rows];
    this.memory.add(lengths, ([transposed, plain, ofColumns, ofRows]) => {
      packPanels(transposed, matrix(M, columns), 1, columns, rows, columns);
      packPanels(plain, matrix(M, columns), columns, 1, columns, rows);
      Object.assign(this, { transposed, plain, ofColumns, ofRows });
    });
  }

  /** out[rows, n] = M v, v [columns, n]. */
  multiply(out: Float64Array, v: Float64Array): void {
    const { kernels } = this.memory.claim();
    const { rows, columns, n, transposed, ofColumns, ofRows } = this;
    transpose(ofColumns, v, columns, n);
    ofRows.fill(0);
    const panel = 8 * panelWidth * columns;
    kernels.multiplyAddFused64(at(ofRows), rows, at(ofColumns), columns, at(transposed), panel, n, rows, columns);
    transpose(out, ofRows, n, rows);
  }

  /** out[columns, n] += Mᵀ v, v [rows, n]. */
  addTransposed(out: Float64Array, v: Float64Array): void {
    const { kernels } = this.memory.claim();
    const { rows, columns, n, plain, ofColumns, ofRows } = this;
    transpose(ofRows, v, rows, n);
    transpose(ofColumns, out, columns, n);
    const panel = 8 * panelWidth * rows;
    kernels.multiplyAddFused64(at(ofColumns), columns, at(ofRows), rows, at(plain), panel, n, columns, rows);
    transpose(out, ofColumns, n, columns);
  }
}

/** out[columns, rows] = Mᵀ. */
function transpose(out: Float64Array, M: Float64Array, rows: number, columns: number): void {
  for (let row = 0, from = 0; row < rows; row++)
    for (let column = 0, to = row; column < columns; column++, from++, to += rows) out[to] = M[from];
}
