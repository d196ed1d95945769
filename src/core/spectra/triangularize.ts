/**
 * LU of a tall matrix with partial pivoting, Y = X U: U upper triangular, X a unit lower triangular matrix with its rows in another order, no element of which is above 1.
 * By columns X spans what Y spans, and is as far from singular as such a matrix usually is. So between two QRs it keeps directions apart in place of an orthonormal basis:
 * of J X = Q R the diagonal of R U is the product of their diagonals. It takes a quarter of the multiplications of QR.
 */
import { at } from '../../kernels/arena';
import { packPanels, panelWidth } from '../float64/matrixProduct';
import { workspace } from '../float64/workspace';
import { setLogsOfDiagonal } from './diagonal';

/** Columns of a block. */
const size = 16;

/**
 * Y becomes X.
 * @param Y [n, k], k ≤ n  @param logs [k], out: ln |U_jj|; −Infinity of a column that depends on those before it, as far as a float can tell
 */
export function triangularize(Y: Float64Array, n: number, k: number, logs: Float64Array): void {
  const columns = Math.ceil(k / panelWidth) * panelWidth;
  const space = workspace([n * k, n * size, size * columns, size * k]);
  const A = space.holding(Y);
  const [left, panels, solved] = [space.room(n * size), space.room(size * columns), space.room(size * k)];
  const order = Int32Array.from({ length: n }, (_, row) => row);
  for (let first = 0; first < k; first += size) {
    const b = Math.min(size, k - first);
    factorBlock(A, n, k, first, b, order);
    const rest = k - first - b;
    if (rest === 0) break;
    // U's rows of this block: those of A by the inverse of X's unit triangle.
    invertUnitLower(left, A, first, b, k);
    const right = { values: A, at: first * k + first + b, stride: k };
    packPanels(panels, right, k, 1, rest, b);
    solved.fill(0, 0, b * rest);
    const panel = 8 * panelWidth * b;
    space.kernels.multiplyAddFused64(at(solved), rest, at(left), b, at(panels), panel, b, rest, b);
    for (let i = 0; i < b; i++) A.set(solved.subarray(i * rest, (i + 1) * rest), (first + i) * k + first + b);
    // The other rows lose what these explain of them.
    const rows = n - first - b;
    if (rows === 0) break;
    for (let r = 0; r < rows; r++) for (let i = 0; i < b; i++) left[r * b + i] = -A[(first + b + r) * k + first + i];
    packPanels(panels, { values: solved, at: 0, stride: rest }, rest, 1, rest, b);
    const below = at(A, (first + b) * k + first + b);
    space.kernels.multiplyAddFused64(below, k, at(left), b, at(panels), panel, rows, rest, b);
  }
  setLogsOfDiagonal(A, n, k, logs);
  for (let row = 0; row < n; row++) {
    const to = order[row] * k;
    for (let j = 0; j < k; j++) Y[to + j] = j < row ? A[row * k + j] : j === row ? 1 : 0;
  }
}

/** Columns first … first + b, all rows from `first` on; whole rows change places. */
function factorBlock(A: Float64Array, n: number, k: number, first: number, b: number, order: Int32Array): void {
  for (let j = first; j < first + b; j++) {
    let pivot = j;
    for (let row = j + 1; row < n; row++) if (Math.abs(A[row * k + j]) > Math.abs(A[pivot * k + j])) pivot = row;
    if (pivot !== j) swapRows(A, k, order, j, pivot);
    const corner = A[j * k + j];
    if (corner === 0) continue;
    for (let row = j + 1; row < n; row++) {
      const factor = A[row * k + j] / corner;
      A[row * k + j] = factor;
      for (let c = j + 1, to = row * k + c, from = j * k + c; c < first + b; c++, to++, from++)
        A[to] -= factor * A[from];
    }
  }
}

function swapRows(A: Float64Array, k: number, order: Int32Array, i: number, j: number): void {
  for (let c = 0, a = i * k, b = j * k; c < k; c++, a++, b++) {
    const kept = A[a];
    A[a] = A[b];
    A[b] = kept;
  }
  const kept = order[i];
  order[i] = order[j];
  order[j] = kept;
}

/** out[b, b] = L⁻¹, L the unit lower triangle of A at (first, first). */
function invertUnitLower(out: Float64Array, A: Float64Array, first: number, b: number, k: number): void {
  out.fill(0, 0, b * b);
  for (let i = 0; i < b; i++) {
    out[i * b + i] = 1;
    for (let p = 0; p < i; p++) {
      const factor = A[(first + i) * k + first + p];
      for (let j = 0; j <= p; j++) out[i * b + j] -= factor * out[p * b + j];
    }
  }
}
