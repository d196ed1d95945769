/** Stochastic gradient descent, with momentum as PyTorch has it (Sutskever et al. 2013, the learning rate outside). */
import type { Optimizer } from './optimizer';

/**
 * g ← g + λ θ;  v ← μ v + g (the first v is g);  θ ← θ − η v, or θ ← θ − η (g + μ v) with Nesterov's momentum.
 */
export class Sgd implements Optimizer {
  count = 0;
  readonly moments: Readonly<Record<string, Float32Array>>;
  private readonly velocity: Float32Array;

  constructor(
    private readonly momentum: number,
    private readonly nesterov: boolean,
    private readonly weightDecay: number,
    length: number,
  ) {
    this.velocity = new Float32Array(momentum > 0 ? length : 0);
    this.moments = momentum > 0 ? { velocity: this.velocity } : {};
  }

  step(values: Float32Array, gradient: Float32Array, learningRate: number): void {
    const { momentum, nesterov, weightDecay, velocity } = this;
    this.count++;
    if (momentum === 0) {
      for (let i = 0; i < values.length; i++) values[i] -= learningRate * (gradient[i] + weightDecay * values[i]);
      return;
    }
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i] + weightDecay * values[i];
      velocity[i] = momentum * velocity[i] + g;
      values[i] -= learningRate * (nesterov ? g + momentum * velocity[i] : velocity[i]);
    }
  }
}
