/** Lengths and logarithms of vectors in an arena. */
import { at, type Arena } from '../../kernels/arena';

/** ‖values‖₂. */
export function lengthOf(arena: Arena, values: Float32Array): number {
  return Math.sqrt(arena.kernels.sumOfSquares(at(values), values.length));
}

/** log₁₀ of e^logScale · length. */
export function log10Of(length: number, logScale: number): number {
  return (Math.log(length) + logScale) / Math.LN10;
}
