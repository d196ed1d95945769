/** Two float64 side by side; what a row has beyond its last two is loaded and stored by itself. */

/** `lanes` values; the others are 0. */
@inline
export function load(from: usize, lanes: usize): v128 {
  if (lanes >= 2) return v128.load(from);
  return lanes === 1 ? v128.load64_zero(from) : f64x2.splat(0);
}

@inline
export function store(to: usize, values: v128, lanes: usize): void {
  if (lanes >= 2) v128.store(to, values);
  else if (lanes === 1) f64.store(to, f64x2.extract_lane(values, 0));
}

/** a · b + c, rounded once where the module has the instruction. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_madd(a, b, c) : f64x2.add(f64x2.mul(a, b), c);
}

@inline
export function sumOfLanes(values: v128): f64 {
  return f64x2.extract_lane(values, 0) + f64x2.extract_lane(values, 1);
}
