/**
 * GELU (Hendrycks & Gimpel 2016). The exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ:
 *   Φ(−|x|) = e^(−x²/2) P(1 / (1 + 0.3 |x|)),  P a polynomial with a relative error of 6e−8;  φ(x) = e^(−x²/2) / √(2π)
 * GPT-2's approximation: gelu x = ½ x (1 + tanh a) = x σ(2a), 2a = 2 √(2/π) (x + 0.044715 x³).
 */
import { Constant, constant } from './constants';
import { expOfNegative, logistic } from './functions';
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

/** The same by GPT-2's approximation. */
export function geluTanhForward(out: usize, x: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, geluTanh(v128.load(x + at)));
  store(out + whole, geluTanh(load(x + whole, n & 3)), n & 3);
}

/** The same by GPT-2's approximation. */
export function geluTanhBackward(d: usize, x: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) storeGradient(d + at, times(v128.load(d + at), slopeTanh(v128.load(x + at))), 4);
  storeGradient(d + whole, times(load(d + whole, n & 3), slopeTanh(load(x + whole, n & 3))), n & 3);
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

@inline
function geluTanh(x: v128): v128 {
  return times(x, logistic(doubledArgument(x, times(x, x))));
}

/** σ(2a) + x σ′(2a) (2a)′, (2a)′ = 2 √(2/π) (1 + 3 · 0.044715 x²). */
@inline
function slopeTanh(x: v128): v128 {
  const square = times(x, x);
  const s = logistic(doubledArgument(x, square));
  const cubic = times(constant(Constant.geluCubic), square);
  const inner = times(constant(Constant.geluScale), fma(f32x4.splat(3), cubic, constant(Constant.one)));
  return fma(times(x, inner), times(s, rest(s)), s);
}

/** 2a, from x and x². */
@inline
function doubledArgument(x: v128, square: v128): v128 {
  return times(times(constant(Constant.geluScale), x), fma(constant(Constant.geluCubic), square, constant(Constant.one)));
}
