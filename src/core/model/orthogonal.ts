/** Random orthogonal matrices. */
import type { Random } from './random';

/** A row that keeps less than this part of its length has lost digits: it is made orthogonal once more. */
const littleLeft = 0.1;

/**
 * A random orthogonal matrix [size, size], row-major, uniform over all of them (Haar): the Q of a Gaussian matrix A = L Q with a
 * positive diagonal of L, by modified Gram–Schmidt on the rows. (That the diagonal is positive is the sign fix of Mezzadri 2007,
 * arXiv:math-ph/0609050.) About 2 · size³ operations.
 */
export function randomOrthogonal(size: number, random: Random): Float64Array {
  const q = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    const start = row * size;
    for (let i = 0; i < size; i++) q[start + i] = random.normal();
    let before = length(q, start, size);
    for (let again = true; again;) {
      for (let other = 0; other < row; other++) removeProjection(q, start, other * size, size);
      const after = length(q, start, size);
      again = after < littleLeft * before;
      before = after;
    }
    for (let i = 0; i < size; i++) q[start + i] /= before;
  }
  return q;
}

/** a ← a − (a·b) b for the rows at `a` and `b`, b of length 1. */
function removeProjection(q: Float64Array, a: number, b: number, size: number): void {
  const dot = product(q, a, b, size);
  for (let i = 0; i < size; i++) q[a + i] -= dot * q[b + i];
}

function length(q: Float64Array, row: number, size: number): number {
  return Math.sqrt(product(q, row, row, size));
}

function product(q: Float64Array, a: number, b: number, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += q[a + i] * q[b + i];
  return sum;
}
