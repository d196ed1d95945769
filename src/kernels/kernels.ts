/**
 * The inner loops: small matrix products on row-major float32 arrays. Each takes the first element's offset of every operand,
 * so that one time step of a long array is used without making a view. Sums are carried in float64.
 */

/** out[m, n] (+)= a[m, k] · b[k, n]. */
export function multiply(
  out: Float32Array, outOffset: number, a: Float32Array, aOffset: number, b: Float32Array, bOffset: number,
  m: number, n: number, k: number, accumulate: boolean,
): void {
  combineRows(out, outOffset, a, aOffset, k, 1, b, bOffset, m, n, k, accumulate);
}

/** out[m, n] (+)= a[m, k] · b[n, k]ᵀ. */
export function multiplyTransposed(
  out: Float32Array, outOffset: number, a: Float32Array, aOffset: number, b: Float32Array, bOffset: number,
  m: number, n: number, k: number, accumulate: boolean,
): void {
  for (let i = 0; i < m; i++) {
    const left = aOffset + i * k;
    for (let j = 0; j < n; j++) {
      const right = bOffset + j * k;
      let sum = accumulate ? out[outOffset + i * n + j] : 0;
      for (let l = 0; l < k; l++) sum += a[left + l] * b[right + l];
      out[outOffset + i * n + j] = sum;
    }
  }
}

/** out[m, n] (+)= a[k, m]ᵀ · b[k, n]. */
export function transposedMultiply(
  out: Float32Array, outOffset: number, a: Float32Array, aOffset: number, b: Float32Array, bOffset: number,
  m: number, n: number, k: number, accumulate: boolean,
): void {
  combineRows(out, outOffset, a, aOffset, 1, m, b, bOffset, m, n, k, accumulate);
}

/** out[i] (+)= Σ_l a[i, l] · b[l], rows of n; element (i, l) of a lies at i·rowStride + l·columnStride. Four rows of b a pass. */
function combineRows(
  out: Float32Array, outOffset: number, a: Float32Array, aOffset: number, rowStride: number, columnStride: number,
  b: Float32Array, bOffset: number, m: number, n: number, k: number, accumulate: boolean,
): void {
  const row = rowBuffer(n);
  const blocked = k - (k % 4);
  for (let i = 0; i < m; i++) {
    const start = outOffset + i * n;
    const left = aOffset + i * rowStride;
    for (let j = 0; j < n; j++) row[j] = accumulate ? out[start + j] : 0;
    for (let l = 0; l < blocked; l += 4) {
      const a0 = a[left + l * columnStride];
      const a1 = a[left + (l + 1) * columnStride];
      const a2 = a[left + (l + 2) * columnStride];
      const a3 = a[left + (l + 3) * columnStride];
      const b0 = bOffset + l * n;
      const b1 = b0 + n;
      const b2 = b1 + n;
      const b3 = b2 + n;
      for (let j = 0; j < n; j++) row[j] += a0 * b[b0 + j] + a1 * b[b1 + j] + a2 * b[b2 + j] + a3 * b[b3 + j];
    }
    for (let l = blocked; l < k; l++) {
      const factor = a[left + l * columnStride];
      const from = bOffset + l * n;
      for (let j = 0; j < n; j++) row[j] += factor * b[from + j];
    }
    for (let j = 0; j < n; j++) out[start + j] = row[j];
  }
}

let sharedRow = new Float64Array(1024);

/** One row of sums, reused from call to call. */
function rowBuffer(length: number): Float64Array {
  if (sharedRow.length < length) sharedRow = new Float64Array(length);
  return sharedRow;
}
