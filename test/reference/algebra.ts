/** Vectors and row-major matrices, as the equations write them. Every function returns a new vector. */
import type { Vector } from './model';

/** M x, with M [M.length / x.length, x.length]. */
export function multiply(M: Vector, x: Vector): Vector {
  const product = new Float64Array(M.length / x.length);
  for (let row = 0; row < product.length; row++)
    for (let column = 0; column < x.length; column++) product[row] += M[row * x.length + column] * x[column];
  return product;
}

/** Mᵀ d, with M [d.length, M.length / d.length]. */
export function multiplyTransposed(M: Vector, d: Vector): Vector {
  const columns = M.length / d.length;
  const product = new Float64Array(columns);
  for (let row = 0; row < d.length; row++)
    for (let column = 0; column < columns; column++) product[column] += M[row * columns + column] * d[row];
  return product;
}

/** target += d xᵀ. */
export function addOuter(target: Vector, d: Vector, x: Vector): void {
  for (let row = 0; row < d.length; row++)
    for (let column = 0; column < x.length; column++) target[row * x.length + column] += d[row] * x[column];
}

/** target += d. */
export function addTo(target: Vector, d: Vector): void {
  for (let k = 0; k < d.length; k++) target[k] += d[k];
}

/** f of the entries at each place, as in `map((f, c) => f * c, forget, cell)`. */
export function map(f: (...entries: number[]) => number, ...vectors: Vector[]): Vector {
  return vectors[0].map((_, k) => f(...vectors.map((values) => values[k])));
}

export const add = (...vectors: Vector[]): Vector =>
  vectors[0].map((_, k) => vectors.reduce((sum, vector) => sum + vector[k], 0));
export const times = (...vectors: Vector[]): Vector =>
  vectors[0].map((_, k) => vectors.reduce((product, vector) => product * vector[k], 1));
export const scale = (factor: number, x: Vector): Vector => x.map((entry) => factor * entry);
export const norm = (x: Vector): number => Math.hypot(...x);

export function dot(x: Vector, y: Vector): number {
  return x.reduce((sum, entry, k) => sum + entry * y[k], 0);
}

export function concatenate(...vectors: Vector[]): Vector {
  return Float64Array.from(vectors.flatMap((values) => [...values]));
}

/** x in `count` equal parts: the gate blocks of a pre-activation. */
export function split(x: Vector, count: number): Vector[] {
  const size = x.length / count;
  return Array.from({ length: count }, (_, part) => x.slice(part * size, (part + 1) * size));
}

export const sigmoid = (x: Vector): Vector => x.map((entry) => 1 / (1 + Math.exp(-entry)));
export const tanh = (x: Vector): Vector => x.map(Math.tanh);

export function oneHot(id: number, size: number): Vector {
  const x = new Float64Array(size);
  x[id] = 1;
  return x;
}
