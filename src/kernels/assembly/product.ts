/**
 * The inner loop of back-propagation through time, in AssemblyScript: out[m, n] += a[m, k] · b[k, n], row-major float32, n a
 * multiple of 8. Four rows by eight columns are kept in registers, so that every element of b read is used four times.
 * @param out @param a @param b addresses in bytes
 */
export function multiplyAdd(out: usize, a: usize, b: usize, m: u32, n: u32, k: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= m; i += 4) fourRows(out + ((i * n) << 2), a + ((i * k) << 2), b, n, k);
  for (; i < m; i++) oneRow(out + ((i * n) << 2), a + ((i * k) << 2), b, n, k);
}

function fourRows(out: usize, a: usize, b: usize, n: u32, k: u32): void {
  const row = (<usize>n) << 2;
  const left = (<usize>k) << 2;
  for (let j: usize = 0; j < row; j += 32) {
    let to = out + j;
    let c00 = v128.load(to);
    let c01 = v128.load(to, 16);
    to += row;
    let c10 = v128.load(to);
    let c11 = v128.load(to, 16);
    to += row;
    let c20 = v128.load(to);
    let c21 = v128.load(to, 16);
    to += row;
    let c30 = v128.load(to);
    let c31 = v128.load(to, 16);
    let from = b + j;
    for (let l: usize = 0; l < left; l += 4, from += row) {
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
    to = out + j;
    v128.store(to, c00);
    v128.store(to, c01, 16);
    to += row;
    v128.store(to, c10);
    v128.store(to, c11, 16);
    to += row;
    v128.store(to, c20);
    v128.store(to, c21, 16);
    to += row;
    v128.store(to, c30);
    v128.store(to, c31, 16);
  }
}

/** One row: whole rows of b are read one after another, four at a time, as memory likes it. */
function oneRow(out: usize, a: usize, b: usize, n: u32, k: u32): void {
  const row = (<usize>n) << 2;
  const whole: u32 = k & ~3;
  let l: u32 = 0;
  for (; l < whole; l += 4) {
    const at = a + (l << 2);
    const a0 = v128.load32_splat(at);
    const a1 = v128.load32_splat(at, 4);
    const a2 = v128.load32_splat(at, 8);
    const a3 = v128.load32_splat(at, 12);
    const b0 = b + (<usize>l) * row;
    const b1 = b0 + row;
    const b2 = b1 + row;
    const b3 = b2 + row;
    for (let j: usize = 0; j < row; j += 16) {
      const first = f32x4.add(f32x4.mul(a0, v128.load(b0 + j)), f32x4.mul(a1, v128.load(b1 + j)));
      const second = f32x4.add(f32x4.mul(a2, v128.load(b2 + j)), f32x4.mul(a3, v128.load(b3 + j)));
      v128.store(out + j, f32x4.add(v128.load(out + j), f32x4.add(first, second)));
    }
  }
  for (; l < k; l++) {
    const al = v128.load32_splat(a + (l << 2));
    const from = b + (<usize>l) * row;
    for (let j: usize = 0; j < row; j += 16) v128.store(out + j, f32x4.add(v128.load(out + j), f32x4.mul(al, v128.load(from + j))));
  }
}
