/** Vectors whose length is kept apart, so that nothing underflows or overflows however small or large they become. */
import { at, type Arena } from '../../kernels/arena';

/** The vector e^logScale · values; zero has logScale −∞. */
export interface Scaled {
  readonly values: Float32Array;
  logScale: number;
}

export function scaledVector(arena: Arena, length: number): Scaled {
  return { values: arena.floats(length), logScale: -Infinity };
}

/** Brings e^logScale · values (and what shares its scale) to unit length. */
export function normalize(arena: Arena, vector: Scaled, logScale: number, companion?: Float32Array): void {
  const length = Math.hypot(lengthOf(arena, vector.values), companion ? lengthOf(arena, companion) : 0);
  vector.logScale = logScale + Math.log(length);
  if (length === 0) return;
  arena.kernels.scale(at(vector.values), vector.values.length, 1 / length);
  if (companion) arena.kernels.scale(at(companion), companion.length, 1 / length);
}

/** ‖values‖₂. */
export function lengthOf(arena: Arena, values: Float32Array): number {
  return Math.sqrt(arena.kernels.sumOfSquares(at(values), values.length));
}

/** log₁₀ of e^logScale · length. */
export function log10Of(length: number, logScale: number): number {
  return (Math.log(length) + logScale) / Math.LN10;
}
