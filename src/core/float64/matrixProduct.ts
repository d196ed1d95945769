/**
 * Products of float64 matrices of many rows, by the kernels where that pays: an order of magnitude faster than loops, with their bits. The kernels' memory is kept
 * and grows with what it is asked for; nothing of it is held between calls.
 */
import { Arena, at } from '../../kernels/arena';
import type { Floats } from '../model/trace';

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
/** Doubles of the kernels' memory at first. */
const initialDoubles = 1 << 18;

let arena: Arena | null = null;
let memory: Float64Array = new Float64Array(0);

/** out[m, n] += a[m, k] · b[k, n]. */
export function addProduct(out: Matrix<Float64Array>, a: Matrix, b: Matrix, m: number, n: number, k: number): void {
  product(out, a, b, m, n, k, (element, l, j) => element.at + l * element.stride + j);
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
  product(out, a, b, m, n, k, (element, l, j) => element.at + j * element.stride + l);
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

/** @param place of b's element (l, j) */
function product(
  out: Matrix<Float64Array>,
  a: Matrix,
  b: Matrix,
  m: number,
  n: number,
  k: number,
  place: (b: Matrix, l: number, j: number) => number,
): void {
  if (m === 0 || n === 0 || k === 0) return;
  const panels = Math.ceil(n / panelWidth) * panelWidth * k;
  const ofA = panels;
  const ofOut = ofA + m * k;
  const { kernels } = reserve(ofOut + m * n);
  const { values } = b;
  for (let j = 0; j < n; j++) {
    const panel = (j - (j % panelWidth)) * k + (j % panelWidth);
    const first = place(b, 0, j);
    const step = k > 1 ? place(b, 1, j) - first : 0;
    for (let l = 0, from = first; l < k; l++, from += step) memory[panel + l * panelWidth] = values[from];
  }
  for (let j = n; j < Math.ceil(n / panelWidth) * panelWidth; j++) {
    const panel = (j - (j % panelWidth)) * k + (j % panelWidth);
    for (let l = 0; l < k; l++) memory[panel + l * panelWidth] = 0;
  }
  for (let i = 0; i < m; i++) {
    memory.set(a.values.subarray(a.at + i * a.stride, a.at + i * a.stride + k), ofA + i * k);
    memory.set(out.values.subarray(out.at + i * out.stride, out.at + i * out.stride + n), ofOut + i * n);
  }
  kernels.multiplyAdd64(at(memory, ofOut), n, at(memory, ofA), k, at(memory), 8 * panelWidth * k, m, n, k);
  for (let i = 0; i < m; i++)
    out.values.set(memory.subarray(ofOut + i * n, ofOut + (i + 1) * n), out.at + i * out.stride);
}

function reserve(doubles: number): Arena {
  if (arena && memory.length >= doubles) return arena;
  const length = Math.max(initialDoubles, 2 * memory.length, doubles);
  arena = Arena.ofSize(8 * length);
  memory = arena.doubles(length);
  return arena;
}
