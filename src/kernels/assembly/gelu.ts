/**
 * GELU (Hendrycks & Gimpel 2016), the exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ:
 *   Φ(−|x|) = e^(−x²/2) P(1 / (1 + 0.3 |x|)),  P a polynomial with a relative error of 6e−8;  φ(x) = e^(−x²/2) / √(2π)
 */
import { Constant, constant } from './constants';
import { expOfNegative } from './functions';
import { addToColumns, bytesOf, fma, load, rest, store, storeGradient, times } from './lanes';

/** out = gelu(x + bias), [rows, n]; bias [n]; out may be x. */
export function geluForward(rows: usize, n: usize, x: usize, bias: usize, out: usize): void {
  const whole = bytesOf(n & ~3);
  const row = bytesOf(n);
  for (let i: usize = 0; i < rows; i++, x += row, out += row) {
    for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, gelu(f32x4.add(v128.load(x + at), v128.load(bias + at))));
    store(out + whole, gelu(f32x4.add(load(x + whole, n & 3), load(bias + whole, n & 3))), n & 3);
  }
}

/**
 * d ← d ⊙ gelu′(x + bias), [rows, n]: from the gradient of what the function gives to that of what it takes.
 * @param sums Float64[n]: += the columns' sums of what d then is
 */
export function geluBackward(rows: usize, n: usize, d: usize, x: usize, bias: usize, sums: usize): void {
  const whole = bytesOf(n & ~3);
  const row = bytesOf(n);
  for (let i: usize = 0; i < rows; i++, x += row, d += row) {
    for (let at: usize = 0; at < whole; at += 16) unitsBack(d + at, x + at, bias + at, sums + 2 * at, 4);
    unitsBack(d + whole, x + whole, bias + whole, sums + 2 * whole, n & 3);
  }
}

@inline
function unitsBack(d: usize, x: usize, bias: usize, sums: usize, lanes: usize): void {
  if (!lanes) return;
  const gradient = times(load(d, lanes), slope(f32x4.add(load(x, lanes), load(bias, lanes))));
  storeGradient(d, gradient, lanes);
  addToColumns(sums, gradient, lanes);
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
