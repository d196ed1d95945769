/** Products of float64 matrices of many rows: an order of magnitude faster than loops. By the kernels, or, if they are large, by whoever is faster. */
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

/** What computes large products faster than the kernels. */
export interface LargeProducts {
  /** out[m, n] = a[m, k] · b[k, n], or with aᵀ of a[k, m], or bᵀ of b[n, k]; all of them without gaps, and no longer than that. @param bias [n], added to every row */
  multiply(
    out: Float64Array,
    a: Float64Array,
    b: Float64Array,
    m: number,
    n: number,
    k: number,
    transposed: Transposed,
    bias?: Float64Array,
  ): void;
}

export type Transposed = 'none' | 'a' | 'b';

const noBias = new Float64Array(0);

let large: LargeProducts | null = null;

/** From now on, in this process. */
export function useLargeProducts(products: LargeProducts): void {
  large = products;
}

/** Multiply-adds up to which the kernels have done before another library has begun. */
const maxForKernels = 1e6;
/** Of what is handed to it, where it does not lie without gaps. */
const copies = { a: new Float64Array(0), b: new Float64Array(0), out: new Float64Array(0) };

/** Columns of one panel: `panelWidth` of src/kernels/assembly/product64.ts. */
export const panelWidth = 4;

/** out[m, n] += a[m, k] · b[k, n]. */
export function addProduct(out: Matrix<Float64Array>, a: Matrix, b: Matrix, m: number, n: number, k: number): void {
  product(out, a, b, b.stride, 1, m, n, k);
}

/** Whether another library does the large ones. */
export function hasLargeProducts(): boolean {
  return large !== null;
}

/** out[m, n] = a[m, k] · b[k, n]. @param work multiply-adds above which another library does it, if there is one */
export function setProduct(
  out: Matrix<Float64Array>,
  a: Matrix,
  b: Matrix,
  m: number,
  n: number,
  k: number,
  work = maxForKernels,
): void {
  const { values, at: first, stride } = out;
  if (large && stride === n && m * n * k > work) {
    const [left, right] = [withoutGaps('a', a, m, k), withoutGaps('b', b, k, n)];
    large.multiply(values.subarray(first, first + m * n), left, right, m, n, k, 'none');
    return;
  }
  for (let row = 0; row < m; row++) values.fill(0, first + row * stride, first + row * stride + n);
  addProduct(out, a, b, m, n, k);
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

/** out[m, n] = a[m, k] · b[n, k]ᵀ + bias in every row, out without gaps. @param bias [n]; without numbers for none */
export function setProductOfTransposed(
  out: Float64Array,
  a: Matrix,
  b: Matrix,
  m: number,
  n: number,
  k: number,
  bias: Floats = noBias,
): void {
  if (!large || m * n * k <= maxForKernels) {
    if (bias.length > 0) for (let row = 0; row < m; row++) out.set(bias, row * n);
    else out.fill(0);
    addProductOfTransposed(matrix(out, n), a, b, m, n, k);
    return;
  }
  const [left, right] = [withoutGaps('a', a, m, k), withoutGaps('b', b, n, k)];
  large.multiply(out, left, right, m, n, k, 'b', bias.length > 0 ? Float64Array.from(bias) : undefined);
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
  if (large && m * n * k > maxForKernels) {
    largeProduct(large, out, a, b, 'a', m, n, k);
    return;
  }
  const transposed = new Float64Array(m * k);
  for (let l = 0; l < k; l++) for (let i = 0; i < m; i++) transposed[i * k + l] = a.values[a.at + l * a.stride + i];
  addProduct(out, matrix(transposed, k), b, m, n, k);
}

/** out[m, n] = a[k, m]ᵀ · b[k, n], out without gaps. */
export function setTransposedProduct(out: Float64Array, a: Matrix, b: Matrix, m: number, n: number, k: number): void {
  if (large && m * n * k > maxForKernels) {
    large.multiply(out, withoutGaps('a', a, k, m), withoutGaps('b', b, k, n), m, n, k, 'a');
    return;
  }
  out.fill(0);
  addTransposedProduct(matrix(out, n), a, b, m, n, k);
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
  if (large && m * n * k > maxForKernels)
    largeProduct(large, out, a, b, down === 1 && right !== 1 ? 'b' : 'none', m, n, k);
  else productByKernels(out, a, b, down, right, m, n, k);
}

function largeProduct(
  products: LargeProducts,
  out: Matrix<Float64Array>,
  a: Matrix,
  b: Matrix,
  transposed: Transposed,
  m: number,
  n: number,
  k: number,
): void {
  const left = transposed === 'a' ? withoutGaps('a', a, k, m) : withoutGaps('a', a, m, k);
  const right = transposed === 'b' ? withoutGaps('b', b, n, k) : withoutGaps('b', b, k, n);
  const product = roomFor('out', m * n);
  products.multiply(product, left, right, m, n, k, transposed);
  const { values, at: first, stride } = out;
  if (stride === n) {
    for (let i = 0, to = first; i < product.length; i++, to++) values[to] += product[i];
    return;
  }
  for (let row = 0; row < m; row++)
    for (let j = 0, from = row * n, to = first + row * stride; j < n; j++) values[to + j] += product[from + j];
}

function withoutGaps(
  name: keyof typeof copies,
  { values, at: first, stride }: Matrix,
  rows: number,
  columns: number,
): Float64Array {
  if (stride === columns && values instanceof Float64Array) return values.subarray(first, first + rows * columns);
  const copy = roomFor(name, rows * columns);
  copyRows(copy, 0, columns, values, first, stride, rows, columns);
  return copy;
}

function roomFor(name: keyof typeof copies, length: number): Float64Array {
  if (copies[name].length < length) copies[name] = new Float64Array(Math.max(length, 2 * copies[name].length));
  return copies[name].subarray(0, length);
}

/** @param down and @param right as in `product` */
function productByKernels(
  out: Matrix<Float64Array>,
  a: Matrix,
  b: Matrix,
  down: number,
  right: number,
  m: number,
  n: number,
  k: number,
): void {
  const ofPanels = Math.ceil(n / panelWidth) * panelWidth * k;
  const space = workspace([ofPanels, m * k, m * n]);
  const [panels, left, sums] = [space.room(ofPanels), space.room(m * k), space.room(m * n)];
  packPanels(panels, b, down, right, n, k);
  copyRows(left, 0, k, a.values, a.at, a.stride, m, k);
  copyRows(sums, 0, n, out.values, out.at, out.stride, m, n);
  space.kernels.multiplyAddFused64(at(sums), n, at(left), k, at(panels), 8 * panelWidth * k, m, n, k);
  copyRows(out.values, out.at, out.stride, sums, 0, n, m, n);
}

/** b [k, n] in panels of four columns, k × 4 each, the last one padded with zeros, as the kernels' product takes it. @param down and @param right as in `product` */
export function packPanels(
  panels: Float64Array,
  { values, at: first }: Matrix,
  down: number,
  right: number,
  n: number,
  k: number,
): void {
  for (let j = 0; j < n; j += panelWidth) {
    const width = Math.min(panelWidth, n - j);
    if (width < panelWidth) panels.fill(0, j * k, (j + panelWidth) * k);
    for (let l = 0, from = first + j * right, to = j * k; l < k; l++, from += down, to += panelWidth)
      for (let column = 0, source = from; column < width; column++, source += right)
        panels[to + column] = values[source];
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
