/**
 * GELU (Hendrycks & Gimpel 2016), the exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ:
 *   Φ(−|x|) = e^(−x²/2) P(1 / (1 + 0.3 |x|)),  P a polynomial with a relative error of 6e−8;  φ(x) = e^(−x²/2) / √(2π)
 */
import { Constant, constant } from './constants';
import { expOfNegative } from './functions';
import { bytesOf, fma, load, rest, store, storeGradient, times } from './lanes';

/** out = gelu x, n elements; out may be x. */
export function geluForward(out: usize, x: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, gelu(v128.load(x + at)));
  store(out + whole, gelu(load(x + whole, n & 3)), n & 3);
}

/** d ← d ⊙ gelu′ x, n elements: from the gradient of what the function gives to that of what it takes. */
export function geluBackward(d: usize, x: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) storeGradient(d + at, times(v128.load(d + at), slope(v128.load(x + at))), 4);
  storeGradient(d + whole, times(load(d + whole, n & 3), slope(load(x + whole, n & 3))), n & 3);
}

@inline
function gelu(x: v128): v128 {
  return times(x, cumulative(x, bell(x)));
}

@inline
function slope(x: v128): v128 {
  const e = bell(x);
  return fma(times(x, constant(Constant.densityOfZero)), e, cumulative(x, e));
}

/** e^(−x²/2) */
@inline
function bell(x: v128): v128 {
  return expOfNegative(times(times(x, x), constant(Constant.minusHalf)));
}

/** Φ(x), from e^(−x²/2). */
@inline
function cumulative(x: v128, e: v128): v128 {
  const one = constant(Constant.one);
  const u = f32x4.div(one, fma(f32x4.abs(x), constant(Constant.tailSlope), one));
  let p = fma(constant(Constant.tail8), u, constant(Constant.tail7));
  p = fma(p, u, constant(Constant.tail6));
  p = fma(p, u, constant(Constant.tail5));
  p = fma(p, u, constant(Constant.tail4));
  p = fma(p, u, constant(Constant.tail3));
  p = fma(p, u, constant(Constant.tail2));
  p = fma(p, u, constant(Constant.tail1));
  p = fma(p, u, constant(Constant.tail0));
  const tail = times(p, e);
  return v128.bitselect(tail, rest(tail), f32x4.lt(x, f32x4.splat(0)));
}
