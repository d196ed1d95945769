/**
 * What each earlier step gives to the attention sublayer's output, head by head, with the attention weights held fixed:
 *   y_τ = Σ_heads Σ_t W_O (a_{τ,t} v_t) + b_O,  so that w · y_τ = Σ_heads Σ_t a_{τ,t} (W_Oᵀ w)_head · v_t + w · b_O
 */
import type { Float64MixerLayer } from '../float64Mixer';
import type { AttentionTrace } from './float64Heads';
import { parameter } from './parameter';
import { attentionSizes } from './sizes';

export interface AttentionContributions {
  /** Of each head the share of step t, T values; they sum, with `bias`, to w · y_τ. */
  readonly heads: readonly Float64Array[];
  readonly bias: number;
}

/** @param target τ  @param direction w, [D] */
export function attentionContributions(
  layer: Float64MixerLayer,
  { steps: T, weights, qkv }: AttentionTrace,
  target: number,
  direction: Float64Array,
): AttentionContributions {
  const { width: D, headSize: d } = attentionSizes(layer);
  const W = parameter(layer, 'Wo');
  const bo = layer.parameters['bo'];
  const back = new Float64Array(D);
  for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) back[j] += direction[i] * W[i * D + j];
  const heads = weights.map((a, head) => {
    const shares = new Float64Array(T);
    for (let t = 0; t <= target; t++) {
      let product = 0;
      for (let i = 0; i < d; i++) product += back[head * d + i] * qkv[t * 3 * D + 2 * D + head * d + i];
      shares[t] = a[target * T + t] * product;
    }
    return shares;
  });
  return { heads, bias: bo ? bo.reduce((sum, value, i) => sum + value * direction[i], 0) : 0 };
}
