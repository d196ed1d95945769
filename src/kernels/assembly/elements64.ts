/** Over whole rows of float64, element by element. */
import { expOfNegative64 } from './functions64';
import { load, madd, store, sumOfLanes } from './lanes64';

/** out += factor · a ⊙ b, n elements. */
export function addProducts64(out: usize, factor: f64, a: usize, b: usize, n: usize): void {
  const factors = f64x2.splat(factor);
  const end = out + ((n & ~1) << 3);
  for (; out < end; out += 16, a += 16, b += 16)
    v128.store(out, madd(f64x2.mul(factors, v128.load(a)), v128.load(b), v128.load(out)));
  store(out, madd(f64x2.mul(factors, load(a, n & 1)), load(b, n & 1), load(out, n & 1)), n & 1);
}

/** x ← e^(scale x) / Σ e^(scale x), n elements, scale > 0; what is not a number makes all of them so. */
export function softmaxRow64(x: usize, n: usize, scale: f64): void {
  const end = x + (n << 3);
  let largest = -Infinity;
  for (let at = x; at < end; at += 8) largest = max<f64>(largest, f64.load(at));
  const tops = f64x2.splat(largest);
  const scales = f64x2.splat(scale);
  let sums = f64x2.splat(0);
  const whole = x + ((n & ~1) << 3);
  for (let at = x; at < whole; at += 16) {
    const own = expOfNegative64(f64x2.mul(scales, f64x2.sub(v128.load(at), tops)));
    sums = f64x2.add(sums, own);
    v128.store(at, own);
  }
  let sum = sumOfLanes(sums);
  if (n & 1) {
    const own = f64x2.extract_lane(expOfNegative64(f64x2.splat(scale * (f64.load(whole) - largest))), 0);
    sum += own;
    f64.store(whole, own);
  }
  const all = f64x2.splat(sum);
  for (let at = x; at < whole; at += 16) v128.store(at, f64x2.div(v128.load(at), all));
  if (n & 1) f64.store(whole, f64.load(whole) / sum);
}

/**
 * out = a function of x by its series around the nearest of points that lie 1 / perUnit apart, n elements; beyond ± limit it is 0 and 1.
 * @param table [points, terms]: the series' coefficients, the constant first
 */
export function applySeries64(out: usize, x: usize, n: usize, table: usize, terms: usize, perUnit: f64, limit: f64): void {
  const row = terms << 3;
  const middle = table + <usize>(limit * perUnit) * row;
  for (const end = x + (n << 3); x < end; x += 8, out += 8) {
    const own = f64.load(x);
    if (!(abs<f64>(own) < limit)) {
      f64.store(out, own !== own ? own : own > 0 ? 1 : 0);
      continue;
    }
    const point = nearest<f64>(own * perUnit);
    const h = own - point / perUnit;
    const first = middle + <i32>point * <i32>row;
    let sum = f64.load(first + row - 8);
    for (let at = first + row - 16; at >= first; at -= 8) sum = sum * h + f64.load(at);
    f64.store(out, sum);
  }
}
