/** Adam (Kingma & Ba 2015, arXiv:1412.6980) and AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101). */
import type { Optimizer } from './optimizer';

/** PyTorch's `betas` and `eps`. */
const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** g ← g + λ θ;  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  θ ← θ − η m̂ / (√v̂ + ε),  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ). */
export class Adam implements Optimizer {
  count = 0;
  readonly moments: { readonly first: Float32Array; readonly second: Float32Array };

  constructor(
    private readonly weightDecay: number,
    length: number,
  ) {
    this.moments = { first: new Float32Array(length), second: new Float32Array(length) };
  }

  step(values: Float32Array, gradient: Float32Array, learningRate: number): void {
    const { weightDecay } = this;
    const { first, second } = this.moments;
    this.count++;
    const rate = learningRate / (1 - beta1 ** this.count);
    const rootCorrection = Math.sqrt(1 - beta2 ** this.count);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] + weightDecay * values[i];
      const m = beta1 * first[i] + (1 - beta1) * g;
      const v = beta2 * second[i] + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      values[i] -= (rate * m) / (Math.sqrt(v) / rootCorrection + epsilon);
    }
  }
}

/** θ ← (1 − η λ) θ, then Adam's step without λ: the decay does not pass through the moments. */
export class AdamW implements Optimizer {
  /** PyTorch's default λ. */
  static readonly weightDecay = 0.01;
  readonly moments: Adam['moments'];
  private readonly adam: Adam;

  constructor(
    private readonly weightDecay: number,
    length: number,
  ) {
    this.adam = new Adam(0, length);
    this.moments = this.adam.moments;
  }

  get count(): number {
    return this.adam.count;
  }

  set count(count: number) {
    this.adam.count = count;
  }

  step(values: Float32Array, gradient: Float32Array, learningRate: number): void {
    const kept = 1 - learningRate * this.weightDecay;
    for (let i = 0; i < values.length; i++) values[i] *= kept;
    this.adam.step(values, gradient, learningRate);
  }
}
