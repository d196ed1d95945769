/**
 * Singular values of a square matrix, without its vectors: Householder reflections to a bidiagonal one, and bisection there (Golub & Kahan 1965), so that a few of them
 * cost no more than the reflections. Right to about n ε times the largest.
 */
import { at } from '../../kernels/arena';
import { workspace } from '../float64/workspace';
import { reflector } from './reflector';

/** Under this part of the largest a value is rounding alone, and is given as zero. */
const floor = 1e-17;

export class SingularValues {
  /** Off-diagonal of the tridiagonal matrix of zeros whose positive eigenvalues are the singular values, in units of `scale`, squared. */
  private readonly squares: Float64Array;
  private readonly scale: number;
  private readonly bound: number;

  /** @param matrix [n, n], row-major */
  constructor(
    matrix: Float64Array,
    private readonly n: number,
  ) {
    this.scale = largestOf(matrix);
    const links = bidiagonal(matrix, n, this.scale);
    this.squares = links.map((link) => link * link);
    // Gershgorin's circles.
    let bound = 0;
    for (let i = 0; i <= links.length; i++)
      bound = Math.max(bound, Math.abs(links[i - 1] ?? 0) + Math.abs(links[i] ?? 0));
    this.bound = bound;
  }

  /** The greatest has the place 0, the smallest n − 1. NaN of a matrix that is not finite. */
  at(place: number): number {
    const { bound, scale } = this;
    if (!Number.isFinite(bound) || !Number.isFinite(scale)) return NaN;
    let [low, high] = [bound * floor, bound * (1 + 4 * Number.EPSILON)];
    if (bound === 0 || this.countFrom(low) <= place) return 0;
    for (;;) {
      const middle = low * 4 < high ? Math.sqrt(low * high) : (low + high) / 2;
      if (middle <= low || middle >= high || high - low <= 2 * Number.EPSILON * low) return scale * middle;
      if (this.countFrom(middle) > place) low = middle;
      else high = middle;
    }
  }

  /** The largest `count`, largest first. */
  largest(count: number): Float64Array {
    return Float64Array.from({ length: Math.min(count, this.n) }, (_, place) => this.at(place));
  }

  /** How many are at least x > 0: n less the negative pivots beyond those of the n negative eigenvalues. */
  private countFrom(x: number): number {
    const { squares, n } = this;
    const least = Number.MIN_VALUE * 2 ** 60;
    let pivot = -x;
    let negative = 1;
    for (const square of squares) {
      if (Math.abs(pivot) < least) pivot = -least;
      pivot = -x - square / pivot;
      if (pivot < 0) negative++;
    }
    return 2 * n - negative;
  }
}

/** d₀ e₀ d₁ e₁ … d_{n−1} of a bidiagonal matrix with the same singular values, in units of `scale`. */
function bidiagonal(matrix: Float64Array, n: number, scale: number): Float64Array {
  const links = new Float64Array(2 * n - 1);
  if (scale === 0 || !Number.isFinite(scale)) return links;
  const space = workspace([n * n, n, n]);
  const A = space.room(n * n);
  for (let i = 0; i < A.length; i++) A[i] = matrix[i] / scale;
  const [v, w] = [space.room(n), space.room(n)];
  const { kernels } = space;
  for (let j = 0; j < n; j++) {
    const rest = n - j - 1;
    for (let i = 0; i <= rest; i++) v[i] = A[(j + i) * n + j];
    const down = reflector(v, rest + 1);
    links[2 * j] = down.corner;
    if (rest === 0) break;
    if (down.tau !== 0) kernels.reflectLeft64(at(A, j * n + j + 1), n, rest + 1, rest, at(v), down.tau, at(w));
    v.set(A.subarray(j * n + j + 1, (j + 1) * n));
    const right = reflector(v, rest);
    links[2 * j + 1] = right.corner;
    if (right.tau !== 0) kernels.reflectRight64(at(A, (j + 1) * n + j + 1), n, rest, rest, at(v), right.tau);
  }
  return links;
}

/** Of all sizes; not a number where one of them is not. */
function largestOf(values: Float64Array): number {
  let largest = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (!(size <= largest)) largest = size;
  }
  return largest;
}
