/**
 * GELU (Hendrycks & Gimpel 2016). The exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ:
 *   Φ(−|x|) = e^(−x²/2) P(1 / (1 + 0.3 |x|)),  P a polynomial with a relative error of 6e−8;  φ(x) = e^(−x²/2) / √(2π)
 * GPT-2's approximation: gelu x = ½ x (1 + tanh a) = x σ(2a), 2a = 2 √(2/π) (x + 0.044715 x³).
 */
import { Constant, constant } from './constants';
import { expOfNegative, logistic } from './functions';
import { addToColumns, bytesOf, fma, load, rest, store, storeGradient, times } from './lanes';

/** out = gelu(x + bias), [rows, n]; bias [n]; out may be x. */
export function geluForward(rows: usize, n: usize, x: usize, bias: usize, out: usize): void {
  forward(rows, n, x, bias, out, false);
}

/** `geluForward` by GPT-2's approximation. */
export function geluTanhForward(rows: usize, n: usize, x: usize, bias: usize, out: usize): void {
  forward(rows, n, x, bias, out, true);
}

/**
 * d ← d ⊙ gelu′(x + bias), [rows, n]: from the gradient of what the function gives to that of what it takes.
 * @param sums Float64[n]: += the columns' sums of what d then is
 */
export function geluBackward(rows: usize, n: usize, d: usize, x: usize, bias: usize, sums: usize): void {
  backward(rows, n, d, x, bias, sums, false);
}

/** `geluBackward` by GPT-2's approximation. */
export function geluTanhBackward(rows: usize, n: usize, d: usize, x: usize, bias: usize, sums: usize): void {
  backward(rows, n, d, x, bias, sums, true);
}

/** @param isTanh known when it is compiled: each form has its own loop, without a branch */
@inline
function forward(rows: usize, n: usize, x: usize, bias: usize, out: usize, isTanh: bool): void {
  const whole = bytesOf(n & ~3);
  const row = bytesOf(n);
  for (let i: usize = 0; i < rows; i++, x += row, out += row) {
    for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, value(f32x4.add(v128.load(x + at), v128.load(bias + at)), isTanh));
    store(out + whole, value(f32x4.add(load(x + whole, n & 3), load(bias + whole, n & 3)), isTanh), n & 3);
  }
}

@inline
function backward(rows: usize, n: usize, d: usize, x: usize, bias: usize, sums: usize, isTanh: bool): void {
  const whole = bytesOf(n & ~3);
  const row = bytesOf(n);
  for (let i: usize = 0; i < rows; i++, x += row, d += row) {
    for (let at: usize = 0; at < whole; at += 16) unitsBack(d + at, x + at, bias + at, sums + 2 * at, 4, isTanh);
    unitsBack(d + whole, x + whole, bias + whole, sums + 2 * whole, n & 3, isTanh);
  }
}

@inline
function unitsBack(d: usize, x: usize, bias: usize, sums: usize, lanes: usize, isTanh: bool): void {
  if (!lanes) return;
  const sum = f32x4.add(load(x, lanes), load(bias, lanes));
  const gradient = times(load(d, lanes), isTanh ? slopeTanh(sum) : slope(sum));
  storeGradient(d, gradient, lanes);
  addToColumns(sums, gradient, lanes);
}

@inline
function value(x: v128, isTanh: bool): v128 {
  return isTanh ? geluTanh(x) : gelu(x);
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
