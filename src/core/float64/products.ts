/** Products of float64 vectors with weights as they are kept, float32 or float64. */
import type { Floats } from '../model/trace';

/** out[r] += M[r, :] · x, M [rows, columns]. */
export function addMatrixVector(
  out: Float64Array,
  outAt: number,
  M: Floats,
  x: Float64Array,
  xAt: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) {
    const row = r * columns;
    // Four sums, so that one addition need not wait for the last.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let k = 0;
    for (; k + 3 < columns; k += 4) {
      a += M[row + k] * x[xAt + k];
      b += M[row + k + 1] * x[xAt + k + 1];
      c += M[row + k + 2] * x[xAt + k + 2];
      d += M[row + k + 3] * x[xAt + k + 3];
    }
    for (; k < columns; k++) a += M[row + k] * x[xAt + k];
    out[outAt + r] += a + b + (c + d);
  }
}

/** out[i, :] += v[i, first … first + rows] · M for n rows; v [n, stride], M [rows, columns], out [n, columns]. */
export function addRowsMatrix(
  out: Float64Array,
  v: Float64Array,
  first: number,
  stride: number,
  M: Floats,
  n: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) {
    const row = r * columns;
    for (let i = 0; i < n; i++) {
      const factor = v[i * stride + first + r];
      if (factor === 0) continue;
      const to = i * columns;
      for (let c = 0; c < columns; c++) out[to + c] += factor * M[row + c];
    }
  }
}

/** M[r, c] += a[r] · b[c]. */
export function addOuter(
  M: Float64Array,
  a: Float64Array,
  aAt: number,
  b: Float64Array,
  bAt: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) {
    const factor = a[aAt + r];
    if (factor === 0) continue;
    const row = r * columns;
    for (let c = 0; c < columns; c++) M[row + c] += factor * b[bAt + c];
  }
}
