/** Adam (Kingma & Ba 2015, arXiv:1412.6980) and AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101). */
import { at, type Arena } from '../../kernels/arena';
import type { Optimizer } from './optimizer';

/** PyTorch's `betas` and `eps`. */
const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/**
 * κ θ stands for the θ that is updated: 1 θ, or AdamW's (1 − η λ) θ, whose decay does not pass through the moments.
 *   g ← g + λ θ;  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  θ ← κ θ − η m̂ / (√v̂ + ε),  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
 * The entries are updated by a kernel; parameters and gradient must lie in the same arena.
 */
export class Adam implements Optimizer {
  /** PyTorch's default λ of AdamW. */
  static readonly decoupledWeightDecay = 0.01;
  count = 0;
  readonly moments: { readonly first: Float32Array; readonly second: Float32Array };

  /** @param isDecoupled AdamW: the decay is taken from the parameters, not added to the gradient */
  constructor(
    private readonly weightDecay: number,
    private readonly isDecoupled: boolean,
    length: number,
    private readonly arena: Arena,
  ) {
    this.moments = { first: arena.floats(length), second: arena.floats(length) };
  }

  step(values: Float32Array, gradient: Float32Array, learningRate: number): void {
    const { weightDecay, isDecoupled, arena } = this;
    const { first, second } = this.moments;
    this.count++;
    const rate = learningRate / (1 - beta1 ** this.count);
    const rootCorrection = Math.sqrt(1 - beta2 ** this.count);
    const kept = isDecoupled ? 1 - learningRate * weightDecay : 1;
    arena.kernels.adamStep(
      values.length,
      at(values),
      at(gradient),
      at(first),
      at(second),
      beta1,
      beta2,
      rate,
      rootCorrection,
      epsilon,
      isDecoupled ? 0 : weightDecay,
      kept,
    );
  }
}
