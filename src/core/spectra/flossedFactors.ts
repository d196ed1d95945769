/**
 * Flossing where every unit keeps a factor of its own of itself, which does not depend on the state: J_t is diagonal, and the Lyapunov exponents are the means of the
 * factors' logarithms, with no direction to be followed.
 */
import type { Float64Cell, Float64Direction } from '../layers/float64Cell';
import type { Flossed } from './flossed';

/** The k largest exponents of units, largest first. */
export function flossFactors(T: number, own: Float64Direction, cell: Float64Cell, k: number): Flossed {
  const H = own.layer.hiddenSize;
  const means = new Float64Array(H);
  const factors = new Float64Array(H);
  for (let t = 0; t < T; t++) {
    cell.logFactors?.(own, t, factors);
    for (let u = 0; u < H; u++) means[u] += factors[u] / T;
  }
  const units = Array.from(means.keys())
    .sort((a, b) => means[b] - means[a])
    .slice(0, k);
  return {
    exponents: Float64Array.from(units, (u) => means[u]),
    back({ preActivations }) {
      const gradient = new Float64Array(H);
      for (const u of units) gradient[u] = (2 * means[u]) / T;
      const rows = preActivations.length / T;
      for (let t = 0; t < T; t++)
        cell.logFactorsBack?.(own, t, gradient, preActivations.subarray(t * rows, (t + 1) * rows));
    },
  };
}
