/** The output layer's probabilities, the log-probabilities of the targets, and the gradient of their mean cross-entropy. */
import { zero } from './elements';
import { expOfNegative } from './functions';
import { bytesOf, load, store, times } from './lanes';

/**
 * p = e^(x − max x) / Σ e^(x − max x), row by row.
 * @param logits in: [rows, V]; out: p  @param targets Int32[rows], −1 for none
 * @param logProbabilities out: ln p(target), [rows]; 0 where there is no target
 */
export function softmax(rows: usize, V: usize, logits: usize, targets: usize, logProbabilities: usize): void {
  const stride = bytesOf(V);
  for (let row: usize = 0; row < rows; row++, logits += stride, targets += 4, logProbabilities += 4) {
    const largest = maximum(logits, V);
    const target = i32.load(targets);
    const logit: f32 = target < 0 ? 0 : f32.load(logits + bytesOf(target));
    const sum = exponentials(logits, V, largest);
    divide(logits, V, <f32>(1 / sum));
    // The largest logit's own share of the sum is 1: so ln keeps the digits of a sure prediction.
    const log = <f64>logit - <f64>largest - NativeMath.log1p(sum - 1);
    f32.store(logProbabilities, target < 0 ? 0 : <f32>log);
  }
}

/**
 * ∂L/∂logits = (p − y) · scale, rows of zeros where there is no target.
 * @param targets Int32[rows], −1 for none  @param out [rows, V]; may be `probabilities`
 */
export function lossGradient(rows: usize, V: usize, probabilities: usize, targets: usize, scale: f32, out: usize): void {
  const stride = bytesOf(V);
  for (let row: usize = 0; row < rows; row++, probabilities += stride, out += stride, targets += 4) {
    const target = i32.load(targets);
    if (target < 0) {
      zero(out, V);
      continue;
    }
    const at = bytesOf(target);
    // p − 1 first: scaled before, it would lose the digits of a sure prediction.
    const error = (f32.load(probabilities + at) - 1) * scale;
    scaled(out, probabilities, V, scale);
    f32.store(out + at, error);
  }
}

function maximum(a: usize, n: usize): f32 {
  let largest = f32x4.splat(-Infinity);
  const whole = a + bytesOf(n & ~3);
  for (; a < whole; a += 16) largest = f32x4.pmax(largest, v128.load(a));
  let largestLane = f32x4.extract_lane(largest, 0);
  largestLane = max(max(largestLane, f32x4.extract_lane(largest, 1)), max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)));
  for (let lanes = n & 3; lanes > 0; lanes--, a += 4) largestLane = max(largestLane, f32.load(a));
  return largestLane;
}

/** a ← e^(a − largest); returns their sum, in float64. */
function exponentials(a: usize, n: usize, largest: f32): f64 {
  const top = f32x4.splat(largest);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const whole = a + bytesOf(n & ~3);
  for (; a < whole; a += 16) {
    const e = expOfNegative(f32x4.sub(v128.load(a), top));
    v128.store(a, e);
    low = f64x2.add(low, f64x2.promote_low_f32x4(e));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(e, e, 2, 3, 0, 1)));
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  const lanes = n & 3;
  if (lanes > 0) {
    store(a, expOfNegative(f32x4.sub(load(a, lanes), top)), lanes);
    for (let lane: usize = 0; lane < lanes; lane++) sum += <f64>f32.load(a + bytesOf(lane));
  }
  return sum;
}

function divide(a: usize, n: usize, inverse: f32): void {
  scaled(a, a, n, inverse);
}

function scaled(out: usize, a: usize, n: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, times(v128.load(a + at), factors));
  store(out + whole, times(load(a + whole, n & 3), factors), n & 3);
}
