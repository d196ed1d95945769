/** The product of each step with the recurrent weights. */
import { load, store } from './lanes';

/**
 * out[m, n] += a[m, k] · b[k, n], row-major but for b, which lies in panels of 8 columns, each k × 8 and the last padded: a panel
 * is read straight through, and stays in the nearest cache for all rows. Four rows by eight columns are kept in registers.
 */
export function multiplyAdd(out: usize, a: usize, b: usize, m: u32, n: u32, k: u32): void {
  const panel = (<usize>k) << 5;
  for (let j: u32 = 0; j < n; j += 8, b += panel) {
    const to = out + ((<usize>j) << 2);
    let i: u32 = 0;
    for (; i + 4 <= m; i += 4) fourRows(to + ((<usize>(i * n)) << 2), a + ((<usize>(i * k)) << 2), b, n, k, n - j);
    for (; i < m; i++) oneRow(to + ((<usize>(i * n)) << 2), a + ((<usize>(i * k)) << 2), b, k, n - j);
  }
}

/** @param width columns left, of which the panel's eight are taken */
function fourRows(to0: usize, a: usize, b: usize, n: u32, k: u32, width: u32): void {
  const row = (<usize>n) << 2;
  const left = (<usize>k) << 2;
  const rest = width > 4 ? width - 4 : 0;
  const to1 = to0 + row;
  const to2 = to1 + row;
  const to3 = to2 + row;
  let c00 = load(to0, width);
  let c01 = load(to0 + 16, rest);
  let c10 = load(to1, width);
  let c11 = load(to1 + 16, rest);
  let c20 = load(to2, width);
  let c21 = load(to2 + 16, rest);
  let c30 = load(to3, width);
  let c31 = load(to3 + 16, rest);
  for (let l: usize = 0; l < left; l += 4, b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let at = a + l;
    const a0 = v128.load32_splat(at);
    at += left;
    const a1 = v128.load32_splat(at);
    at += left;
    const a2 = v128.load32_splat(at);
    at += left;
    const a3 = v128.load32_splat(at);
    c00 = f32x4.add(c00, f32x4.mul(a0, b0));
    c01 = f32x4.add(c01, f32x4.mul(a0, b1));
    c10 = f32x4.add(c10, f32x4.mul(a1, b0));
    c11 = f32x4.add(c11, f32x4.mul(a1, b1));
    c20 = f32x4.add(c20, f32x4.mul(a2, b0));
    c21 = f32x4.add(c21, f32x4.mul(a2, b1));
    c30 = f32x4.add(c30, f32x4.mul(a3, b0));
    c31 = f32x4.add(c31, f32x4.mul(a3, b1));
  }
  store(to0, c00, width);
  store(to0 + 16, c01, rest);
  store(to1, c10, width);
  store(to1 + 16, c11, rest);
  store(to2, c20, width);
  store(to2 + 16, c21, rest);
  store(to3, c30, width);
  store(to3 + 16, c31, rest);
}

/** One row; four elements of it at a time, so that the sums do not wait for each other. */
function oneRow(to: usize, a: usize, b: usize, k: u32, width: u32): void {
  const rest = width > 4 ? width - 4 : 0;
  let c00 = load(to, width);
  let c01 = load(to + 16, rest);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  const whole: u32 = k & ~3;
  let l: u32 = 0;
  for (; l < whole; l += 4, a += 16, b += 128) {
    const a0 = v128.load32_splat(a);
    const a1 = v128.load32_splat(a, 4);
    const a2 = v128.load32_splat(a, 8);
    const a3 = v128.load32_splat(a, 12);
    c00 = f32x4.add(c00, f32x4.mul(a0, v128.load(b)));
    c01 = f32x4.add(c01, f32x4.mul(a0, v128.load(b, 16)));
    c10 = f32x4.add(c10, f32x4.mul(a1, v128.load(b, 32)));
    c11 = f32x4.add(c11, f32x4.mul(a1, v128.load(b, 48)));
    c20 = f32x4.add(c20, f32x4.mul(a2, v128.load(b, 64)));
    c21 = f32x4.add(c21, f32x4.mul(a2, v128.load(b, 80)));
    c30 = f32x4.add(c30, f32x4.mul(a3, v128.load(b, 96)));
    c31 = f32x4.add(c31, f32x4.mul(a3, v128.load(b, 112)));
  }
  for (; l < k; l++, a += 4, b += 32) {
    const al = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(al, v128.load(b)));
    c01 = f32x4.add(c01, f32x4.mul(al, v128.load(b, 16)));
  }
  store(to, f32x4.add(f32x4.add(c00, c10), f32x4.add(c20, c30)), width);
  store(to + 16, f32x4.add(f32x4.add(c01, c11), f32x4.add(c21, c31)), rest);
}
