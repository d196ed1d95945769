/** Over whole arrays of float32, element by element; n elements each. */
import { addHighSquares, addLowSquares, bytesOf, load, store, sumOfCounts, sumOfHalves, times } from './lanes';

/** out = a + b */
export function add(out: usize, a: usize, b: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, f32x4.add(v128.load(a + at), v128.load(b + at)));
  const lanes = n & 3;
  store(out + whole, f32x4.add(load(a + whole, lanes), load(b + whole, lanes)), lanes);
}

/** out = a ⊙ b */
export function multiplyElements(out: usize, a: usize, b: usize, n: usize): void {
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) v128.store(out + at, times(v128.load(a + at), v128.load(b + at)));
  const lanes = n & 3;
  store(out + whole, times(load(a + whole, lanes), load(b + whole, lanes)), lanes);
}

/** a ← factor · a */
export function scale(a: usize, n: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  const whole = a + bytesOf(n & ~3);
  for (; a < whole; a += 16) v128.store(a, times(v128.load(a), factors));
  store(a, times(load(a, n & 3), factors), n & 3);
}

/** Cuts every entry of a to ±limit; NaN stays. Returns how many were larger. */
export function clampMagnitude(a: usize, n: usize, limit: f32): i32 {
  let cut = i32x4.splat(0);
  const whole = a + bytesOf(n & ~3);
  for (; a < whole; a += 16) {
    const x = v128.load(a);
    cut = i32x4.sub(cut, isBeyond(x, limit));
    v128.store(a, cutTo(x, limit));
  }
  const x = load(a, n & 3);
  cut = i32x4.sub(cut, isBeyond(x, limit));
  store(a, cutTo(x, limit), n & 3);
  return sumOfCounts(cut);
}

@inline
function isBeyond(x: v128, limit: f32): v128 {
  return f32x4.gt(f32x4.abs(x), f32x4.splat(limit));
}

@inline
function cutTo(x: v128, limit: f32): v128 {
  return f32x4.max(f32x4.min(x, f32x4.splat(limit)), f32x4.splat(-limit));
}

/** Σ a², summed in float64. */
export function sumOfSquares(a: usize, n: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const whole = a + bytesOf(n & ~3);
  for (; a < whole; a += 16) {
    const x = v128.load(a);
    low = addLowSquares(low, x);
    high = addHighSquares(high, x);
  }
  const x = load(a, n & 3);
  return sumOfHalves(addLowSquares(low, x), addHighSquares(high, x));
}

export function zero(a: usize, n: usize): void {
  memory.fill(a, 0, bytesOf(n));
}
