/** Matrix products of float64 arrays, row-major, added to what is there. Large ones go through the kernel. */
import { addScratchProduct } from './scratchProducts';

/** Where a matrix begins. */
export interface At {
  readonly data: Float64Array;
  readonly at: number;
}

/** Whether a row has nothing to add: along a gradient many have. */
function isZero(data: Float64Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (data[i] !== 0) return false;
  return true;
}

/** Rows and multiplications from which copying the matrices to the kernel pays. */
const minRows = 4;
const minProducts = 16_384;

function isLarge(m: number, k: number, n: number): boolean {
  return m >= minRows && m * k * n >= minProducts;
}

/** The rows that have anything to add. */
function rowsIn({ data, at }: At, rows: number, length: number): Int32Array {
  const found = new Int32Array(rows);
  let count = 0;
  for (let i = 0; i < rows; i++) if (!isZero(data, at + i * length, length)) found[count++] = i;
  return found.subarray(0, count);
}

function all(length: number): Int32Array {
  const places = new Int32Array(length);
  for (let i = 0; i < length; i++) places[i] = i;
  return places;
}

/** C [m, n] += A [m, k] · B [k, n]. */
export function addProduct(C: At, A: At, B: At, m: number, k: number, n: number): void {
  const rows = rowsIn(A, m, k);
  if (isLarge(rows.length, k, n)) {
    addScratchProduct(
      C,
      { ...A, rowStride: k, columnStride: 1 },
      { ...B, rowStride: n, columnStride: 1 },
      rows,
      all(k),
      n,
    );
    return;
  }
  const [c, a, b] = [C.data, A.data, B.data];
  for (const i of rows) {
    const to = C.at + i * n;
    const row = A.at + i * k;
    let p = 0;
    // Four rows of B at once, so that C is fetched a quarter as often.
    for (; p + 3 < k; p += 4) {
      const [w, x, y, z] = [a[row + p], a[row + p + 1], a[row + p + 2], a[row + p + 3]];
      const b0 = B.at + p * n;
      const b1 = b0 + n;
      const b2 = b1 + n;
      const b3 = b2 + n;
      for (let j = 0; j < n; j++) c[to + j] += w * b[b0 + j] + x * b[b1 + j] + (y * b[b2 + j] + z * b[b3 + j]);
    }
    for (; p < k; p++) {
      const w = a[row + p];
      const from = B.at + p * n;
      for (let j = 0; j < n; j++) c[to + j] += w * b[from + j];
    }
  }
}

/** C [m, n] += A [m, k] · Bᵀ, B [n, k]. */
export function addProductTransposed(C: At, A: At, B: At, m: number, k: number, n: number): void {
  const rows = rowsIn(A, m, k);
  if (isLarge(rows.length, k, n)) {
    addScratchProduct(
      C,
      { ...A, rowStride: k, columnStride: 1 },
      { ...B, rowStride: 1, columnStride: k },
      rows,
      all(k),
      n,
    );
    return;
  }
  const [c, a, b] = [C.data, A.data, B.data];
  let r = 0;
  // Four rows of A and two of B at once: eight sums for six numbers fetched.
  for (; r + 3 < rows.length; r += 4) {
    const [i0, i1, i2, i3] = [rows[r], rows[r + 1], rows[r + 2], rows[r + 3]];
    const [a0, a1, a2, a3] = [A.at + i0 * k, A.at + i1 * k, A.at + i2 * k, A.at + i3 * k];
    const [c0, c1, c2, c3] = [C.at + i0 * n, C.at + i1 * n, C.at + i2 * n, C.at + i3 * n];
    let j = 0;
    for (; j + 1 < n; j += 2) {
      const d = B.at + j * k;
      const e = d + k;
      let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let p = 0; p < k; p++) {
        const x = b[d + p];
        const y = b[e + p];
        const [w0, w1, w2, w3] = [a[a0 + p], a[a1 + p], a[a2 + p], a[a3 + p]];
        s0 += w0 * x;
        t0 += w0 * y;
        s1 += w1 * x;
        t1 += w1 * y;
        s2 += w2 * x;
        t2 += w2 * y;
        s3 += w3 * x;
        t3 += w3 * y;
      }
      c[c0 + j] += s0;
      c[c0 + j + 1] += t0;
      c[c1 + j] += s1;
      c[c1 + j + 1] += t1;
      c[c2 + j] += s2;
      c[c2 + j + 1] += t2;
      c[c3 + j] += s3;
      c[c3 + j + 1] += t3;
    }
    for (; j < n; j++) {
      const d = B.at + j * k;
      c[c0 + j] += dot(a, a0, b, d, k);
      c[c1 + j] += dot(a, a1, b, d, k);
      c[c2 + j] += dot(a, a2, b, d, k);
      c[c3 + j] += dot(a, a3, b, d, k);
    }
  }
  for (; r < rows.length; r++)
    for (let j = 0; j < n; j++) c[C.at + rows[r] * n + j] += dot(a, A.at + rows[r] * k, b, B.at + j * k, k);
}

function dot(a: Float64Array, at: number, b: Float64Array, from: number, k: number): number {
  // Four sums, so that one addition need not wait for the last.
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let p = 0;
  for (; p + 3 < k; p += 4) {
    s0 += a[at + p] * b[from + p];
    s1 += a[at + p + 1] * b[from + p + 1];
    s2 += a[at + p + 2] * b[from + p + 2];
    s3 += a[at + p + 3] * b[from + p + 3];
  }
  for (; p < k; p++) s0 += a[at + p] * b[from + p];
  return s0 + s1 + (s2 + s3);
}

/** C [m, n] += Aᵀ · B, A [k, m], B [k, n]. */
export function addTransposedProduct(C: At, A: At, B: At, m: number, k: number, n: number): void {
  if (isLarge(m, k, n)) {
    const depths = rowsIn(A, k, m).filter((p) => !isZero(B.data, B.at + p * n, n));
    addScratchProduct(
      C,
      { ...A, rowStride: 1, columnStride: m },
      { ...B, rowStride: n, columnStride: 1 },
      all(m),
      depths,
      n,
    );
    return;
  }
  const [c, a, b] = [C.data, A.data, B.data];
  for (let p = 0; p < k; p++) {
    const from = B.at + p * n;
    for (let i = 0; i < m; i++) {
      const factor = a[A.at + p * m + i];
      if (factor === 0) continue;
      const to = C.at + i * n;
      for (let j = 0; j < n; j++) c[to + j] += factor * b[from + j];
    }
  }
}

/** [rows, columns] → [columns, rows]. */
export function transpose(data: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c];
  return out;
}
