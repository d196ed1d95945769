/** Adam's update (Kingma & Ba 2015, arXiv:1412.6980), entry by entry. */
import { bytesOf, fma, load, store, times } from './lanes';

/**
 * g ← g + λ θ;  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  θ ← κ θ − rate · m / (√v / rootCorrection + ε)
 * @param first m  @param second v  @param weightDecay λ  @param kept κ: 1, or AdamW's 1 − η λ
 * @param rate η / (1 − β₁ᵗ)  @param rootCorrection √(1 − β₂ᵗ)
 */
export function adamStep(
  n: usize, values: usize, gradient: usize, first: usize, second: usize,
  beta1: f64, beta2: f64, rate: f32, rootCorrection: f32, epsilon: f32, weightDecay: f32, kept: f32,
): void {
  // 1 − β in float64 first: float32 would keep four digits of 1 − 0.999.
  const newFirst = <f32>(1 - beta1);
  const newSecond = <f32>(1 - beta2);
  const whole = bytesOf(n & ~3);
  for (let at: usize = 0; at < whole; at += 16) {
    four(values + at, gradient + at, first + at, second + at, <f32>beta1, newFirst, <f32>beta2, newSecond, rate, 1 / rootCorrection, epsilon, weightDecay, kept, 4);
  }
  four(values + whole, gradient + whole, first + whole, second + whole, <f32>beta1, newFirst, <f32>beta2, newSecond, rate, 1 / rootCorrection, epsilon, weightDecay, kept, n & 3);
}

@inline
function four(
  values: usize, gradient: usize, first: usize, second: usize, beta1: f32, newFirst: f32, beta2: f32, newSecond: f32,
  rate: f32, inverseCorrection: f32, epsilon: f32, weightDecay: f32, kept: f32, lanes: usize,
): void {
  const theta = load(values, lanes);
  const g = fma(f32x4.splat(weightDecay), theta, load(gradient, lanes));
  const m = fma(f32x4.splat(newFirst), g, times(f32x4.splat(beta1), load(first, lanes)));
  const v = fma(times(f32x4.splat(newSecond), g), g, times(f32x4.splat(beta2), load(second, lanes)));
  const root = fma(f32x4.sqrt(v), f32x4.splat(inverseCorrection), f32x4.splat(epsilon));
  store(first, m, lanes);
  store(second, v, lanes);
  store(values, f32x4.sub(times(f32x4.splat(kept), theta), f32x4.div(times(f32x4.splat(rate), m), root)), lanes);
}
