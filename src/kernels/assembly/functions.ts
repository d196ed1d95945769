/**
 * e^x, the logistic function and tanh, each to 2 units in the last place. All rest on e^x for x ≤ 0:  x = n ln 2 + r, |r| ≤ ½ ln 2,
 * e^x = 2ⁿ (1 + p), p = e^r − 1 by a polynomial (Cephes' expf). Below e^−87, which float32 can hardly hold, they stay there.
 */
import { fma, rest, times } from './lanes';

/** e^x for x ≤ 0. */
@inline
export function expOfNegative(argument: v128): v128 {
  const x = f32x4.max(argument, f32x4.splat(-87));
  const n = wholeLogarithms(x);
  const scale = powerOfTwo(n);
  return fma(scale, expm1OfRest(x, n), scale);
}

/** σ(x) = 1 / (1 + e^−x) */
@inline
export function logistic(x: v128): v128 {
  const e = expOfNegative(f32x4.neg(f32x4.abs(x)));
  const one = f32x4.splat(1);
  const numerator = v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(one, e));
}

/** tanh x */
@inline
export function tanh(x: v128): v128 {
  const y = doubledAndNegative(x);
  const n = wholeLogarithms(y);
  return tanhFrom(x, expm1OfRest(y, n), powerOfTwo(n));
}

/** −2|x|: with y that, n = wholeLogarithms(y), p = expm1OfRest(y, n) and scale = powerOfTwo(n), `tanhFrom` and `slopeFrom` share their work. */
@inline
export function doubledAndNegative(x: v128): v128 {
  return f32x4.max(times(f32x4.abs(x), f32x4.splat(-2)), f32x4.splat(-87));
}

/** |tanh x| = −m / (2 + m),  m = e^y − 1 = scale · p + (scale − 1), which keeps its digits near 0 too. */
@inline
export function tanhFrom(x: v128, p: v128, scale: v128): v128 {
  const m = fma(scale, p, f32x4.sub(scale, f32x4.splat(1)));
  const size = f32x4.div(m, f32x4.sub(f32x4.splat(-2), m));
  return v128.bitselect(x, size, i32x4.splat(<i32>0x80000000));
}

/** 1 − tanh² x = 4e / (1 + e)²,  e = e^y: to the last digits even where tanh is saturated. */
@inline
export function slopeFrom(p: v128, scale: v128): v128 {
  const e = fma(scale, p, scale);
  const sum = f32x4.add(f32x4.splat(1), e);
  return f32x4.div(times(f32x4.splat(4), e), times(sum, sum));
}

/** tanh′ from h = tanh a:  1 − h², without losing what is left of it near ±1. */
@inline
export function slopeOfTanh(h: v128): v128 {
  return times(rest(h), f32x4.add(f32x4.splat(1), h));
}

/** σ′ from s = σ(a). */
@inline
export function slopeOfLogistic(s: v128): v128 {
  return times(s, rest(s));
}

/** n, the nearest whole number to x / ln 2. */
@inline
export function wholeLogarithms(x: v128): v128 {
  return f32x4.nearest(times(x, f32x4.splat(1.44269504)));
}

/** p = e^r − 1,  r = x − n ln 2. */
@inline
export function expm1OfRest(x: v128, n: v128): v128 {
  // ln 2 in two parts; the product with the first is exact in float32
  const r = fma(n, f32x4.splat(2.12194440e-4), fma(n, f32x4.splat(-0.693359375), x));
  let q = f32x4.splat(1.9875691500e-4);
  q = fma(q, r, f32x4.splat(1.3981999507e-3));
  q = fma(q, r, f32x4.splat(8.3334519073e-3));
  q = fma(q, r, f32x4.splat(4.1665795894e-2));
  q = fma(q, r, f32x4.splat(1.6666665459e-1));
  q = fma(q, r, f32x4.splat(5.0000001201e-1));
  return fma(times(r, r), q, r);
}

/** 2ⁿ, n from −126 to 127. */
@inline
export function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
}
