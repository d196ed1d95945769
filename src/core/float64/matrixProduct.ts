/** Products of float64 matrices of many rows, by the kernels: an order of magnitude faster than loops. */
import { at } from '../../kernels/arena';
import type { Floats } from '../model/trace';
import { workspace } from './workspace';

/** A matrix inside an array, row-major: element (i, j) is values[at + i · stride + j]. */
export interface Matrix<V extends Floats = Floats> {
  readonly values: V;
  readonly at: number;
  /** From row to row. */
  readonly stride: number;
}

/** All of an array, with so many columns. */
export function matrix<V extends Floats>(values: V, columns: number): Matrix<V> {
  return { values, at: 0, stride: columns };
}

/** Columns of one panel: `panelWidth` of src/kernels/assembly/product64.ts. */
const panelWidth = 4;

/** out[m, n] += a[m, k] · b[k, n]. */
export function addProduct(out: Matrix<Float64Array>, a: Matrix, b: Matrix, m: number, n: number, k: number): void {
  product(out, a, b, b.stride, 1, m, n, k);
}

/** out[m, n] += a[m, k] · b[n, k]ᵀ. */
export function addProductOfTransposed(
  out: Matrix<Float64Array>,
  a: Matrix,
  b: Matrix,
  m: number,
  n: number,
  k: number,
): void {
  product(out, a, b, 1, b.stride, m, n, k);
}

/** out[m, n] += a[k, m]ᵀ · b[k, n]. */
export function addTransposedProduct(
  out: Matrix<Float64Array>,
  a: Matrix,
  b: Matrix,
  m: number,
  n: number,
  k: number,
): void {
  const transposed = new Float64Array(m * k);
  for (let l = 0; l < k; l++) for (let i = 0; i < m; i++) transposed[i * k + l] = a.values[a.at + l * a.stride + i];
  addProduct(out, matrix(transposed, k), b, m, n, k);
}

/** @param down from b's element (l, j) to (l + 1, j)  @param right to (l, j + 1) */
function product(
  out: Matrix<Float64Array>,
  a: Matrix,
  b: Matrix,
  down: number,
  right: number,
  m: number,
  n: number,
  k: number,
): void {
  if (m === 0 || n === 0 || k === 0) return;
  const ofPanels = Math.ceil(n / panelWidth) * panelWidth * k;
  const space = workspace([ofPanels, m * k, m * n]);
  const [panels, left, sums] = [space.room(ofPanels), space.room(m * k), space.room(m * n)];
  pack(panels, b, down, right, n, k);
  copyRows(left, 0, k, a.values, a.at, a.stride, m, k);
  copyRows(sums, 0, n, out.values, out.at, out.stride, m, n);
  space.kernels.multiplyAddFused64(at(sums), n, at(left), k, at(panels), 8 * panelWidth * k, m, n, k);
  copyRows(out.values, out.at, out.stride, sums, 0, n, m, n);
}

/** In panels of four columns, k × 4 each, the last one padded with zeros. */
function pack(panels: Float64Array, { values, at: first }: Matrix, down: number, right: number, n: number, k: number) {
  for (let j = 0; j < n; j += panelWidth) {
    const width = Math.min(panelWidth, n - j);
    if (width < panelWidth) panels.fill(0, j * k, (j + panelWidth) * k);
    for (let column = 0; column < width; column++)
      for (let l = 0, from = first + (j + column) * right, to = j * k + column; l < k; l++, from += down, to += panelWidth)
        panels[to] = values[from];
  }
}

/** @param stride from row to row, as `fromStride` */
function copyRows(
  to: Float64Array,
  toAt: number,
  stride: number,
  from: Floats,
  fromAt: number,
  fromStride: number,
  rows: number,
  width: number,
): void {
  if (stride === width && fromStride === width) {
    to.set(from.subarray(fromAt, fromAt + rows * width), toAt);
    return;
  }
  for (let row = 0; row < rows; row++)
    for (let i = 0, source = fromAt + row * fromStride, target = toAt + row * stride; i < width; i++)
      to[target + i] = from[source + i];
}
