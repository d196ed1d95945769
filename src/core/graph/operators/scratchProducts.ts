/** Large products of float64 matrices through the kernel: block by block, each copied into a memory that the kernel can reach and added from there. */
import { Arena, at } from '../../../kernels/arena';

/** A matrix inside an array: element (i, j) at `at` + i · rowStride + j · columnStride. */
export interface StridedMatrix {
  readonly data: Float64Array;
  readonly at: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** The largest block of each dimension: what the kernel works on stays in a core's own caches. */
const maxRows = 64;
const maxDepth = 256;
const maxColumns = 512;
/** Columns that the kernel takes at once. */
const panelWidth = 4;

interface Scratch {
  readonly arena: Arena;
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly out: Float64Array;
}

let made: Scratch | null = null;

/** Made when it is first needed, and the same for all: it keeps nothing from one product to the next. */
function scratch(): Scratch {
  return (made ??= Arena.build((arena) => ({
    arena,
    left: arena.doubles(maxRows * maxDepth),
    right: arena.doubles(maxDepth * maxColumns),
    out: arena.doubles(maxRows * maxColumns),
  })));
}

/**
 * C [rows, n] += A · B, of those rows of A and C, and those of its columns (rows of B) that are named.
 * @param C row-major, of n columns  @param rows of A and of C  @param depths columns of A, rows of B
 */
export function addScratchProduct(
  C: { readonly data: Float64Array; readonly at: number },
  A: StridedMatrix,
  B: StridedMatrix,
  rows: Int32Array,
  depths: Int32Array,
  n: number,
): void {
  const { arena, left, right, out } = scratch();
  for (let j = 0; j < n; j += maxColumns) {
    const columns = Math.min(maxColumns, n - j);
    for (let p = 0; p < depths.length; p += maxDepth) {
      const chosen = depths.subarray(p, p + maxDepth);
      const k = chosen.length;
      packRight(right, B, chosen, j, columns);
      for (let i = 0; i < rows.length; i += maxRows) {
        const block = rows.subarray(i, i + maxRows);
        const m = block.length;
        packLeft(left, A, block, chosen);
        // Whole rows that lie one behind the other are added to in one piece.
        const place = columns === n && isDense(block) ? C.at + block[0] * n : null;
        if (place === null) out.fill(0, 0, m * columns);
        else out.set(C.data.subarray(place, place + m * n));
        arena.kernels.multiplyAdd64(at(out), columns, at(left), k, at(right), 8 * panelWidth * k, m, columns, k);
        if (place === null) addBlock(C, out, block, j, columns, n);
        else C.data.set(out.subarray(0, m * n), place);
      }
    }
  }
}

/** Of ascending numbers, whether none is left out. */
function isDense(numbers: Int32Array): boolean {
  return numbers[numbers.length - 1] - numbers[0] === numbers.length - 1;
}

/** Panels of four columns, k × 4 each; of the last one the columns that are not there are zero. */
function packRight(
  to: Float64Array,
  { data, at: start, rowStride, columnStride }: StridedMatrix,
  depths: Int32Array,
  first: number,
  columns: number,
): void {
  let place = 0;
  for (let j = 0; j < columns; j += panelWidth) {
    const from = start + (first + j) * columnStride;
    const width = Math.min(panelWidth, columns - j);
    if (width === panelWidth) {
      for (let l = 0; l < depths.length; l++, place += panelWidth) {
        const row = from + depths[l] * rowStride;
        to[place] = data[row];
        to[place + 1] = data[row + columnStride];
        to[place + 2] = data[row + 2 * columnStride];
        to[place + 3] = data[row + 3 * columnStride];
      }
    } else {
      for (let l = 0; l < depths.length; l++, place += panelWidth) {
        const row = from + depths[l] * rowStride;
        for (let c = 0; c < panelWidth; c++) to[place + c] = c < width ? data[row + c * columnStride] : 0;
      }
    }
  }
}

function packLeft(
  to: Float64Array,
  { data, at: start, rowStride, columnStride }: StridedMatrix,
  rows: Int32Array,
  depths: Int32Array,
): void {
  const k = depths.length;
  const first = depths[0];
  if (columnStride === 1 && isDense(depths)) {
    if (k === rowStride && isDense(rows)) {
      const from = start + rows[0] * rowStride + first;
      to.set(data.subarray(from, from + rows.length * k));
      return;
    }
    for (let i = 0; i < rows.length; i++) {
      const from = start + rows[i] * rowStride + first;
      const place = i * k;
      for (let l = 0; l < k; l++) to[place + l] = data[from + l];
    }
    return;
  }
  for (let l = 0; l < k; l++) {
    const from = start + depths[l] * columnStride;
    for (let i = 0; i < rows.length; i++) to[i * k + l] = data[from + rows[i] * rowStride];
  }
}

function addBlock(
  { data, at: start }: { readonly data: Float64Array; readonly at: number },
  out: Float64Array,
  rows: Int32Array,
  first: number,
  columns: number,
  n: number,
): void {
  for (let i = 0; i < rows.length; i++) {
    const to = start + rows[i] * n + first;
    const from = i * columns;
    for (let j = 0; j < columns; j++) data[to + j] += out[from + j];
  }
}
