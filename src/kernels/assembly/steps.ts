/** What the recurrences of all cells share: which row a step reads, where a stream ends, where the way back is cut. */
import { zero } from './elements';
import { bytesOf, load, store, storeGradient, sumOfCounts } from './lanes';

/** The s-th step of a way through the window: backward from its end, or forward. */
@inline
export function stepOf(s: usize, T: usize, backward: usize): usize {
  return backward ? T - 1 - s : s;
}

/** Step t of stream b lies behind its end. @param lengths Int32[B], or 0 where every stream has all steps */
@inline
export function isPadding(lengths: usize, b: usize, t: usize): bool {
  return lengths !== 0 && <i32>t >= i32.load(lengths + bytesOf(b));
}

/** Truncated back-propagation carries nothing across the border before step t. @param truncate k2, or 0 for no truncation */
@inline
export function isCut(t: usize, truncate: usize): bool {
  return truncate > 0 && t % truncate === 0;
}

/** counts[0] += how many of a[n] are below 0.1, each counted `occurrences` times; counts[1] += how many above 0.9. */
export function countSaturated(counts: usize, a: usize, n: usize, occurrences: i32): void {
  let below = i32x4.splat(0);
  let above = i32x4.splat(0);
  const whole = a + bytesOf(n & ~3);
  for (; a < whole; a += 16) {
    const x = v128.load(a);
    below = i32x4.sub(below, f32x4.lt(x, f32x4.splat(0.1)));
    above = i32x4.sub(above, f32x4.gt(x, f32x4.splat(0.9)));
  }
  let left = sumOfCounts(below);
  let right = sumOfCounts(above);
  for (let lanes = n & 3; lanes > 0; lanes--, a += 4) {
    left += i32(f32.load(a) < 0.1);
    right += i32(f32.load(a) > 0.9);
  }
  i32.store(counts, i32.load(counts) + occurrences * left);
  i32.store(counts, i32.load(counts, 4) + occurrences * right, 4);
}

/** A float64 += value. */
@inline
export function increase(at: usize, value: f64): void {
  f64.store(at, f64.load(at) + value);
}

/** Where the gates of a row's token are. @param tokens Int32  @param none the row of no token */
@inline
export function rowOfToken(tokens: usize, row: usize, none: usize): usize {
  const id = i32.load(tokens + bytesOf(row));
  return id < 0 ? none : <usize>id;
}

/** Writes a gradient, or adds it where `adds` is set; and adds it to `sums`, unless that is 0. */
@inline
export function give(adds: usize, to: usize, values: v128, sums: usize, lanes: usize): void {
  if (adds) store(to, f32x4.add(load(to, lanes), values), lanes);
  else storeGradient(to, values, lanes);
  if (sums) store(sums, f32x4.add(load(sums, lanes), values), lanes);
}

/** sums Float64[n] += ofStep [n], which is 0 then: what a step's streams add up to in float32 loses no digits, what a long window does would. */
export function addStepToSums(sums: usize, ofStep: usize, n: usize): void {
  for (let j: usize = 0; j < n; j++) increase(sums + (j << 3), <f64>f32.load(ofStep + bytesOf(j)));
  zero(ofStep, n);
}
