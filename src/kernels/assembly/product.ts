/**
 * out[m, n] += a[m, k] · b[k, n], b in panels. Each element of `out` is one sum in the order of k, whatever the blocks: the same bits
 * however rows are grouped or shared among threads. Six or four rows by eight columns are kept in registers; fewer rows than a block
 * has are done as if the last were there several times. A single row takes four panels at a time, so that the sums do not wait for each other.
 */
import { zero } from './elements';
import { bytesOf, fma, load, store } from './lanes';
import { panelBytes, panelWidth } from './panels';

/** Rows of a panel that stay in the nearest cache together with six rows of a. */
const maxInner: usize = 512;

/** Row-major `out` and `a`. */
export function multiplyAdd(out: usize, a: usize, b: usize, m: usize, n: usize, k: usize): void {
  for (let l: usize = 0; l < k; l += maxInner) {
    multiplyBlock(out, n, a + bytesOf(l), k, b + panelBytes(l), panelBytes(k), m, n, min(maxInner, k - l), 1);
  }
}

/** @param outStride from row to row in elements, as `aStride`  @param panel bytes from panel to panel  @param adds flag: 0 overwrites `out` */
export function multiplyBlock(
  out: usize, outStride: usize, a: usize, aStride: usize, b: usize, panel: usize, m: usize, n: usize, k: usize, adds: usize,
): void {
  const right = bytesOf(outStride);
  const left = bytesOf(aStride);
  if (m === 1) {
    if (!adds) zero(out, n);
    oneRow(out, a, b, panel, n, k);
    return;
  }
  for (let j: usize = 0; j < n; j += panelWidth, b += panel) {
    const to = out + bytesOf(j);
    let i: usize = 0;
    while (i < m) {
      const rows = m - i;
      // 8 = 4 + 4 and 7 = 4 + 3: no row is left over for a block of its own.
      if (rows > 8 || rows === 5 || rows === 6) {
        sixRows(to + i * right, right, a + i * left, left, b, rows, k, n - j, adds);
        i += 6;
      } else {
        fourRows(to + i * right, right, a + i * left, left, b, rows, k, n - j, adds);
        i += 4;
      }
    }
  }
}

/** @param width columns left, of which the panel's eight are taken */
function sixRows(to0: usize, right: usize, a0: usize, left: usize, b: usize, rows: usize, k: usize, width: usize, adds: usize): void {
  const more = width > 4 ? width - 4 : 0;
  const down = rows > 5 ? right : 0;
  const to1 = to0 + right;
  const to2 = to1 + right;
  const to3 = to2 + right;
  const to4 = to3 + right;
  const to5 = to4 + down;
  let a1 = a0 + left;
  let a2 = a1 + left;
  let a3 = a2 + left;
  let a4 = a3 + left;
  let a5 = a4 + (rows > 5 ? left : 0);
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  if (adds) {
    c00 = load(to0, width);
    c01 = load(to0 + 16, more);
    c10 = load(to1, width);
    c11 = load(to1 + 16, more);
    c20 = load(to2, width);
    c21 = load(to2 + 16, more);
    c30 = load(to3, width);
    c31 = load(to3 + 16, more);
    c40 = load(to4, width);
    c41 = load(to4 + 16, more);
    c50 = load(to5, width);
    c51 = load(to5 + 16, more);
  }
  for (const end = b + panelBytes(k); b < end; b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a5);
    c51 = fma(x, b1, c51);
    c50 = fma(x, b0, c50);
    x = v128.load32_splat(a4);
    c41 = fma(x, b1, c41);
    c40 = fma(x, b0, c40);
    x = v128.load32_splat(a3);
    c31 = fma(x, b1, c31);
    c30 = fma(x, b0, c30);
    x = v128.load32_splat(a2);
    c21 = fma(x, b1, c21);
    c20 = fma(x, b0, c20);
    x = v128.load32_splat(a1);
    c11 = fma(x, b1, c11);
    c10 = fma(x, b0, c10);
    x = v128.load32_splat(a0);
    c01 = fma(x, b1, c01);
    c00 = fma(x, b0, c00);
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
    a4 += 4;
    a5 += 4;
  }
  store(to0, c00, width);
  store(to0 + 16, c01, more);
  store(to1, c10, width);
  store(to1 + 16, c11, more);
  store(to2, c20, width);
  store(to2 + 16, c21, more);
  store(to3, c30, width);
  store(to3 + 16, c31, more);
  store(to4, c40, width);
  store(to4 + 16, c41, more);
  store(to5, c50, width);
  store(to5 + 16, c51, more);
}

