/** Transposition, four rows by four columns at a time. */
import { bytesOf } from './lanes';

/** Rows whose columns fill a cache line of the result. */
const rowsOfLine: usize = 16;

/** out[n, m] = a[m, n]ᵀ */
export function transpose(out: usize, a: usize, m: usize, n: usize): void {
  transposeBlock(out, bytesOf(m), a, bytesOf(n), m, n);
}

/** out[n, m] = a[m, n]ᵀ with bytes from row to row: `right` of the result, `down` of a. */
export function transposeBlock(out: usize, right: usize, a: usize, down: usize, m: usize, n: usize): void {
  const wholeRows = m & ~3;
  const wholeColumns = n & ~3;
  for (let first: usize = 0; first < wholeRows; first += rowsOfLine) {
    const end = min(first + rowsOfLine, wholeRows);
    for (let j: usize = 0; j < wholeColumns; j += 4) {
      for (let i = first; i < end; i += 4) transposeFour(out + j * right + bytesOf(i), right, a + i * down + bytesOf(j), down);
    }
  }
  for (let i: usize = 0; i < m; i++) {
    for (let j: usize = i < wholeRows ? wholeColumns : 0; j < n; j++) f32.store(out + j * right + bytesOf(i), f32.load(a + i * down + bytesOf(j)));
  }
}

/** Of four rows and columns. */
@inline
export function transposeFour(out: usize, right: usize, a: usize, down: usize): void {
  const r0 = v128.load(a);
  const r1 = v128.load(a + down);
  const r2 = v128.load(a + 2 * down);
  const r3 = v128.load(a + 3 * down);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(out + right, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(out + 2 * right, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(out + 3 * right, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/** out[m, n] += aᵀ; a [n, m] with `stride` elements from row to row. */
export function addTransposed(out: usize, a: usize, stride: usize, m: usize, n: usize): void {
  const right = bytesOf(n);
  const down = bytesOf(stride);
  const wholeRows = m & ~3;
  const wholeColumns = n & ~3;
  for (let i: usize = 0; i < wholeRows; i += 4) {
    const to = out + i * right;
    const from = a + bytesOf(i);
    for (let j: usize = 0; j < wholeColumns; j += 4) addTransposedFour(to + bytesOf(j), right, from + j * down, down);
  }
  for (let i: usize = 0; i < m; i++) {
    for (let j: usize = i < wholeRows ? wholeColumns : 0; j < n; j++) {
      const to = out + i * right + bytesOf(j);
      f32.store(to, f32.load(to) + f32.load(a + j * down + bytesOf(i)));
    }
  }
}

@inline
function addTransposedFour(out: usize, right: usize, a: usize, down: usize): void {
  const r0 = v128.load(a);
  const r1 = v128.load(a + down);
  const r2 = v128.load(a + 2 * down);
  const r3 = v128.load(a + 3 * down);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  addTo(out, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  addTo(out + right, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  addTo(out + 2 * right, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  addTo(out + 3 * right, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

@inline
function addTo(out: usize, values: v128): void {
  v128.store(out, f32x4.add(v128.load(out), values));
}
