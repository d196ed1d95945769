/** The diagonal of an upper triangle that QR or LU has left, and what of it is no more than rounding. */

/**
 * Of a column that depends on those before it the factorization leaves not zero but what rounding makes of it, some 1e-16 of its length, which says nothing. Here that is
 * counted so many times for each of the rows.
 */
const roundings = 4;

/**
 * @param A [n or k rows, k], R or U in its upper part  @param n rows of what has been factored
 * @param logs [k], out: ln |A_jj|; −Infinity of a column that depends on those before it, as far as a float can tell
 */
export function setLogsOfDiagonal(A: Float64Array, n: number, k: number, logs: Float64Array): void {
  const least = roundings * n * Number.EPSILON;
  for (let j = 0; j < k; j++) {
    const corner = Math.abs(A[j * k + j]);
    let largest = corner;
    for (let i = 0; i < j; i++) largest = Math.max(largest, Math.abs(A[i * k + j]));
    const isLost = corner === 0 || (Number.isFinite(largest) && corner <= least * largest);
    logs[j] = isLost ? -Infinity : Math.log(corner);
  }
}
