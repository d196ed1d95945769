/**
 * Singular values of a long product of matrices, as logarithms: right where floats are not, also those of the smallest, which are lost in the product itself. The product
 * stands as Q T, Q orthogonal, each row of T of length 1 beside the logarithm of its scale.
 */
import { lengthOf } from '../numeric';

/** Rows whose cosine is less are taken for orthogonal. */
const tolerance = 1e-11;
const maxSweeps = 40;

/** The factor T [n, n] of Q T. */
export class GradedRows {
  private rows: Float64Array[];
  private scales: Float64Array;

  /** Of the product of no matrix: I. */
  constructor(private readonly n: number) {
    this.rows = Array.from({ length: n }, (_, i) => {
      const row = new Float64Array(n);
      row[i] = 1;
      return row;
    });
    this.scales = new Float64Array(n);
  }

  /**
   * Sorts the terms of Y T, columns of Y times rows of T, the greatest first: only so does what is left of a small one survive the QR of Y.
   * @param Y [n, n], its columns are sorted too
   */
  sortWith(Y: Float64Array): void {
    const { n, rows, scales } = this;
    const sizes = scales.map((scale, j) => scale + Math.log(columnLength(Y, n, j)));
    const order = Array.from(sizes.keys()).sort((a, b) => sizes[b] - sizes[a] || 0);
    const row = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      row.set(Y.subarray(i * n, (i + 1) * n));
      for (let j = 0; j < n; j++) Y[i * n + j] = row[order[j]];
    }
    this.rows = order.map((j) => rows[j]);
    this.scales = Float64Array.from(order, (j) => scales[j]);
  }

  /** T ← R T. @param R [n, n], upper triangular */
  multiply(R: Float64Array): void {
    const { n, rows, scales } = this;
    for (let i = 0; i < n; i++) {
      let scale = -Infinity;
      for (let j = i; j < n; j++)
        if (R[i * n + j] !== 0) scale = Math.max(scale, Math.log(Math.abs(R[i * n + j])) + scales[j]);
      const sum = new Float64Array(n);
      for (let j = i; j < n && scale > -Infinity; j++) {
        const factor = R[i * n + j] === 0 ? 0 : R[i * n + j] * Math.exp(scales[j] - scale);
        if (factor === 0) continue;
        const row = rows[j];
        for (let c = 0; c < n; c++) sum[c] += factor * row[c];
      }
      rows[i] = sum;
      scales[i] = scale + normalize(sum);
    }
  }

  /** ln of the singular values, largest first; −Infinity for exactly zero. */
  logSingularValues(): Float64Array {
    return logSingularValues(
      this.rows.map((row) => row.slice()),
      this.scales.slice(),
    );
  }
}

function columnLength(Y: Float64Array, n: number, j: number): number {
  let squares = 0;
  for (let i = 0; i < n; i++) squares += Y[i * n + j] ** 2;
  return Math.sqrt(squares);
}

/** To length 1; returns ln of the length, −Infinity of zeros. */
function normalize(row: Float64Array): number {
  const length = lengthOf(row);
  if (length > 0) for (let i = 0; i < row.length; i++) row[i] /= length;
  return Math.log(length);
}

/**
 * Of the matrix whose rows are e^scale · row, by one-sided Jacobi rotations (Hestenes 1958), which keep the small ones' digits. They are done with the ratio of two rows'
 * scales alone, so that neither underflows.
 * @param rows each of length 1, or zeros with the scale −Infinity; both are lost
 */
function logSingularValues(rows: Float64Array[], scales: Float64Array): Float64Array {
  const n = rows.length;
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    sortByScale(rows, scales);
    let rotated = false;
    for (let i = 0; i < n && scales[i] > -Infinity; i++)
      for (let j = i + 1; j < n && scales[j] > -Infinity; j++) {
        const cosine = product(rows[i], rows[j]);
        if (!(Math.abs(cosine) > tolerance)) continue;
        rotated = true;
        if (scales[i] >= scales[j]) rotate(rows, scales, i, j, cosine);
        else rotate(rows, scales, j, i, cosine);
      }
    if (!rotated) break;
  }
  return scales.toSorted((a, b) => b - a || 0);
}

function sortByScale(rows: Float64Array[], scales: Float64Array): void {
  const order = Array.from(scales.keys()).sort((a, b) => scales[b] - scales[a] || 0);
  const sorted = order.map((i) => rows[i]);
  scales.set(order.map((i) => scales[i]));
  for (let i = 0; i < rows.length; i++) rows[i] = sorted[i];
}

/** Makes two rows orthogonal. @param a of the greater scale */
function rotate(rows: Float64Array[], scales: Float64Array, a: number, b: number, cosine: number): void {
  const ratio = Math.exp(scales[b] - scales[a]);
  // t is the rotation's tangent; t / ratio stays finite where the ratio is zero: then the smaller row loses its part along the greater.
  const z = (1 - ratio * ratio) / (2 * Math.abs(cosine));
  const overRatio = -Math.sign(cosine) / (z + Math.hypot(ratio, z));
  const tangent = overRatio * ratio;
  const c = 1 / Math.hypot(1, tangent);
  const toA = -c * tangent * ratio;
  const toB = c * overRatio;
  const [x, y] = [rows[a], rows[b]];
  for (let i = 0; i < x.length; i++) {
    const [own, other] = [x[i], y[i]];
    x[i] = c * own + toA * other;
    y[i] = toB * own + c * other;
  }
  scales[a] += normalize(x);
  scales[b] += normalize(y);
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
