/**
 * The candidate of the minimal cells in float64, from its pre-activation u: u itself, or, of the option `positive`, g(u) = u + ½ for u ≥ 0 and σ(u)
 * otherwise (Feng et al. 2024, appendix B.3), whose derivative jumps from ¼ to 1 at u = 0.
 */
import { activationOf } from '../float64/activations';
import type { Float64Direction } from './float64Cell';

export const logistic = activationOf({ name: 'sigmoid', alpha: 1, beta: 0 }, null);

/** g(0): where the derivative of what is kept of a positive candidate jumps. */
export const kinkOfPositive = 0.5;

export function isPositive({ layer: { options } }: Float64Direction): boolean {
  return options['positive'] === true;
}

export function candidateOf(u: number, positive: boolean): number {
  if (!positive) return u;
  return u >= 0 ? u + kinkOfPositive : logistic.value(u);
}

export function slopeOfCandidate(u: number, positive: boolean): number {
  return positive && u < 0 ? logistic.slope(u, logistic.value(u)) : 1;
}

/** ln (1 + e^x) */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
