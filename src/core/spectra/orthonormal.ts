/** QR of a tall matrix by Householder reflections, whose Q is orthonormal to the last digits whatever the matrix. */
import { at } from '../../kernels/arena';
import { workspace } from '../float64/workspace';
import { setLogsOfDiagonal } from './diagonal';
import { orthonormalizeByBlocks } from './orthonormalBlocks';
import { reflector } from './reflector';

/** Columns from which products of blocks are less work than reflections one by one. */
const minForBlocks = 48;

/**
 * Y = Q R: Y becomes Q, with orthonormal columns, also where Y's are not independent.
 * @param Y [n, k], k ≤ n  @param logs [k], out: ln |R_jj|; −Infinity of a column that depends on those before it, as far as a float can tell
 * @param upper [k, k], out: R, row-major, its lower part zero; null where it is not wanted
 */
export function orthonormalize(
  Y: Float64Array,
  n: number,
  k: number,
  logs: Float64Array,
  upper: Float64Array | null = null,
): void {
  if (k >= minForBlocks) {
    orthonormalizeByBlocks(Y, n, k, logs, upper);
    return;
  }
  const space = workspace([n * k, n * k, n, k]);
  const A = space.holding(Y);
  const vectors = space.room(n * k);
  const [v, w] = [space.room(n), space.room(k)];
  const taus = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    const rows = n - j;
    for (let i = 0; i < rows; i++) v[i] = A[(j + i) * k + j];
    const { corner, tau } = reflector(v, rows);
    taus[j] = tau;
    A[j * k + j] = corner;
    vectors.set(v.subarray(0, rows), j * n);
    if (tau !== 0) space.kernels.reflectLeft64(at(A, j * k + j + 1), k, rows, k - j - 1, at(v), tau, at(w));
  }
  setLogsOfDiagonal(A, n, k, logs);
  if (upper) for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) upper[i * k + j] = j < i ? 0 : A[i * k + j];
  A.fill(0);
  for (let j = 0; j < k; j++) A[j * k + j] = 1;
  for (let j = k - 1; j >= 0; j--)
    if (taus[j] !== 0)
      space.kernels.reflectLeft64(at(A, j * k + j), k, n - j, k - j, at(vectors, j * n), taus[j], at(w));
  Y.set(A);
}
