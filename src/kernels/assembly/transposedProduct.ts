/** A product with a transposed left-hand matrix whose rows need not be brought together first: six of its columns lie side by side. */
import { bytesOf, fma, store } from './lanes';
import { panelBytes, panelWidth } from './panels';

/**
 * out[rows, n] = aᵀ · b for six columns of a [k, ·], of which `rows` are wanted: element (i, l) is a[l · aStride + i]. All six are read.
 * @param b in panels  @param panel bytes from panel to panel  @param outStride from row to row in elements, as `aStride`
 */
export function multiplyTransposed(
  out: usize, outStride: usize, a: usize, aStride: usize, b: usize, panel: usize, rows: usize, n: usize, k: usize,
): void {
  for (let j: usize = 0; j < n; j += panelWidth, b += panel) sixRows(out + bytesOf(j), bytesOf(outStride), a, bytesOf(aStride), b, rows, k, n - j);
}

/** @param width columns left, of which the panel's eight are taken */
function sixRows(out: usize, right: usize, a: usize, down: usize, b: usize, rows: usize, k: usize, width: usize): void {
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
  for (const end = b + panelBytes(k); b < end; b += 32, a += down) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = fma(x, b0, c00);
    c01 = fma(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = fma(x, b0, c10);
    c11 = fma(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = fma(x, b0, c20);
    c21 = fma(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = fma(x, b0, c30);
    c31 = fma(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = fma(x, b0, c40);
    c41 = fma(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = fma(x, b0, c50);
    c51 = fma(x, b1, c51);
  }
  const more = width > 4 ? width - 4 : 0;
  storeRow(out, c00, c01, width, more);
  if (rows > 1) storeRow(out + right, c10, c11, width, more);
  if (rows > 2) storeRow(out + 2 * right, c20, c21, width, more);
  if (rows > 3) storeRow(out + 3 * right, c30, c31, width, more);
  if (rows > 4) storeRow(out + 4 * right, c40, c41, width, more);
  if (rows > 5) storeRow(out + 5 * right, c50, c51, width, more);
}

@inline
function storeRow(to: usize, first: v128, second: v128, width: usize, more: usize): void {
  store(to, first, width);
  store(to + 16, second, more);
}
