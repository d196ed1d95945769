/** What the tests' mixers compute with: plain loops over arrays of either precision. */
import type { Float64Parameters } from '../../../src/core/layers/float64Mixer';

export type Numbers = Float32Array | Float64Array;

export function required<T>(parameters: Readonly<Partial<Record<string, T>>>, role: string): T {
  const found = parameters[role];
  if (found === undefined) throw new Error(`no parameter ${role}`);
  return found;
}

/** Of a parameter; where no gradient is wanted, an array that nobody reads. */
export function gradientOf(gradient: Float64Parameters, parameters: Float64Parameters, role: string): Float64Array {
  return gradient[role] ?? new Float64Array(required(parameters, role).length);
}

/** out[r] += Σ M[r, c] v[c], and out[c] += Σ M[r, c] v[r]. */
export function addProduct(
  out: Numbers,
  at: number,
  M: Numbers,
  v: Numbers,
  from: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[at + r] += M[r * columns + c] * v[from + c];
}

export function addTransposed(
  out: Numbers,
  at: number,
  M: Numbers,
  v: Numbers,
  from: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[at + c] += M[r * columns + c] * v[from + r];
}
