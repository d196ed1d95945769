/** What the walks and the mixers do with scaled rows, in float64: see src/core/analysis/arrivals.ts. */
import type { Arithmetic } from '../analysis/arrivals';
import { lengthOf } from '../numeric';

/** log₁₀ of e^logScale · length. */
export function log10Of(length: number, logScale: number): number {
  return length === 0 ? -Infinity : Math.log10(length) + logScale * Math.LOG10E;
}

export class Float64Arithmetic implements Arithmetic<Float64Array> {
  readonly lengthOf = lengthOf;
  readonly log10Of = log10Of;
  readonly zeros = (length: number): Float64Array => new Float64Array(length);

  combine(
    out: Float64Array,
    outAt: number,
    alpha: number,
    a: Float64Array,
    aAt: number,
    beta: number,
    b: Float64Array,
    bAt: number,
    length: number,
  ): void {
    if (beta === 0) for (let i = 0; i < length; i++) out[outAt + i] = alpha * a[aAt + i];
    else for (let i = 0; i < length; i++) out[outAt + i] = alpha * a[aAt + i] + beta * b[bAt + i];
  }

  divide(values: Float64Array, at: number, length: number, divisor: number): void {
    for (let i = at; i < at + length; i++) values[i] /= divisor;
  }

  multiply(values: Float64Array, length: number, factor: number): void {
    for (let i = 0; i < length; i++) values[i] *= factor;
  }
}

/** For whoever has no walk at hand. */
export const float64Arithmetic = new Float64Arithmetic();
