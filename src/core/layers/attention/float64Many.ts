/** The sublayer `mha`, several targets on their way back at once. */
import { matrix, setProduct } from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import { unsetBlock, type TargetBlock } from '../../float64/targetBlock';
import type { Float64MixerLayer } from '../float64Mixer';
import type { AttentionTrace } from './float64Heads';
import { manyHeadsBack } from './manyHeads';
import { parameter } from './parameter';
import { turn } from './rotary';
import { attentionSizes } from './sizes';

/** See `Float64Mixer.flowOfMany`. */
export function flowOfMany(layer: Float64MixerLayer, trace: AttentionTrace, above: TargetBlock): TargetBlock {
  const { width: D, isRotary } = attentionSizes(layer);
  const { first, last, begin, values } = above;
  const rows = begin[first.length];
  const context = scratch('context', rows * D);
  setProduct(matrix(context, D), matrix(values, D), matrix(parameter(layer, 'Wo'), D), rows, D, D);
  const isSingle = !isRotary && first.every((step, r) => step === last[r]);
  return isSingle ? singleRowsBack(layer, trace, above, context) : rowsBack(layer, trace, above, context);
}

function rowsBack(
  layer: Float64MixerLayer,
  trace: AttentionTrace,
  above: TargetBlock,
  context: Float64Array,
): TargetBlock {
  const sizes = attentionSizes(layer);
  const { input: I, width: D, heads, headSize, isRotary } = sizes;
  const { first, last, logScales } = above;
  // A step reaches all before it.
  const below = unsetBlock(I, new Int32Array(first.length), last, logScales);
  const sent = below.begin[first.length];
  const qkv = scratch('qkv', sent * 3 * D);
  manyHeadsBack({ sizes, trace, above, below, context, qkv });
  if (isRotary)
    for (let r = 0; r < last.length; r++)
      turn(qkv.subarray(below.begin[r] * 3 * D), last[r] + 1, 3 * D, 2 * heads, headSize, -1);
  setProduct(matrix(below.values, I), matrix(qkv, 3 * D), matrix(parameter(layer, 'Wqkv'), I), sent, I, 3 * D);
  return below;
}

/**
 * Of targets with a single row, at the top of a stack: all that goes to a step t lies in as many directions as there are keys and values of heads,
 *   ∂x_t = Σ_heads ∂s_{τ,t} (W_Kᵀ q_τ) + a_{τ,t} (W_Vᵀ ∂c_τ),  and at τ also W_Qᵀ ∂q_τ.
 */
function singleRowsBack(
  layer: Float64MixerLayer,
  { steps: T, weights, qkv }: AttentionTrace,
  { last, logScales }: TargetBlock,
  context: Float64Array,
): TargetBlock {
  const { input: I, width: D, heads, headSize: d, scale } = attentionSizes(layer);
  const W = parameter(layer, 'Wqkv');
  const n = last.length;
  const below = unsetBlock(I, new Int32Array(n), last, logScales);
  /** [n, I] of a head: W_Kᵀ q_τ, W_Vᵀ ∂c_τ. */
  const directions = Array.from({ length: 2 * heads }, () => new Float64Array(n * I));
  const queries = new Float64Array(n * D);
  for (let r = 0; r < n; r++) queries.set(qkv.subarray(last[r] * 3 * D, last[r] * 3 * D + D), r * D);
  for (let head = 0; head < heads; head++) {
    const part = (values: Float64Array) => ({ values, at: head * d, stride: D });
    const rowsOf = (first: number) => ({ values: W, at: (first + head * d) * I, stride: I });
    setProduct(matrix(directions[head], I), part(queries), rowsOf(D), n, I, d);
    setProduct(matrix(directions[heads + head], I), part(context), rowsOf(2 * D), n, I, d);
  }
  const ofQueries = new Float64Array(n * D);
  const coefficients = new Float64Array(T * 2 * heads);
  const own = new Float64Array(2 * heads * I);
  for (let r = 0; r < n; r++) {
    const target = last[r];
    for (let head = 0; head < heads; head++) {
      const a = weights[head];
      let mean = 0;
      for (let t = 0; t <= target; t++) {
        const value = (t * 3 + 2) * D + head * d;
        let slope = 0;
        for (let i = 0; i < d; i++) slope += context[r * D + head * d + i] * qkv[value + i];
        const weight = a[target * T + t];
        coefficients[t * 2 * heads + head] = slope;
        coefficients[t * 2 * heads + heads + head] = weight;
        mean += weight * slope;
      }
      for (let t = 0; t <= target; t++) {
        const at = t * 2 * heads + head;
        const score = scale * coefficients[at + heads] * (coefficients[at] - mean);
        coefficients[at] = score;
        const key = (t * 3 + 1) * D + head * d;
        for (let i = 0; i < d; i++) ofQueries[r * D + head * d + i] += score * qkv[key + i];
      }
    }
    for (const [j, rows] of directions.entries()) own.set(rows.subarray(r * I, (r + 1) * I), j * I);
    const out = { values: below.values, at: below.begin[r] * I, stride: I };
    setProduct(out, matrix(coefficients, 2 * heads), matrix(own, I), target + 1, I, 2 * heads);
  }
  const down = new Float64Array(n * I);
  setProduct(matrix(down, I), matrix(ofQueries, D), matrix(W, I), n, I, D);
  for (let r = 0; r < n; r++)
    for (let i = 0, to = (below.begin[r + 1] - 1) * I; i < I; i++) below.values[to + i] += down[r * I + i];
  return below;
}
