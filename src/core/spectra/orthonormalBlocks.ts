/**
 * QR of a matrix of many columns, as LAPACK's dgeqrf and dorgqr do it: the reflections of a block of columns reach the others as two products,
 *   H_1 H_2 … H_b = I − V T Vᵀ,  V [n, b] the reflections' vectors, T [b, b] upper triangular
 * (Schreiber & Van Loan 1989). The same reflections as in orthonormal.ts, and several times as fast from some dozen columns on.
 */
import { at } from '../../kernels/arena';
import { packPanels, panelWidth } from '../float64/matrixProduct';
import { workspace, type Workspace } from '../float64/workspace';
import { setLogsOfDiagonal } from './diagonal';
import { reflector } from './reflector';

/** Columns of a block. */
const size = 32;

/** As `orthonormalize`. */
export function orthonormalizeByBlocks(
  Y: Float64Array,
  n: number,
  k: number,
  logs: Float64Array,
  upper: Float64Array | null,
): void {
  const blocks = new Blocks(Y, n, k);
  blocks.factor();
  setLogsOfDiagonal(blocks.A, n, k, logs);
  blocks.takeUpper(upper);
  blocks.form();
  Y.set(blocks.A);
}

class Blocks {
  /** [n, k], in: Y; then R in its upper part; at last Q. */
  readonly A: Float64Array;
  private readonly space: Workspace;
  /** [k, n]: the reflections' vectors, row by row, zeros before their first element. */
  private readonly vectors: Float64Array;
  /** T of each block, [k, size], row j that of reflection j. */
  private readonly T: Float64Array;
  private readonly vector: Float64Array;
  private readonly sums: Float64Array;
  private readonly left: Float64Array;
  private readonly panels: Float64Array;
  /** [size, k] each. */
  private readonly W: Float64Array;
  private readonly TW: Float64Array;

  constructor(
    Y: Float64Array,
    private readonly n: number,
    private readonly k: number,
  ) {
    const columns = Math.ceil(k / panelWidth) * panelWidth;
    const rows = Math.max(n, size);
    const space = workspace([n * k, k * n, k * size, n, k, rows * size, rows * columns, size * k, size * k]);
    this.space = space;
    this.A = space.holding(Y);
    this.vectors = space.room(k * n).fill(0);
    this.T = space.room(k * size).fill(0);
    this.vector = space.room(n);
    this.sums = space.room(k);
    this.left = space.room(rows * size);
    this.panels = space.room(rows * columns);
    this.W = space.room(size * k);
    this.TW = space.room(size * k);
  }

  factor(): void {
    const { k } = this;
    for (let first = 0; first < k; first += size) {
      const b = Math.min(size, k - first);
      this.factorBlock(first, b);
      this.apply(first, b, first + b, true);
    }
  }

  takeUpper(upper: Float64Array | null): void {
    const { A, k } = this;
    if (upper) for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) upper[i * k + j] = j < i ? 0 : A[i * k + j];
  }

  form(): void {
    const { A, k } = this;
    A.fill(0);
    for (let j = 0; j < k; j++) A[j * k + j] = 1;
    for (let first = k - 1 - ((k - 1) % size); first >= 0; first -= size)
      this.apply(first, Math.min(size, k - first), first, false);
  }

  private factorBlock(first: number, b: number): void {
    const { A, n, k, vector: v, vectors, T, sums, space } = this;
    for (let i = 0; i < b; i++) {
      const j = first + i;
      const rows = n - j;
      for (let r = 0; r < rows; r++) v[r] = A[(j + r) * k + j];
      const { corner, tau } = reflector(v, rows);
      A[j * k + j] = corner;
      vectors.set(v.subarray(0, rows), j * n + j);
      if (tau !== 0 && i < b - 1)
        space.kernels.reflectLeft64(at(A, j * k + j + 1), k, rows, b - 1 - i, at(v), tau, at(sums));
      // T's column i: −τ T (Vᵀ v), and τ.
      for (let p = 0; p < i; p++) {
        let sum = 0;
        for (let r = 0, from = (first + p) * n + j; r < rows; r++, from++) sum += vectors[from] * v[r];
        sums[p] = sum;
      }
      for (let p = 0; p < i; p++) {
        let sum = 0;
        for (let q = p; q < i; q++) sum += T[(first + p) * size + q] * sums[q];
        T[(first + p) * size + i] = -tau * sum;
      }
      T[j * size + i] = tau;
    }
  }

  /** A's rows and columns from here on ← (I − V T Vᵀ) times them, or with Tᵀ. */
  private apply(first: number, b: number, column: number, transposed: boolean): void {
    const { A, n, k, vectors, T, left, panels, W, TW, space } = this;
    const { kernels } = space;
    const rows = n - first;
    const columns = k - column;
    if (columns === 0) return;
    const part = { values: A, at: first * k + column, stride: k };
    packPanels(panels, part, k, 1, columns, rows);
    W.fill(0, 0, b * columns);
    kernels.multiplyAddFused64(
      ...([at(W), columns, at(vectors, first * n + first), n] as const),
      ...([at(panels), 8 * panelWidth * rows, b, columns, rows] as const),
    );
    for (let i = 0; i < b; i++)
      for (let j = 0; j < b; j++) left[i * b + j] = -T[transposed ? (first + j) * size + i : (first + i) * size + j];
    packPanels(panels, { values: W, at: 0, stride: columns }, columns, 1, columns, b);
    TW.fill(0, 0, b * columns);
    kernels.multiplyAddFused64(
      ...([at(TW), columns, at(left), b] as const),
      ...([at(panels), 8 * panelWidth * b, b, columns, b] as const),
    );
    for (let r = 0; r < rows; r++) for (let i = 0; i < b; i++) left[r * b + i] = vectors[(first + i) * n + first + r];
    packPanels(panels, { values: TW, at: 0, stride: columns }, columns, 1, columns, b);
    kernels.multiplyAddFused64(
      ...([at(A, part.at), k, at(left), b] as const),
      ...([at(panels), 8 * panelWidth * b, rows, columns, b] as const),
    );
  }
}
