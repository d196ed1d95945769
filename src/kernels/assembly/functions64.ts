/**
 * e^x of what is not positive, the logistic function and the softplus in float64, each to a few units in the last place, two elements side by side. All rest on
 *   e^x = 2ⁿ e^r,  n = x / ln 2 rounded,  e^r by its series for |r| ≤ ½ ln 2.
 * Below −708, where float64's normal numbers end, e^x is 0. What is not a number stays so.
 */
import { load, madd, store } from './lanes64';

const enum Constant {
  one,
  signBit,
  lowest,
  inverseLn2,
  exponents,
  ln2High,
  ln2Low,
  exp13,
  exp12,
  exp11,
  exp10,
  exp9,
  exp8,
  exp7,
  exp6,
  exp5,
  exp4,
  exp3,
  exp2,
  two,
  atanh33,
  atanh31,
  atanh29,
  atanh27,
  atanh25,
  atanh23,
  atanh21,
  atanh19,
  atanh17,
  atanh15,
  atanh13,
  atanh11,
  atanh9,
  atanh7,
  atanh5,
  atanh3,
}

/** In memory, as those of constants.ts. */
const table = memory.data<f64>([
  1,
  -0.0,
  -708.39,
  1.4426950408889634,
  // Added to a float64, it leaves no place for a fraction; and the lowest bits of the sum are the whole number + 1023, an exponent as float64 has it.
  6755399441055744 + 1023,
  // ln 2 in two parts, with a minus; the product of a small whole number with the first is exact.
  -6.93147180369123816490e-1,
  -1.90821492927058770002e-10,
  // 1 / n!, from 13 down to 2: the next term is below 4e−18.
  1.0 / 6227020800.0,
  1.0 / 479001600.0,
  1.0 / 39916800.0,
  1.0 / 3628800.0,
  1.0 / 362880.0,
  1.0 / 40320.0,
  1.0 / 5040.0,
  1.0 / 720.0,
  1.0 / 120.0,
  1.0 / 24.0,
  1.0 / 6.0,
  0.5,
  2,
  // (artanh x / x − 1) / x² for |x| ≤ ⅓, the series.
  1.0 / 33.0,
  1.0 / 31.0,
  1.0 / 29.0,
  1.0 / 27.0,
  1.0 / 25.0,
  1.0 / 23.0,
  1.0 / 21.0,
  1.0 / 19.0,
  1.0 / 17.0,
  1.0 / 15.0,
  1.0 / 13.0,
  1.0 / 11.0,
  1.0 / 9.0,
  1.0 / 7.0,
  1.0 / 5.0,
  1.0 / 3.0,
]);

@inline
function constant(index: Constant): v128 {
  return v128.load64_splat(table + (<usize>index << 3));
}

/** e^x for x ≤ 0. */
@inline
export function expOfNegative64(x: v128): v128 {
  const shifted = madd(x, constant(Constant.inverseLn2), constant(Constant.exponents));
  const n = f64x2.sub(shifted, constant(Constant.exponents));
  const scale = i64x2.shl(shifted, 52);
  const r = madd(n, constant(Constant.ln2Low), madd(n, constant(Constant.ln2High), x));
  // Even and odd powers, which need not wait for each other.
  const z = f64x2.mul(r, r);
  let odd = madd(constant(Constant.exp13), z, constant(Constant.exp11));
  let even = madd(constant(Constant.exp12), z, constant(Constant.exp10));
  odd = madd(odd, z, constant(Constant.exp9));
  even = madd(even, z, constant(Constant.exp8));
  odd = madd(odd, z, constant(Constant.exp7));
  even = madd(even, z, constant(Constant.exp6));
  odd = madd(odd, z, constant(Constant.exp5));
  even = madd(even, z, constant(Constant.exp4));
  odd = madd(odd, z, constant(Constant.exp3));
  even = madd(even, z, constant(Constant.exp2));
  const p = madd(z, madd(odd, r, even), r);
  return v128.andnot(madd(scale, p, scale), f64x2.lt(x, constant(Constant.lowest)));
}

