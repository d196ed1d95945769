/**
 * What each step gives to what a sublayer adds to the stream, with the attention weights held fixed:
 *   y_τ = Σ_heads Σ_t W_O (a_{τ,t} v_t) + b_O,  so that w · y_τ = Σ_heads Σ_t a_{τ,t} (W_Oᵀ w)_head · v_t + w · b_O
 * What a step computes of its own row alone (MLP, positions, biases) is its own.
 */
import { addRowsMatrix } from '../../float64/products';
import type { Float64MixerLayer, Float64MixerTrace } from '../float64Mixer';
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
  const bo = layer.parameters['bo'];
  const back = new Float64Array(D);
  addRowsMatrix(back, direction, 0, 0, parameter(layer, 'Wo'), 1, D, D);
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

/** Of the sublayer `mha`. See `Float64Mixer.addContributions`. */
export function addContributions(
  layer: Float64MixerLayer,
  trace: AttentionTrace,
  parts: Float64Array,
  weights: Float64Array,
  step: number,
): readonly Float64Array[] {
  const { heads, bias } = attentionContributions(layer, trace, step, weights);
  for (const shares of heads) for (let t = 0; t <= step; t++) parts[t] += shares[t];
  parts[step] += bias;
  return heads;
}

/** Of a sublayer in which steps do not mix. */
export function addOwnContribution(
  _layer: Float64MixerLayer,
  { output }: Float64MixerTrace,
  parts: Float64Array,
  weights: Float64Array,
  step: number,
): readonly Float64Array[] {
  const width = weights.length;
  for (let i = 0; i < width; i++) parts[step] += weights[i] * output[step * width + i];
  return [];
}