/** As `sixRows`. */
function fourRows(to0: usize, right: usize, a0: usize, left: usize, b: usize, rows: usize, k: usize, width: usize, adds: usize): void {
  const more = width > 4 ? width - 4 : 0;
  const to1 = to0 + right;
  const to2 = to1 + (rows > 2 ? right : 0);
  const to3 = to2 + (rows > 3 ? right : 0);
  let a1 = a0 + left;
  let a2 = a1 + (rows > 2 ? left : 0);
  let a3 = a2 + (rows > 3 ? left : 0);
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  if (adds) {
    c00 = load(to0, width);
    c01 = load(to0 + 16, more);
    c10 = load(to1, width);
    c11 = load(to1 + 16, more);
    c20 = load(to2, width);
    c21 = load(to2 + 16, more);
    c30 = load(to3, width);
    c31 = load(to3 + 16, more);
  }
  for (const end = b + panelBytes(k); b < end; b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a3);
    c31 = fma(x, b1, c31);
    c30 = fma(x, b0, c30);
    x = v128.load32_splat(a2);
    c21 = fma(x, b1, c21);
    c20 = fma(x, b0, c20);
    x = v128.load32_splat(a1);
    c11 = fma(x, b1, c11);
    c10 = fma(x, b0, c10);
    x = v128.load32_splat(a0);
    c01 = fma(x, b1, c01);
    c00 = fma(x, b0, c00);
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
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

function oneRow(to: usize, a: usize, b: usize, panel: usize, n: usize, k: usize): void {
  let j: usize = 0;
  for (; j + 4 * panelWidth <= n; j += 4 * panelWidth, to += 128, b += 4 * panel) fourPanels(to, a, b, panel, k);
  for (; j < n; j += panelWidth, to += 32, b += panel) onePanel(to, a, b, k, n - j);
}

/** Four elements of a are loaded together and spread from there: one load each would take as long as the products. */
function fourPanels(to: usize, a: usize, b0: usize, panel: usize, k: usize): void {
  let b1 = b0 + panel;
  let b2 = b1 + panel;
  let b3 = b2 + panel;
  let c00 = v128.load(to);
  let c01 = v128.load(to, 16);
  let c10 = v128.load(to, 32);
  let c11 = v128.load(to, 48);
  let c20 = v128.load(to, 64);
  let c21 = v128.load(to, 80);
  let c30 = v128.load(to, 96);
  let c31 = v128.load(to, 112);
  const whole = a + bytesOf(k & ~3);
  for (; a < whole; a += 16) {
    const four = v128.load(a);
    let x = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
    c31 = fma(x, v128.load(b3, 16), c31);
    c30 = fma(x, v128.load(b3), c30);
    c21 = fma(x, v128.load(b2, 16), c21);
    c20 = fma(x, v128.load(b2), c20);
    c11 = fma(x, v128.load(b1, 16), c11);
    c10 = fma(x, v128.load(b1), c10);
    c01 = fma(x, v128.load(b0, 16), c01);
    c00 = fma(x, v128.load(b0), c00);
    x = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
    c31 = fma(x, v128.load(b3, 48), c31);
    c30 = fma(x, v128.load(b3, 32), c30);
    c21 = fma(x, v128.load(b2, 48), c21);
    c20 = fma(x, v128.load(b2, 32), c20);
    c11 = fma(x, v128.load(b1, 48), c11);
    c10 = fma(x, v128.load(b1, 32), c10);
    c01 = fma(x, v128.load(b0, 48), c01);
    c00 = fma(x, v128.load(b0, 32), c00);
    x = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
    c31 = fma(x, v128.load(b3, 80), c31);
    c30 = fma(x, v128.load(b3, 64), c30);
    c21 = fma(x, v128.load(b2, 80), c21);
    c20 = fma(x, v128.load(b2, 64), c20);
    c11 = fma(x, v128.load(b1, 80), c11);
    c10 = fma(x, v128.load(b1, 64), c10);
    c01 = fma(x, v128.load(b0, 80), c01);
    c00 = fma(x, v128.load(b0, 64), c00);
    x = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
    c31 = fma(x, v128.load(b3, 112), c31);
    c30 = fma(x, v128.load(b3, 96), c30);
    c21 = fma(x, v128.load(b2, 112), c21);
    c20 = fma(x, v128.load(b2, 96), c20);
    c11 = fma(x, v128.load(b1, 112), c11);
    c10 = fma(x, v128.load(b1, 96), c10);
    c01 = fma(x, v128.load(b0, 112), c01);
    c00 = fma(x, v128.load(b0, 96), c00);
    b0 += 128;
    b1 += 128;
    b2 += 128;
    b3 += 128;
  }
  for (const end = a + bytesOf(k & 3); a < end; a += 4) {
    const x = v128.load32_splat(a);
    c31 = fma(x, v128.load(b3, 16), c31);
    c30 = fma(x, v128.load(b3), c30);
    c21 = fma(x, v128.load(b2, 16), c21);
    c20 = fma(x, v128.load(b2), c20);
    c11 = fma(x, v128.load(b1, 16), c11);
    c10 = fma(x, v128.load(b1), c10);
    c01 = fma(x, v128.load(b0, 16), c01);
    c00 = fma(x, v128.load(b0), c00);
    b0 += 32;
    b1 += 32;
    b2 += 32;
    b3 += 32;
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to, c10, 32);
  v128.store(to, c11, 48);
  v128.store(to, c20, 64);
  v128.store(to, c21, 80);
  v128.store(to, c30, 96);
  v128.store(to, c31, 112);
}

/** @param width as in `sixRows` */
function onePanel(to: usize, a: usize, b: usize, k: usize, width: usize): void {
  const more = width > 4 ? width - 4 : 0;
  let c0 = load(to, width);
  let c1 = load(to + 16, more);
  for (const end = b + panelBytes(k); b < end; b += 32, a += 4) {
    const x = v128.load32_splat(a);
    c0 = fma(x, v128.load(b), c0);
    c1 = fma(x, v128.load(b, 16), c1);
  }
  store(to, c0, width);
  store(to + 16, c1, more);
}