/** The same of two pairs, stored one behind the other: a constant is fetched once for both. */
@inline
export function storeExpsOfNegative64(to: usize, x: v128, y: v128): void {
  let k = constant(Constant.inverseLn2);
  let m = constant(Constant.exponents);
  const shiftedX = madd(x, k, m);
  const shiftedY = madd(y, k, m);
  const nX = f64x2.sub(shiftedX, m);
  const nY = f64x2.sub(shiftedY, m);
  k = constant(Constant.ln2High);
  m = constant(Constant.ln2Low);
  const rX = madd(nX, m, madd(nX, k, x));
  const rY = madd(nY, m, madd(nY, k, y));
  const zX = f64x2.mul(rX, rX);
  const zY = f64x2.mul(rY, rY);
  k = constant(Constant.exp13);
  m = constant(Constant.exp11);
  let oddX = madd(k, zX, m);
  let oddY = madd(k, zY, m);
  k = constant(Constant.exp12);
  m = constant(Constant.exp10);
  let evenX = madd(k, zX, m);
  let evenY = madd(k, zY, m);
  k = constant(Constant.exp9);
  m = constant(Constant.exp8);
  oddX = madd(oddX, zX, k);
  oddY = madd(oddY, zY, k);
  evenX = madd(evenX, zX, m);
  evenY = madd(evenY, zY, m);
  k = constant(Constant.exp7);
  m = constant(Constant.exp6);
  oddX = madd(oddX, zX, k);
  oddY = madd(oddY, zY, k);
  evenX = madd(evenX, zX, m);
  evenY = madd(evenY, zY, m);
  k = constant(Constant.exp5);
  m = constant(Constant.exp4);
  oddX = madd(oddX, zX, k);
  oddY = madd(oddY, zY, k);
  evenX = madd(evenX, zX, m);
  evenY = madd(evenY, zY, m);
  k = constant(Constant.exp3);
  m = constant(Constant.exp2);
  oddX = madd(oddX, zX, k);
  oddY = madd(oddY, zY, k);
  evenX = madd(evenX, zX, m);
  evenY = madd(evenY, zY, m);
  const pX = madd(zX, madd(oddX, rX, evenX), rX);
  const pY = madd(zY, madd(oddY, rY, evenY), rY);
  const scaleX = i64x2.shl(shiftedX, 52);
  const scaleY = i64x2.shl(shiftedY, 52);
  k = constant(Constant.lowest);
  v128.store(to, v128.andnot(madd(scaleX, pX, scaleX), f64x2.lt(x, k)));
  v128.store(to, v128.andnot(madd(scaleY, pY, scaleY), f64x2.lt(y, k)), 16);
}

/** e^−|x|. */
@inline
function expOfSize(x: v128): v128 {
  return expOfNegative64(v128.or(x, constant(Constant.signBit)));
}

/** σ(x), from e = e^−|x|. */
@inline
function logisticFrom(x: v128, e: v128): v128 {
  const one = constant(Constant.one);
  const inverse = f64x2.div(one, f64x2.add(one, e));
  return v128.bitselect(f64x2.mul(e, inverse), inverse, f64x2.lt(x, f64x2.splat(0)));
}

/** ln(1 + e^x) = max(x, 0) + ln(1 + e), from e = e^−|x|;  ln(1 + e) = 2 artanh(e / (2 + e)), so that what is small keeps its digits. */
@inline
function softplusFrom(x: v128, e: v128): v128 {
  const ratio = f64x2.div(e, f64x2.add(constant(Constant.two), e));
  const z = f64x2.mul(ratio, ratio);
  let p = madd(constant(Constant.atanh33), z, constant(Constant.atanh31));
  p = madd(p, z, constant(Constant.atanh29));
  p = madd(p, z, constant(Constant.atanh27));
  p = madd(p, z, constant(Constant.atanh25));
  p = madd(p, z, constant(Constant.atanh23));
  p = madd(p, z, constant(Constant.atanh21));
  p = madd(p, z, constant(Constant.atanh19));
  p = madd(p, z, constant(Constant.atanh17));
  p = madd(p, z, constant(Constant.atanh15));
  p = madd(p, z, constant(Constant.atanh13));
  p = madd(p, z, constant(Constant.atanh11));
  p = madd(p, z, constant(Constant.atanh9));
  p = madd(p, z, constant(Constant.atanh7));
  p = madd(p, z, constant(Constant.atanh5));
  p = madd(p, z, constant(Constant.atanh3));
  const half = madd(f64x2.mul(ratio, z), p, ratio);
  return f64x2.add(f64x2.pmax(x, f64x2.splat(0)), f64x2.add(half, half));
}

/** out = σ(x), n elements. */
export function applyLogistic64(out: usize, x: usize, n: usize): void {
  const end = x + ((n & ~1) << 3);
  for (; x < end; x += 16, out += 16) {
    const own = v128.load(x);
    v128.store(out, logisticFrom(own, expOfSize(own)));
  }
  const last = load(x, n & 1);
  store(out, logisticFrom(last, expOfSize(last)), n & 1);
}

/** out = ln(1 + e^x) and slope = σ(x), n elements. */
export function applySoftplus64(out: usize, slope: usize, x: usize, n: usize): void {
  const end = x + ((n & ~1) << 3);
  for (; x < end; x += 16, out += 16, slope += 16) {
    const own = v128.load(x);
    const e = expOfSize(own);
    v128.store(out, softplusFrom(own, e));
    v128.store(slope, logisticFrom(own, e));
  }
  const last = load(x, n & 1);
  const e = expOfSize(last);
  store(out, softplusFrom(last, e), n & 1);
  store(slope, logisticFrom(last, e), n & 1);
}
