/**
 * The right-hand matrix of a product, [k, n]: panels of eight columns, k × 8 each, the last one padded with zeros. A panel is read
 * straight through, and stays in the nearest cache for all rows of the left-hand matrix.
 */
import { bytesOf } from './lanes';

export const panelWidth: usize = 8;

/** Bytes of a panel of k rows. */
@inline
export function panelBytes(k: usize): usize {
  return k << 5;
}

/** Element (l, j) is from[l · rowStride + j · columnStride]; strides in elements. */
export function pack(to: usize, from: usize, k: usize, n: usize, rowStride: usize, columnStride: usize): void {
  const right = bytesOf(columnStride);
  const down = bytesOf(rowStride);
  for (let j: usize = 0; j < n; j += panelWidth) {
    const width = min(panelWidth, n - j);
    for (let l: usize = 0; l < k; l++, to += 32) {
      const row = from + l * down + j * right;
      if (width === panelWidth && columnStride === 1) {
        v128.store(to, v128.load(row));
        v128.store(to, v128.load(row, 16), 16);
      } else {
        for (let c: usize = 0; c < panelWidth; c++) f32.store(to + bytesOf(c), c < width ? f32.load(row + c * right) : 0);
      }
    }
  }
}
