/**
 * GELU (Hendrycks & Gimpel 2016). The exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ:
 *   Φ(−|x|) = e^(−x²/2) P(1 / (1 + 0.3 |x|)),  P a polynomial with a relative error of 6e−8;  φ(x) = e^(−x²/2) / √(2π)
 * GPT-2's approximation: gelu x = ½ x (1 + tanh a) = x σ(2a), 2a = 2 √(2/π) (x + 0.044715 x³).
 */
import { Constant, constant } from './constants';
import { expOfNegative, logistic } from './functions';
import { addToColumns, bytesOf, fma, load, rest, store, storeGradient, times } from './lanes';

/** x ← gelu(x + bias), [rows, n]; bias [n]. */
export function geluForward(rows: usize, n: usize, x: usize, bias: usize): void {
  forward(rows, n, x, bias, x, false, false);
}

/** `geluForward` by GPT-2's approximation. */
export function geluTanhForward(rows: usize, n: usize, x: usize, bias: usize): void {
  forward(rows, n, x, bias, x, true, false);
}

/** out = gelu(x + bias), and x ← gelu′(x + bias), which takes little more time than the first alone. */
export function geluAndSlope(rows: usize, n: usize, x: usize, bias: usize, out: usize): void {
  forward(rows, n, x, bias, out, false, true);
}

/** `geluAndSlope` by GPT-2's approximation. */
export function geluTanhAndSlope(rows: usize, n: usize, x: usize, bias: usize, out: usize): void {
  forward(rows, n, x, bias, out, true, true);
}

/**
 * d ← d ⊙ slopes, [rows, n]: from the gradient of what the function gives to that of what it takes.
 * @param sums Float64[n]: += the columns' sums of what d then is
 */
export function geluBackward(rows: usize, n: usize, d: usize, slopes: usize, sums: usize): void {
  const whole = bytesOf(n & ~3);
  const row = bytesOf(n);
  for (let i: usize = 0; i < rows; i++, slopes += row, d += row) {
    for (let at: usize = 0; at < whole; at += 16) unitsBack(d + at, slopes + at, sums + 2 * at, 4);
    unitsBack(d + whole, slopes + whole, sums + 2 * whole, n & 3);
  }
}

@inline
function unitsBack(d: usize, slopes: usize, sums: usize, lanes: usize): void {
  if (!lanes) return;
  const gradient = times(load(d, lanes), load(slopes, lanes));
  storeGradient(d, gradient, lanes);
  addToColumns(sums, gradient, lanes);
}

/** @param isTanh and @param hasSlope are known when it is compiled: each form has its own loop, without a branch */
@inline
function forward(rows: usize, n: usize, x: usize, bias: usize, out: usize, isTanh: bool, hasSlope: bool): void {
  const whole = bytesOf(n & ~3);
  const row = bytesOf(n);
  for (let i: usize = 0; i < rows; i++, x += row, out += row) {
    for (let at: usize = 0; at < whole; at += 16) units(x + at, bias + at, out + at, 4, isTanh, hasSlope);
    units(x + whole, bias + whole, out + whole, n & 3, isTanh, hasSlope);
  }
}

@inline
function units(at: usize, bias: usize, out: usize, lanes: usize, isTanh: bool, hasSlope: bool): void {
  if (!lanes) return;
  const x = f32x4.add(load(at, lanes), load(bias, lanes));
  const square = times(x, x);
  if (isTanh) {
    const s = logistic(doubledArgument(x, square));
    if (hasSlope) store(at, slopeTanh(x, square, s), lanes);
    store(out, times(x, s), lanes);
  } else {
    const e = expOfNegative(times(square, constant(Constant.minusHalf)));
    const cumulative = cumulativeOf(x, e);
    if (hasSlope) store(at, fma(times(x, constant(Constant.densityOfZero)), e, cumulative), lanes);
    store(out, times(x, cumulative), lanes);
  }
}

/** Φ(x), from e^(−x²/2). */
@inline
function cumulativeOf(x: v128, e: v128): v128 {
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

/** σ(2a) + x σ′(2a) (2a)′, (2a)′ = 2 √(2/π) (1 + 3 · 0.044715 x²), from x² and s = σ(2a). */
@inline
function slopeTanh(x: v128, square: v128, s: v128): v128 {
  const cubic = times(constant(Constant.geluCubic), square);
  const inner = times(constant(Constant.geluScale), fma(f32x4.splat(3), cubic, constant(Constant.one)));
  return fma(times(x, inner), times(s, rest(s)), s);
}

/** 2a, from x and x². */
@inline
function doubledArgument(x: v128, square: v128): v128 {
  return times(times(constant(Constant.geluScale), x), fma(constant(Constant.geluCubic), square, constant(Constant.one)));
}
