/**
 * The right-hand matrix of a product, [k, n]: panels of eight columns, k × 8 each, the last one padded with zeros. A panel is read
 * straight through, and stays in the nearest cache for all rows of the left-hand matrix.
 */
import { bytesOf } from './lanes';
import { transposeFour } from './transpose';

export const panelWidth: usize = 8;

/** Bytes of a panel of k rows. */
@inline
export function panelBytes(k: usize): usize {
  return k << 5;
}

/** Element (l, j) is from[l · rowStride + j · columnStride]; strides in elements, one of them usually 1. */
export function pack(to: usize, from: usize, k: usize, n: usize, rowStride: usize, columnStride: usize): void {
  const down = bytesOf(rowStride);
  const right = bytesOf(columnStride);
  for (let j: usize = 0; j < n; j += panelWidth, to += panelBytes(k), from += panelWidth * right) {
    const whole = n - j >= panelWidth;
    if (whole && columnStride === 1) packRows(to, from, k, down);
    else if (whole && rowStride === 1) packColumns(to, from, k, right);
    else packElements(to, from, 0, k, min(panelWidth, n - j), down, right);
  }
}

/** From rows that lie together. */
function packRows(to: usize, from: usize, k: usize, down: usize): void {
  for (let l: usize = 0; l < k; l++, to += 32, from += down) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
}

/** From columns that lie together. */
function packColumns(to: usize, from: usize, k: usize, right: usize): void {
  const whole = k & ~3;
  for (let l: usize = 0; l < whole; l += 4) {
    transposeFour(to + panelBytes(l), 32, from + bytesOf(l), right);
    transposeFour(to + panelBytes(l) + 16, 32, from + bytesOf(l) + 4 * right, right);
  }
  packElements(to, from, whole, k, panelWidth, 4, right);
}

/** Rows `first` to `k` of a panel, of which the source has `width` columns. */
function packElements(to: usize, from: usize, first: usize, k: usize, width: usize, down: usize, right: usize): void {
  for (let l = first; l < k; l++) {
    for (let c: usize = 0; c < panelWidth; c++) f32.store(to + panelBytes(l) + bytesOf(c), c < width ? f32.load(from + l * down + c * right) : 0);
  }
}
