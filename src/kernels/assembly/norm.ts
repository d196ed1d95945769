/**
 * Norms over the n features of each row, x̂ = (x − shift) · inverse:
 *   layerNorm  shift = mean x,  inverse = 1 / √(variance + ε),  y = γ ⊙ x̂ + β   (Ba, Kiros & Hinton 2016)
 *   rmsNorm    shift = 0,       inverse = 1 / √(mean x² + ε),   y = γ ⊙ x̂       (Zhang & Sennrich 2019)
 *   back:      ∂x = inverse · (g − mean g − x̂ · mean(g ⊙ x̂)),  g = γ ⊙ ∂y;  of rmsNorm without mean g
 *   γ, β:      ∂γ = Σ ∂y ⊙ x̂,  ∂β = Σ ∂y
 * `statistics` are shift and inverse of each row, [rows, 2]. Means are summed in float64.
 */
import { addHighSquares, addLowSquares, addToColumns, bytesOf, load, store, storeGradient, sumOfHalves, times } from './lanes';

@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 0, 1));
}

function sumOf(x: usize, n: usize): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  for (let left: isize = n; left > 0; left -= 4, x += 16) {
    const values = load(x, left);
    a = f64x2.add(a, low(values));
    b = f64x2.add(b, high(values));
  }
  return sumOfHalves(a, b);
}

/** Σ (x − shift)². */
function squaresAround(x: usize, n: usize, shift: f32): f64 {
  const shifts = f32x4.splat(shift);
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  const whole = x + bytesOf(n & ~3);
  for (; x < whole; x += 16) {
    const values = f32x4.sub(v128.load(x), shifts);
    a = addLowSquares(a, values);
    b = addHighSquares(b, values);
  }
  let sum = sumOfHalves(a, b);
  for (let i: usize = 0; i < (n & 3); i++) {
    const value = <f64>(f32.load(x + bytesOf(i)) - shift);
    sum += value * value;
  }
  return sum;
}

/** @param beta 0 for none  @param rms 1 for rmsNorm */
export function normForward(
  rows: usize, n: usize, x: usize, gamma: usize, beta: usize, rms: i32, epsilon: f64, out: usize, statistics: usize,
): void {
  const stride = bytesOf(n);
  for (let row: usize = 0; row < rows; row++, x += stride, out += stride, statistics += 8) {
    const shift: f32 = rms ? 0 : <f32>(sumOf(x, n) / <f64>n);
    const inverse = <f32>(1 / Math.sqrt(squaresAround(x, n, shift) / <f64>n + epsilon));
    f32.store(statistics, shift);
    f32.store(statistics, inverse, 4);
    const shifts = f32x4.splat(shift);
    const inverses = f32x4.splat(inverse);
    for (let at: usize = 0, left: isize = n; left > 0; at += 16, left -= 4) {
      const y = times(times(f32x4.sub(load(x + at, left), shifts), inverses), load(gamma + at, left));
      store(out + at, beta === 0 ? y : f32x4.add(y, load(beta + at, left)), left);
    }
  }
}

/**
 * ∂y → ∂x, in place.
 * @param ofGamma @param ofBeta Float64[n]: += ∂γ, ∂β; 0 where they are not wanted
 */
export function normBackward(
  rows: usize, n: usize, x: usize, gamma: usize, rms: i32, statistics: usize, gradient: usize, ofGamma: usize, ofBeta: usize,
): void {
  const stride = bytesOf(n);
  for (let row: usize = 0; row < rows; row++, x += stride, gradient += stride, statistics += 8) {
    const shifts = f32x4.splat(f32.load(statistics));
    const inverses = f32x4.splat(f32.load(statistics, 4));
    let a = f64x2.splat(0);
    let b = f64x2.splat(0);
    let alongA = f64x2.splat(0);
    let alongB = f64x2.splat(0);
    for (let at: usize = 0, left: isize = n; left > 0; at += 16, left -= 4) {
      const dy = load(gradient + at, left);
      const g = times(dy, load(gamma + at, left));
      // γ is 0 where the row has ended, and so is g.
      const standard = times(f32x4.sub(load(x + at, left), shifts), inverses);
      a = f64x2.add(a, low(g));
      b = f64x2.add(b, high(g));
      if (ofGamma) addToColumns(ofGamma + 2 * at, times(dy, standard), left);
      if (ofBeta) addToColumns(ofBeta + 2 * at, dy, left);
      alongA = f64x2.add(alongA, f64x2.mul(low(g), low(standard)));
      alongB = f64x2.add(alongB, f64x2.mul(high(g), high(standard)));
    }
    const mean = f32x4.splat(rms ? 0 : <f32>(sumOfHalves(a, b) / <f64>n));
    const along = f32x4.splat(<f32>(sumOfHalves(alongA, alongB) / <f64>n));
    for (let at: usize = 0, left: isize = n; left > 0; at += 16, left -= 4) {
      const g = times(load(gradient + at, left), load(gamma + at, left));
      const standard = times(f32x4.sub(load(x + at, left), shifts), inverses);
      const dx = times(inverses, f32x4.sub(f32x4.sub(g, mean), times(standard, along)));
      storeGradient(gradient + at, dx, left);
    }
  }
}
