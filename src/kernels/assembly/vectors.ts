/** Over whole arrays of float32. */
import { load, store } from './lanes';

/** out = a + b, n elements. */
export function add(out: usize, a: usize, b: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i += 4) {
    const at = (<usize>i) << 2;
    const lanes = n - i;
    store(out + at, f32x4.add(load(a + at, lanes), load(b + at, lanes)), lanes);
  }
}

/** Σ a², n elements, summed in float64. */
export function sumOfSquares(a: usize, n: u32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i: u32 = 0; i < n; i += 4) {
    const x = load(a + ((<usize>i) << 2), n - i);
    const first = f64x2.promote_low_f32x4(x);
    const second = f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 0, 1));
    low = f64x2.add(low, f64x2.mul(first, first));
    high = f64x2.add(high, f64x2.mul(second, second));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
