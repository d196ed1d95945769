/**
 * Pascanu's regularizer (Pascanu, Mikolov & Bengio 2013, arXiv:1211.5063, eq. 9 and 10), which asks that the gradient keep its length from step to step: of each stream
 *   Ω = Σ_t (‖δ_t J_t‖ / ‖δ_t‖ − 1)²,  δ_t = ∂L/∂h_t,  J_t = ∂h_t/∂h_{t−1} = diag(φ′(a_t)) R.
 * Its gradient is the published one, by R where it stands in J_t alone, h_t and δ_t held: with v_t = δ_t ⊙ φ′(a_t), which is ∂L/∂a_t, and g_t = v_t R,
 *   ∂Ω/∂R = Σ_t v_tᵀ γ_t,  γ_t = ∂Ω/∂g_t = 2 (‖g_t‖ / ‖δ_t‖ − 1) g_t / (‖δ_t‖ ‖g_t‖).
 */
import type { Direction } from '../../layers/direction';
import type { Weights } from '../model/generalModel';
import { lengthOf } from '../numeric';

/** The rows of a window of one direction. */
export interface OmegaRows {
  readonly direction: Direction;
  readonly steps: number;
  readonly batch: number;
  readonly hiddenSize: number;
  /** [B]: steps of each stream. */
  readonly lengths: Int32Array;
  /** k2: no gradient passes from step t to t − 1 where k2 divides t, which then has no part in Ω; 0 for no such cut. */
  readonly truncation: number;
}

/** A shorter δ has no digits left in float32, and the quotient of two of them says nothing. */
const shortest = 1e-30;

/**
 * Replaces each g_t by scale · γ_t, zeros where the step has no part: the first of a stream and those behind a cut, behind which nobody learns of the gradient, and
 * those at which there is none. Returns scale · Ω, summed over the streams.
 * @param g [T·B, H]  @param delta [T·B, H]: ∂L/∂h_t
 */
export function weighForOmega(
  g: Weights,
  delta: Weights,
  { direction, steps, batch, hiddenSize: H, lengths, truncation }: OmegaRows,
  scale: number,
): number {
  let omega = 0;
  for (let t = 0; t < steps; t++) {
    const border = direction === 'forward' ? t : t + 1;
    const isCut = truncation > 0 && border % truncation === 0;
    for (let b = 0; b < batch; b++) {
      const at = (t * batch + b) * H;
      const isInside = border > 0 && border < lengths[b];
      const [before, after] = isInside && !isCut ? [lengthOf(delta, at, H), lengthOf(g, at, H)] : [0, 0];
      if (!(before > shortest && after > shortest)) {
        g.fill(0, at, at + H);
        continue;
      }
      const excess = after / before - 1;
      omega += scale * excess * excess;
      const factor = (2 * scale * excess) / before / after;
      for (let u = at; u < at + H; u++) g[u] *= factor;
    }
  }
  return omega;
}
