/**
 * The product in float64: out[m, n] += a[m, k] · b[k, n], b in panels of four columns, k × 4 each, the last one padded with zeros. Each element is one sum in
 * the order of k, every product and every sum rounded by itself: the bits of the plain loop, however rows are grouped. Four rows by four columns
 * are kept in registers; fewer rows are done as if the last were there several times.
 */
import { load, madd, store, sumOfLanes } from './lanes64';

const panelWidth: usize = 4;

/** @param outStride from row to row in elements, as `aStride`  @param panel bytes from panel to panel */
export function multiplyAdd64(out: usize, outStride: usize, a: usize, aStride: usize, b: usize, panel: usize, m: usize, n: usize, k: usize): void {
  const right = outStride << 3;
  const left = aStride << 3;
  for (let j: usize = 0; j < n; j += panelWidth, b += panel) {
    const to = out + (j << 3);
    for (let i: usize = 0; i < m; i += 4) fourRows(to + i * right, right, a + i * left, left, b, m - i, k, n - j, false);
  }
}

/** The same, twice as fast where a product and a sum can be rounded at once: its last bits are not those of the plain loop. */
export function multiplyAddFused64(out: usize, outStride: usize, a: usize, aStride: usize, b: usize, panel: usize, m: usize, n: usize, k: usize): void {
  const right = outStride << 3;
  const left = aStride << 3;
  for (let j: usize = 0; j < n; j += panelWidth, b += panel) {
    const to = out + (j << 3);
    for (let i: usize = 0; i < m; i += 4) fourRows(to + i * right, right, a + i * left, left, b, m - i, k, n - j, true);
  }
}

@inline
function sum(a: v128, b: v128, c: v128, fused: bool): v128 {
  return fused ? madd(a, b, c) : f64x2.add(c, f64x2.mul(a, b));
}

/** @param width columns left, of which the panel's four are taken */
@inline
function fourRows(to0: usize, right: usize, a0: usize, left: usize, b: usize, rows: usize, k: usize, width: usize, fused: bool): void {
  const more = width > 2 ? width - 2 : 0;
  const to1 = to0 + (rows > 1 ? right : 0);
  const to2 = to1 + (rows > 2 ? right : 0);
  const to3 = to2 + (rows > 3 ? right : 0);
  let a1 = a0 + (rows > 1 ? left : 0);
  let a2 = a1 + (rows > 2 ? left : 0);
  let a3 = a2 + (rows > 3 ? left : 0);
  let c00 = load(to0, width);
  let c01 = load(to0 + 16, more);
  let c10 = load(to1, width);
  let c11 = load(to1 + 16, more);
  let c20 = load(to2, width);
  let c21 = load(to2 + 16, more);
  let c30 = load(to3, width);
  let c31 = load(to3 + 16, more);
  let b0: v128;
  let b1: v128;
  let x: v128;
  const end = b + (k << 5);
  for (const whole = b + ((k & ~3) << 5); b < whole; b += 128, a0 += 32, a1 += 32, a2 += 32, a3 += 32) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load64_splat(a0);
    c00 = sum(x, b0, c00, fused);
    c01 = sum(x, b1, c01, fused);
    x = v128.load64_splat(a1);
    c10 = sum(x, b0, c10, fused);
    c11 = sum(x, b1, c11, fused);
    x = v128.load64_splat(a2);
    c20 = sum(x, b0, c20, fused);
    c21 = sum(x, b1, c21, fused);
    x = v128.load64_splat(a3);
    c30 = sum(x, b0, c30, fused);
    c31 = sum(x, b1, c31, fused);
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    x = v128.load64_splat(a0, 8);
    c00 = sum(x, b0, c00, fused);
    c01 = sum(x, b1, c01, fused);
    x = v128.load64_splat(a1, 8);
    c10 = sum(x, b0, c10, fused);
    c11 = sum(x, b1, c11, fused);
    x = v128.load64_splat(a2, 8);
    c20 = sum(x, b0, c20, fused);
    c21 = sum(x, b1, c21, fused);
    x = v128.load64_splat(a3, 8);
    c30 = sum(x, b0, c30, fused);
    c31 = sum(x, b1, c31, fused);
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    x = v128.load64_splat(a0, 16);
    c00 = sum(x, b0, c00, fused);
    c01 = sum(x, b1, c01, fused);
    x = v128.load64_splat(a1, 16);
    c10 = sum(x, b0, c10, fused);
    c11 = sum(x, b1, c11, fused);
    x = v128.load64_splat(a2, 16);
    c20 = sum(x, b0, c20, fused);
    c21 = sum(x, b1, c21, fused);
    x = v128.load64_splat(a3, 16);
    c30 = sum(x, b0, c30, fused);
    c31 = sum(x, b1, c31, fused);
    b0 = v128.load(b, 96);
    b1 = v128.load(b, 112);
    x = v128.load64_splat(a0, 24);
    c00 = sum(x, b0, c00, fused);
    c01 = sum(x, b1, c01, fused);
    x = v128.load64_splat(a1, 24);
    c10 = sum(x, b0, c10, fused);
    c11 = sum(x, b1, c11, fused);
    x = v128.load64_splat(a2, 24);
    c20 = sum(x, b0, c20, fused);
    c21 = sum(x, b1, c21, fused);
    x = v128.load64_splat(a3, 24);
    c30 = sum(x, b0, c30, fused);
    c31 = sum(x, b1, c31, fused);
  }
  for (; b < end; b += 32, a0 += 8, a1 += 8, a2 += 8, a3 += 8) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load64_splat(a0);
    c00 = sum(x, b0, c00, fused);
    c01 = sum(x, b1, c01, fused);
    x = v128.load64_splat(a1);
    c10 = sum(x, b0, c10, fused);
    c11 = sum(x, b1, c11, fused);
    x = v128.load64_splat(a2);
    c20 = sum(x, b0, c20, fused);
    c21 = sum(x, b1, c21, fused);
    x = v128.load64_splat(a3);
    c30 = sum(x, b0, c30, fused);
    c31 = sum(x, b1, c31, fused);
  }
  store(to0, c00, width);
  store(to0 + 16, c01, more);
  store(to1, c10, width);
  store(to1 + 16, c11, more);
  store(to2, c20, width);
  store(to2 + 16, c21, more);
  store(to3, c30, width);
  store(to3 + 16, c31, more);
}

