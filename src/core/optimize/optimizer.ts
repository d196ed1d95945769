/** What an optimizer is. Each is one loop over the flat parameter array, step for step as PyTorch's. */
import type { OptimizerName } from '../../terms/choices';

/** Other constants are PyTorch's defaults. */
export interface OptimizerSettings {
  readonly optimizer: OptimizerName;
  /** μ of SGD and RMSProp. */
  readonly momentum: number;
  /** SGD only. */
  readonly nesterov: boolean;
  /** λ; null is PyTorch's own for the optimizer: 0.01 for AdamW, 0 for the others. */
  readonly weightDecay: number | null;
}

/** In the equations of the optimizers: θ the parameters, g the gradient, η the learning rate; all of it entry by entry. */
export interface Optimizer {
  /** Updates `values` in place with the gradient there. The three have the same layout; `learningRate` may change from step to step. */
  step(values: Float32Array, gradient: Float32Array, learningRate: number): void;
  /** Steps taken; part of the state. */
  count: number;
  /** Arrays to be saved with a checkpoint and filled again from one, by name. */
  readonly moments: Readonly<Record<string, Float32Array>>;
}
