/** RMSProp (Tieleman & Hinton 2012, lecture 6.5), not centerd, ε outside the root as in PyTorch. */
import type { Optimizer } from './optimizer';

/** PyTorch's `alpha` and `eps`. */
const alpha = 0.99;
const epsilon = 1e-8;

/** g ← g + λ θ;  v ← α v + (1 − α) g²;  u = g / (√v + ε);  b ← μ b + u;  θ ← θ − η b  (without momentum b is u). */
export class RmsProp implements Optimizer {
  count = 0;
  readonly moments: Readonly<Record<string, Float32Array>>;
  private readonly square: Float32Array;
  private readonly velocity: Float32Array;

  constructor(
    private readonly momentum: number,
    private readonly weightDecay: number,
    length: number,
  ) {
    this.square = new Float32Array(length);
    this.velocity = new Float32Array(momentum > 0 ? length : 0);
    this.moments = momentum > 0 ? { square: this.square, velocity: this.velocity } : { square: this.square };
  }

  step(values: Float32Array, gradient: Float32Array, learningRate: number): void {
    const { momentum, weightDecay, square, velocity } = this;
    this.count++;
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] + weightDecay * values[i];
      const v = alpha * square[i] + (1 - alpha) * g * g;
      square[i] = v;
      let update = g / (Math.sqrt(v) + epsilon);
      if (momentum > 0) {
        update += momentum * velocity[i];
        velocity[i] = update;
      }
      values[i] -= learningRate * update;
    }
  }
}
