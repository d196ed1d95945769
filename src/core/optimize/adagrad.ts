/** Adagrad (Duchi, Hazan & Singer 2011), without a decay of its own of the learning rate. */
import type { Optimizer } from './optimizer';

/** PyTorch's `eps`. */
const epsilon = 1e-10;

/** g ← g + λ θ;  s ← s + g² (s begins at 0);  θ ← θ − η g / (√s + ε). */
export class Adagrad implements Optimizer {
  count = 0;
  readonly moments: { readonly sum: Float32Array };

  constructor(
    private readonly weightDecay: number,
    length: number,
  ) {
    this.moments = { sum: new Float32Array(length) };
  }

  step(values: Float32Array, gradient: Float32Array, learningRate: number): void {
    const { weightDecay } = this;
    const { sum } = this.moments;
    this.count++;
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] + weightDecay * values[i];
      const s = sum[i] + g * g;
      sum[i] = s;
      values[i] -= (learningRate * g) / (Math.sqrt(s) + epsilon);
    }
  }
}
