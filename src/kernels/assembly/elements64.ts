/** Over whole rows of float64, element by element. */
import { expOfNegative64, storeExpsOfNegative64 } from './functions64';
import { load, madd, store, sumOfLanes } from './lanes64';

/** out[m, u, :] = Σ_g weights[m, g, u] · rows[g, u, :], rows of H, H of them for each of G ≤ 4 blocks; a weight of zero takes no time. */
export function mixRows64(out: usize, rows: usize, weights: usize, M: usize, G: usize, H: usize): void {
  const row = H << 3;
  const block = row * H;
  for (let m: usize = 0; m < M; m++, weights += G * row)
    for (let u: usize = 0; u < H; u++, out += row) {
      // Those that are not zero, one after another; what is left has the weight 0.
      let count = 0;
      let from0 = rows;
      let from1 = rows;
      let from2 = rows;
      let from3 = rows;
      let weight0: f64 = 0;
      let weight1: f64 = 0;
      let weight2: f64 = 0;
      let weight3: f64 = 0;
      for (let g: usize = 0; g < G; g++) {
        const weight = f64.load(weights + ((g * H + u) << 3));
        if (weight == 0) continue;
        const from = rows + g * block + u * row;
        if (count == 0) {
          from0 = from;
          weight0 = weight;
        } else if (count == 1) {
          from1 = from;
          weight1 = weight;
        } else if (count == 2) {
          from2 = from;
          weight2 = weight;
        } else {
          from3 = from;
          weight3 = weight;
        }
        count++;
      }
      if (count < 2) setScaled(out, weight0, from0, H);
      else setThreeScaled(out, weight0, from0, weight1, from1, weight2, from2, H);
      if (count == 4) addScaled(out, weight3, from3, H);
    }
}

@inline
function setScaled(to: usize, factor: f64, a: usize, n: usize): void {
  const factors = f64x2.splat(factor);
  const end = to + ((n & ~1) << 3);
  for (; to < end; to += 16, a += 16) v128.store(to, f64x2.mul(factors, v128.load(a)));
  store(to, f64x2.mul(factors, load(a, n & 1)), n & 1);
}

@inline
function setThreeScaled(to: usize, x: f64, a: usize, y: f64, b: usize, z: f64, c: usize, n: usize): void {
  const first = f64x2.splat(x);
  const second = f64x2.splat(y);
  const third = f64x2.splat(z);
  const end = to + ((n & ~1) << 3);
  for (; to < end; to += 16, a += 16, b += 16, c += 16)
    v128.store(to, madd(first, v128.load(a), madd(second, v128.load(b), f64x2.mul(third, v128.load(c)))));
  const odd = n & 1;
  store(to, madd(first, load(a, odd), madd(second, load(b, odd), f64x2.mul(third, load(c, odd)))), odd);
}

@inline
function addScaled(to: usize, factor: f64, a: usize, n: usize): void {
  const factors = f64x2.splat(factor);
  const end = to + ((n & ~1) << 3);
  for (; to < end; to += 16, a += 16) v128.store(to, madd(factors, v128.load(a), v128.load(to)));
  store(to, madd(factors, load(a, n & 1), load(to, n & 1)), n & 1);
}

/** Row by row of T × T: x ← e^(scale x) / Σ e^(scale x) over the first t + 1 elements of row t, scale > 0, and zeros behind them. What is not a number makes all of a row so. */
export function softmaxCausal64(x: usize, T: usize, scale: f64): void {
  for (let n: usize = 1; n <= T; n++, x += T << 3) {
    softmaxRow(x, n, scale);
    memory.fill(x + (n << 3), 0, (T - n) << 3);
  }
}

@inline
function softmaxRow(x: usize, n: usize, scale: f64): void {
  const whole = x + ((n & ~1) << 3);
  // What is not a number is passed over here, and spoils the sum.
  let pair = f64x2.splat(n & 1 ? f64.load(whole) : -Infinity);
  let at = x;
  for (; at < whole; at += 16) pair = f64x2.pmax(pair, v128.load(at));
  const largest = f64x2.extract_lane(f64x2.pmax(pair, v128.shuffle<f64>(pair, pair, 1, 0)), 0);
  const tops = f64x2.splat(largest);
  const scales = f64x2.splat(scale);
  let sums = f64x2.splat(0);
  at = x;
  for (const inFours = x + ((n & ~3) << 3); at < inFours; at += 32) {
    const first = f64x2.mul(scales, f64x2.sub(v128.load(at), tops));
    const second = f64x2.mul(scales, f64x2.sub(v128.load(at, 16), tops));
    storeExpsOfNegative64(at, first, second);
    sums = f64x2.add(sums, f64x2.add(v128.load(at), v128.load(at, 16)));
  }
  for (; at < whole; at += 16) {
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
  for (at = x; at < whole; at += 16) v128.store(at, f64x2.div(v128.load(at), all));
  if (n & 1) f64.store(whole, f64.load(whole) / sum);
}

/**
 * values = x F(x) and slopes = F(x) + x F′(x), n elements, of an F that is 0 and 1 beyond ± limit: by its series around the nearest of points that lie 1 / perUnit apart.
 * @param table [points, terms]: the series' coefficients, the constant first
 */
export function applyGated64(
  values: usize, slopes: usize, x: usize, n: usize, table: usize, terms: usize, perUnit: f64, limit: f64,
): void {
  const row = terms << 3;
  const middle = table + <usize>(limit * perUnit) * row;
  const units = f64x2.splat(perUnit);
  const unit = f64x2.splat(1 / perUnit);
  const high = f64x2.splat(limit);
  const low = f64x2.splat(-limit);
  for (const end = x + (n << 3); x < end; x += 16, values += 16, slopes += 16) {
    const lanes = (end - x) >> 3;
    const own = load(x, lanes);
    const inside = f64x2.max(f64x2.min(own, high), low);
    const point = f64x2.nearest(f64x2.mul(inside, units));
    const h = f64x2.sub(inside, f64x2.mul(point, unit));
    const points = i32x4.trunc_sat_f64x2_s_zero(point);
    let first = middle + <usize>(i32x4.extract_lane(points, 0) * <i32>row) + row - 8;
    let second = middle + <usize>(i32x4.extract_lane(points, 1) * <i32>row) + row - 8;
    let sum = pairOf(first, second);
    let slope = f64x2.splat(0);
    for (let term: usize = 1; term < terms; term++) {
      first -= 8;
      second -= 8;
      slope = madd(slope, h, sum);
      sum = madd(sum, h, pairOf(first, second));
    }
    store(values, f64x2.mul(own, sum), lanes);
    store(slopes, madd(own, slope, sum), lanes);
  }
}

@inline
function pairOf(first: usize, second: usize): v128 {
  return v128.load64_lane(second, v128.load64_zero(first), 1);
}
