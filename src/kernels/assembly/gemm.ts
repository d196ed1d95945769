/**
 * A general product, for where no faster backend is available: both matrices are packed block by block, so that what the product reads lies
 * together in the caches (Goto & van de Geijn 2008).
 */
import { zero } from './elements';
import { bytesOf } from './lanes';
import { pack, panelBytes, panelWidth } from './panels';
import { multiplyBlock } from './product';
import { transposeBlock } from './transpose';

/** Size of the blocks: `k` and `n` of b, `m` of a. */
const innerBlock: usize = 256;
const columnBlock: usize = 512;
const rowBlock: usize = 96;

/**
 * out[m, n] (+)= a[m, k] · b[k, n]; out row-major, element (i, l) of a at a[i · aRowStride + l · aColumnStride], where one of the strides is 1; of b alike.
 * @param accumulate 0: out is overwritten  @param scratch `gemmScratchLength` elements
 */
export function gemm(
  out: usize, a: usize, b: usize, m: usize, n: usize, k: usize,
  aRowStride: usize, aColumnStride: usize, bRowStride: usize, bColumnStride: usize, accumulate: usize, scratch: usize,
): void {
  if (!accumulate) zero(out, m * n);
  for (let l: usize = 0; l < k; l += innerBlock) {
    const inner = min(innerBlock, k - l);
    const rows = scratch + bytesOf(inner * roundedToPanels(min(n, columnBlock)));
    for (let j: usize = 0; j < n; j += columnBlock) {
      const columns = min(columnBlock, n - j);
      pack(scratch, b + bytesOf(l * bRowStride + j * bColumnStride), inner, columns, bRowStride, bColumnStride);
      for (let i: usize = 0; i < m; i += rowBlock) {
        const height = min(rowBlock, m - i);
        const from = a + bytesOf(i * aRowStride + l * aColumnStride);
        const to = out + bytesOf(i * n + j);
        if (aColumnStride === 1) {
          multiplyBlock(to, n, from, aRowStride, scratch, panelBytes(inner), height, columns, inner, 1);
        } else {
          transposeBlock(rows, bytesOf(inner), from, bytesOf(aColumnStride), inner, height);
          multiplyBlock(to, n, rows, inner, scratch, panelBytes(inner), height, columns, inner, 1);
        }
      }
    }
  }
}

@inline
function roundedToPanels(n: usize): usize {
  return (n + panelWidth - 1) & ~(panelWidth - 1);
}
