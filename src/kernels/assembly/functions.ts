/**
 * e^x, the logistic function, tanh and the softplus, each to 2 units in the last place, and their derivatives. All rest on
 *   e^x = 2ⁿ e^r,  n = x / ln 2 rounded,  e^r by a polynomial for |r| ≤ ½ ln 2.
 * Arguments beyond ±87, where float32 ends, are taken as ±87. What is not a number stays so.
 */
import { Constant, constant } from './constants';
import { bytesOf, fma, load, rest, store, times } from './lanes';

/** e^x for |x| ≤ 87. */
@inline
function exp(x: v128): v128 {
  const shifted = fma(x, constant(Constant.inverseLn2), constant(Constant.exponents));
  const n = f32x4.sub(shifted, constant(Constant.exponents));
  const scale = i32x4.shl(shifted, 23);
  const r = fma(n, constant(Constant.ln2Low), fma(n, constant(Constant.ln2High), x));
  let q = fma(constant(Constant.exp6), r, constant(Constant.exp5));
  q = fma(q, r, constant(Constant.exp4));
  q = fma(q, r, constant(Constant.exp3));
  q = fma(q, r, constant(Constant.exp2));
  const p = fma(times(r, r), q, r);
  return fma(scale, p, scale);
}

/** e^x for x ≤ 0. */
@inline
export function expOfNegative(x: v128): v128 {
  return exp(f32x4.pmax(x, constant(Constant.lowest)));
}

/** σ(x) = 1 / (1 + e^−x) */
@inline
export function logistic(x: v128): v128 {
  const y = f32x4.pmin(f32x4.pmax(x, constant(Constant.lowest)), constant(Constant.highest));
  const e = exp(v128.xor(y, constant(Constant.signBit)));
  return f32x4.div(constant(Constant.one), f32x4.add(constant(Constant.one), e));
}

/** tanh x */
@inline
export function tanh(x: v128): v128 {
  return tanhFrom(x, expOfDouble(x));
}

/** e = e^(−2|x|), what `tanhFrom` and `slopeFrom` share. */
@inline
export function expOfDouble(x: v128): v128 {
  return expOfNegative(v128.or(f32x4.add(x, x), constant(Constant.signBit)));
}

/** |tanh x| = 1 − 2e / (1 + e);  below 0.625, where that would lose digits, x + x³ P(x²). */
@inline
export function tanhFrom(x: v128, e: v128): v128 {
  const one = constant(Constant.one);
  const size = f32x4.sub(one, f32x4.div(f32x4.add(e, e), f32x4.add(one, e)));
  const large = v128.or(size, v128.and(x, constant(Constant.signBit)));
  const z = times(x, x);
  let p = fma(constant(Constant.tanh11), z, constant(Constant.tanh9));
  p = fma(p, z, constant(Constant.tanh7));
  p = fma(p, z, constant(Constant.tanh5));
  p = fma(p, z, constant(Constant.tanh3));
  const small = fma(times(x, z), p, x);
  return v128.bitselect(small, large, f32x4.lt(z, constant(Constant.tanhBorder)));
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e),  e = e^−|x|;  ln(1 + e) = 2 artanh(e / (2 + e)), so that what is small keeps its digits. */
@inline
export function softplus(x: v128): v128 {
  const e = expOfNegative(v128.or(x, constant(Constant.signBit)));
  const ratio = f32x4.div(e, f32x4.add(constant(Constant.two), e));
  const z = times(ratio, ratio);
  let p = fma(constant(Constant.atanh13), z, constant(Constant.atanh11));
  p = fma(p, z, constant(Constant.atanh9));
  p = fma(p, z, constant(Constant.atanh7));
  p = fma(p, z, constant(Constant.atanh5));
  p = fma(p, z, constant(Constant.atanh3));
  const half = fma(times(ratio, z), p, ratio);
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), f32x4.add(half, half));
}

/** φ(x) = x σ(x), from s = σ(x). */
@inline
export function slopeOfSilu(x: v128, s: v128): v128 {
  return times(s, fma(x, rest(s), constant(Constant.one)));
}

/** 1 − tanh² x = 4e / (1 + e)²: to the last digits even where tanh is saturated. */
@inline
export function slopeFrom(e: v128): v128 {
  const sum = f32x4.add(constant(Constant.one), e);
  const twice = f32x4.add(e, e);
  return f32x4.div(f32x4.add(twice, twice), times(sum, sum));
}

/** tanh′ from h = tanh a:  1 − h², without losing what is left of it near ±1. */
@inline
export function slopeOfTanh(h: v128): v128 {
  return times(rest(h), f32x4.add(constant(Constant.one), h));
}

/** σ′ from s = σ(a). */
@inline
export function slopeOfLogistic(s: v128): v128 {
  return times(s, rest(s));
}

/** out = σ(x), n elements. */
export function applyLogistic(out: usize, x: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, logistic(v128.load(x + at)));
  store(out + whole, logistic(load(x + whole, n & 3)), n & 3);
}

/** x ← σ(x + y), n elements. */
export function applyLogisticToSum(x: usize, y: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(x + at, logistic(f32x4.add(v128.load(x + at), v128.load(y + at))));
  store(x + whole, logistic(f32x4.add(load(x + whole, n & 3), load(y + whole, n & 3))), n & 3);
}

/** out = tanh(x), n elements. */
export function applyTanh(out: usize, x: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, tanh(v128.load(x + at)));
  store(out + whole, tanh(load(x + whole, n & 3)), n & 3);
}
