/** Up to four float32 side by side: what is left at the end of a row is loaded and stored lane by lane. */

export function load(from: usize, lanes: u32): v128 {
  return lanes >= 4 ? v128.load(from) : loadPart(from, lanes);
}

export function store(to: usize, values: v128, lanes: u32): void {
  if (lanes >= 4) v128.store(to, values);
  else storePart(to, values, lanes);
}

function loadPart(from: usize, lanes: u32): v128 {
  let values = f32x4.splat(0);
  if (lanes > 0) values = f32x4.replace_lane(values, 0, f32.load(from));
  if (lanes > 1) values = f32x4.replace_lane(values, 1, f32.load(from, 4));
  if (lanes > 2) values = f32x4.replace_lane(values, 2, f32.load(from, 8));
  return values;
}

function storePart(to: usize, values: v128, lanes: u32): void {
  if (lanes > 0) f32.store(to, f32x4.extract_lane(values, 0));
  if (lanes > 1) f32.store(to, f32x4.extract_lane(values, 1), 4);
  if (lanes > 2) f32.store(to, f32x4.extract_lane(values, 2), 8);
}

export function times(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}

/** 1 − x. */
export function rest(x: v128): v128 {
  return f32x4.sub(f32x4.splat(1), x);
}

/**
 * e^x for x ≤ 0, to about 2 units in the last place: x = n ln 2 + r with |r| ≤ ½ ln 2, then a polynomial of degree 7 in r (Cephes'
 * expf), then 2^n put into the exponent. Under e^−87, which float32 can hardly hold, it stays there.
 */
export function expOfNegative(argument: v128): v128 {
  const x = f32x4.max(argument, f32x4.splat(-87));
  const n = f32x4.nearest(times(x, f32x4.splat(1.44269504)));
  // ln 2 in two parts, the first exact in float32
  const r = f32x4.sub(f32x4.sub(x, times(n, f32x4.splat(0.693359375))), times(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(times(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(times(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(times(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(times(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(times(p, r), f32x4.splat(5.0000001201e-1));
  const y = f32x4.add(f32x4.add(times(p, times(r, r)), r), f32x4.splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return times(y, power);
}
