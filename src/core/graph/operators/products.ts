/** Matrix products of float64 arrays, row-major, added to what is there. */

/** Where a matrix begins. */
export interface At {
  readonly data: Float64Array;
  readonly at: number;
}

/** C [m, n] += A [m, k] · B [k, n]. */
export function addProduct(C: At, A: At, B: At, m: number, k: number, n: number): void {
  const [c, a, b] = [C.data, A.data, B.data];
  for (let i = 0; i < m; i++) {
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
  const [c, a, b] = [C.data, A.data, B.data];
  for (let i = 0; i < m; i++) {
    const row = A.at + i * k;
    for (let j = 0; j < n; j++) {
      const column = B.at + j * k;
      // Four sums, so that one addition need not wait for the last.
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      let p = 0;
      for (; p + 3 < k; p += 4) {
        s0 += a[row + p] * b[column + p];
        s1 += a[row + p + 1] * b[column + p + 1];
        s2 += a[row + p + 2] * b[column + p + 2];
        s3 += a[row + p + 3] * b[column + p + 3];
      }
      for (; p < k; p++) s0 += a[row + p] * b[column + p];
      c[C.at + i * n + j] += s0 + s1 + (s2 + s3);
    }
  }
}

/** C [m, n] += Aᵀ · B, A [k, m], B [k, n]. */
export function addTransposedProduct(C: At, A: At, B: At, m: number, k: number, n: number): void {
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
