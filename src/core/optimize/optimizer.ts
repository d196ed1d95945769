/** Optimizers over the flat parameter array, one loop each, step for step as PyTorch's. */
import { UserError } from '../userError';

export type OptimizerName = 'sgd' | 'adam';

export interface OptimizerSettings {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  /** SGD only. */
  readonly momentum: number;
}

export interface Optimizer {
  /** Updates `values` in place. */
  step(values: Float32Array, gradient: Float32Array): void;
  /** Steps taken; part of the state. */
  count: number;
  /** Arrays to be saved with a checkpoint and filled again from one, by name. */
  readonly moments: Readonly<Record<string, Float32Array>>;
}

export function optimizerOf(settings: OptimizerSettings, length: number): Optimizer {
  if (!(settings.learningRate > 0) || !Number.isFinite(settings.learningRate)) {
    throw new UserError('The learning rate is {0}; it must be a positive number.', String(settings.learningRate));
  }
  if (!(settings.momentum >= 0 && settings.momentum < 1)) {
    throw new UserError('The momentum is {0}; it must be at least 0 and less than 1.', String(settings.momentum));
  }
  switch (settings.optimizer) {
    case 'adam':
      return new Adam(settings.learningRate, length);
    case 'sgd':
      return new Sgd(settings.learningRate, settings.momentum, length);
    default:
      throw new UserError('The optimizer “{0}” is unknown; choose adam or sgd.', String(settings.optimizer));
  }
}

/** v ← μ v + g;  θ ← θ − η v.  (PyTorch: the first v is g.) */
class Sgd implements Optimizer {
  count = 0;
  readonly moments: Readonly<Record<string, Float32Array>>;
  private readonly velocity: Float32Array;

  constructor(
    private readonly learningRate: number,
    private readonly momentum: number,
    length: number,
  ) {
    this.velocity = new Float32Array(momentum > 0 ? length : 0);
    this.moments = momentum > 0 ? { velocity: this.velocity } : {};
  }

  step(values: Float32Array, gradient: Float32Array): void {
    const { learningRate, momentum, velocity } = this;
    this.count++;
    if (momentum > 0) {
      for (let i = 0; i < values.length; i++) {
        velocity[i] = momentum * velocity[i] + gradient[i];
        values[i] -= learningRate * velocity[i];
      }
    } else {
      for (let i = 0; i < values.length; i++) values[i] -= learningRate * gradient[i];
    }
  }
}

/** Kingma & Ba 2015:  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  θ ← θ − η m̂ / (√v̂ + ε). */
class Adam implements Optimizer {
  static readonly beta1 = 0.9;
  static readonly beta2 = 0.999;
  static readonly epsilon = 1e-8;
  count = 0;
  readonly moments: { readonly first: Float32Array; readonly second: Float32Array };

  constructor(
    private readonly learningRate: number,
    length: number,
  ) {
    this.moments = { first: new Float32Array(length), second: new Float32Array(length) };
  }

  step(values: Float32Array, gradient: Float32Array): void {
    const { first, second } = this.moments;
    const { beta1, beta2, epsilon } = Adam;
    this.count++;
    const rate = this.learningRate / (1 - beta1 ** this.count);
    const rootCorrection = Math.sqrt(1 - beta2 ** this.count);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i];
      const m = beta1 * first[i] + (1 - beta1) * g;
      const v = beta2 * second[i] + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      values[i] -= (rate * m) / (Math.sqrt(v) / rootCorrection + epsilon);
    }
  }
}
