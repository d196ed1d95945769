/**
 * The candidate of the minimal cells, from its pre-activation u: u itself, or, where `positive` is set, g(u) = u + ½ for u ≥ 0 and σ(u) otherwise, of
 * which logarithms can be taken.
 */
import { logistic, slopeOfLogistic } from './functions';

@inline
export function candidate(positive: usize, u: v128): v128 {
  if (!positive) return u;
  const zero = f32x4.splat(0);
  return v128.bitselect(logistic(u), f32x4.add(u, f32x4.splat(0.5)), f32x4.lt(u, zero));
}

/** g′ from g:  1 where g ≥ ½, σ (1 − σ) elsewhere. */
@inline
export function slopeOfCandidate(positive: usize, g: v128): v128 {
  const one = f32x4.splat(1);
  if (!positive) return one;
  return v128.bitselect(slopeOfLogistic(g), one, f32x4.lt(g, f32x4.splat(0.5)));
}