/** out[m] += a[m, k] · x[k]: rows without gaps, four at a time; each element's sum in two parts. */
export function addMatrixVector64(out: usize, a: usize, x: usize, m: usize, k: usize): void {
  const row = k << 3;
  const pairs = (k & ~1) << 3;
  const odd = k & 1;
  let i: usize = 0;
  for (; i + 4 <= m; i += 4, a += row << 2, out += 32) {
    let s0 = f64x2.splat(0);
    let s1 = f64x2.splat(0);
    let s2 = f64x2.splat(0);
    let s3 = f64x2.splat(0);
    let from = a;
    for (let at = x, end = x + pairs; at < end; at += 16, from += 16) {
      const own = v128.load(at);
      s0 = madd(v128.load(from), own, s0);
      s1 = madd(v128.load(from + row), own, s1);
      s2 = madd(v128.load(from + (row << 1)), own, s2);
      s3 = madd(v128.load(from + row * 3), own, s3);
    }
    const last = odd ? f64.load(x + pairs) : 0;
    f64.store(out, f64.load(out) + sumOfLanes(s0) + (odd ? last * f64.load(from) : 0));
    f64.store(out, f64.load(out, 8) + sumOfLanes(s1) + (odd ? last * f64.load(from + row) : 0), 8);
    f64.store(out, f64.load(out, 16) + sumOfLanes(s2) + (odd ? last * f64.load(from + (row << 1)) : 0), 16);
    f64.store(out, f64.load(out, 24) + sumOfLanes(s3) + (odd ? last * f64.load(from + row * 3) : 0), 24);
  }
  for (; i < m; i++, a += row, out += 8) {
    let sum: f64 = 0;
    for (let at: usize = 0; at < row; at += 8) sum += f64.load(a + at) * f64.load(x + at);
    f64.store(out, f64.load(out) + sum);
  }
}
