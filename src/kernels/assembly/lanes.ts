/**
 * Four float32 side by side. What a row has beyond its last four is loaded and stored lane by lane, by the same code: it is written
 * into each loop twice, for four lanes and for `lanes` fewer. (`@inline` is the compiler's; without it each would be a call.)
 */
import { Constant, constant } from './constants';

/** Bytes of n values. */
@inline
export function bytesOf(n: usize): usize {
  return n << 2;
}

/** `lanes` values; the others are 0. */
@inline
export function load(from: usize, lanes: usize): v128 {
  return lanes >= 4 ? v128.load(from) : loadPart(from, lanes);
}

@inline
export function store(to: usize, values: v128, lanes: usize): void {
  if (lanes >= 4) v128.store(to, values);
  else storePart(to, values, lanes);
}

/**
 * Stores a gradient; what is subnormal (below 2⁻¹²⁶) becomes 0, and NaN stays. WebAssembly has no such setting of the processor, and products with
 * subnormal numbers, of which a saturated layer's gradients consist, take it many times as long.
 */
@inline
export function storeGradient(to: usize, values: v128, lanes: usize): void {
  store(to, v128.andnot(values, f32x4.lt(f32x4.abs(values), constant(Constant.leastNormal))), lanes);
}

function loadPart(from: usize, lanes: usize): v128 {
  let values = f32x4.splat(0);
  if (lanes > 0) values = f32x4.replace_lane(values, 0, f32.load(from));
  if (lanes > 1) values = f32x4.replace_lane(values, 1, f32.load(from, 4));
  if (lanes > 2) values = f32x4.replace_lane(values, 2, f32.load(from, 8));
  return values;
}

function storePart(to: usize, values: v128, lanes: usize): void {
  if (lanes > 0) f32.store(to, f32x4.extract_lane(values, 0));
  if (lanes > 1) f32.store(to, f32x4.extract_lane(values, 1), 4);
  if (lanes > 2) f32.store(to, f32x4.extract_lane(values, 2), 8);
}

@inline
export function times(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

/** 1 − x. */
@inline
export function rest(x: v128): v128 {
  return f32x4.sub(constant(Constant.one), x);
}

/** a · b + c, rounded once where the module has the instruction. */
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** Σ of four integers. */
@inline
export function sumOfCounts(counts: v128): i32 {
  return i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1) + i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3);
}

/** The sum's two halves of Σ x², in float64: of lanes 0 and 1, … */
@inline
export function addLowSquares(sum: v128, x: v128): v128 {
  const low = f64x2.promote_low_f32x4(x);
  return f64x2.add(sum, f64x2.mul(low, low));
}

/** … and of lanes 2 and 3. */
@inline
export function addHighSquares(sum: v128, x: v128): v128 {
  return addLowSquares(sum, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
}

@inline
export function sumOfHalves(low: v128, high: v128): f64 {
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Float64 sums[0 … lanes − 1] += values. */
@inline
export function addToColumns(sums: usize, values: v128, lanes: usize): void {
  if (lanes >= 4) {
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(values)));
    v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.promote_low_f32x4(v128.shuffle<f32>(values, values, 2, 3, 0, 1))), 16);
    return;
  }
  if (lanes > 0) f64.store(sums, f64.load(sums) + <f64>f32x4.extract_lane(values, 0));
  if (lanes > 1) f64.store(sums, f64.load(sums, 8) + <f64>f32x4.extract_lane(values, 1), 8);
  if (lanes > 2) f64.store(sums, f64.load(sums, 16) + <f64>f32x4.extract_lane(values, 2), 16);
}
