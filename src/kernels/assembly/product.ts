/** The product of each step with the recurrent weights. */
import { load, store } from './lanes';

/**
 * out[m, n] += a[m, k] · b[k, n], row-major; the rows of b are padded to a multiple of 8. Four rows by eight columns are kept in
 * registers, so that every element of b read is used four times.
 */
export function multiplyAdd(out: usize, a: usize, b: usize, m: u32, n: u32, k: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= m; i += 4) fourRows(out + ((<usize>(i * n)) << 2), a + ((<usize>(i * k)) << 2), b, n, k);
  for (; i < m; i++) oneRow(out + ((<usize>(i * n)) << 2), a + ((<usize>(i * k)) << 2), b, n, k);
}

function fourRows(out: usize, a: usize, b: usize, n: u32, k: u32): void {
  const row = (<usize>n) << 2;
  const stride = (<usize>((n + 7) & ~7)) << 2;
  const left = (<usize>k) << 2;
  for (let j: u32 = 0; j < n; j += 8) {
    const first = n - j;
    const second = first > 4 ? first - 4 : 0;
    const to0 = out + ((<usize>j) << 2);
    const to1 = to0 + row;
    const to2 = to1 + row;
    const to3 = to2 + row;
    let c00 = load(to0, first);
    let c01 = load(to0 + 16, second);
    let c10 = load(to1, first);
    let c11 = load(to1 + 16, second);
    let c20 = load(to2, first);
    let c21 = load(to2 + 16, second);
    let c30 = load(to3, first);
    let c31 = load(to3 + 16, second);
    let from = b + ((<usize>j) << 2);
    for (let l: usize = 0; l < left; l += 4, from += stride) {
      const b0 = v128.load(from);
      const b1 = v128.load(from, 16);
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
    store(to0, c00, first);
    store(to0 + 16, c01, second);
    store(to1, c10, first);
    store(to1 + 16, c11, second);
    store(to2, c20, first);
    store(to2 + 16, c21, second);
    store(to3, c30, first);
    store(to3 + 16, c31, second);
  }
}

/** One row: whole rows of b are read one after another, four at a time, as memory likes it. */
function oneRow(out: usize, a: usize, b: usize, n: u32, k: u32): void {
  const stride = (<usize>((n + 7) & ~7)) << 2;
  const whole: u32 = k & ~3;
  let l: u32 = 0;
  for (; l < whole; l += 4) {
    const at = a + ((<usize>l) << 2);
    const a0 = v128.load32_splat(at);
    const a1 = v128.load32_splat(at, 4);
    const a2 = v128.load32_splat(at, 8);
    const a3 = v128.load32_splat(at, 12);
    const b0 = b + (<usize>l) * stride;
    const b1 = b0 + stride;
    const b2 = b1 + stride;
    const b3 = b2 + stride;
    for (let u: u32 = 0; u < n; u += 4) {
      const j = (<usize>u) << 2;
      const lanes = n - u;
      const first = f32x4.add(f32x4.mul(a0, v128.load(b0 + j)), f32x4.mul(a1, v128.load(b1 + j)));
      const second = f32x4.add(f32x4.mul(a2, v128.load(b2 + j)), f32x4.mul(a3, v128.load(b3 + j)));
      store(out + j, f32x4.add(load(out + j, lanes), f32x4.add(first, second)), lanes);
    }
  }
  for (; l < k; l++) {
    const al = v128.load32_splat(a + ((<usize>l) << 2));
    const from = b + (<usize>l) * stride;
    for (let u: u32 = 0; u < n; u += 4) {
      const j = (<usize>u) << 2;
      store(out + j, f32x4.add(load(out + j, n - u), f32x4.mul(al, v128.load(from + j))), n - u);
    }
  }
}
