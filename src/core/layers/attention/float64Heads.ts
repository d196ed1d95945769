/**
 * Causal softmax attention of one text in float64 (Vaswani et al. 2017, arXiv:1706.03762), all heads:
 *   (q, k, v)_t = W_QKV x_t + b_QKV,  a_{τ,t} = softmax over t ≤ τ of q_τ · k_t / √d,  y_τ = W_O Σ_t a_{τ,t} v_t + b_O
 * and back, for n gradients y of steps `first` … `first + n − 1`:
 *   ∂a_{τ,t} = (W_Oᵀ ∂y_τ) · v_t,  ∂s_{τ,t} = a_{τ,t} (∂a_{τ,t} − Σ_j a_{τ,j} ∂a_{τ,j}),
 *   ∂q_τ = Σ_t ∂s_{τ,t} k_t / √d,  ∂k_t = Σ_τ ∂s_{τ,t} q_τ / √d,  ∂v_t = Σ_τ a_{τ,t} W_Oᵀ ∂y_τ
 */
import { at } from '../../../kernels/arena';
import { newDoubles } from '../../float64/doubles';
import {
  addProduct,
  addTransposedProduct,
  matrix,
  setProduct,
  setProductOfTransposed,
} from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import { workspace } from '../../float64/workspace';
import type { Float64MixerLayer, Float64MixerTrace, MixerQuantity } from '../float64Mixer';
import { parameter } from './parameter';
import { turn } from './rotary';
import { attentionSizes, type AttentionSizes } from './sizes';

export interface AttentionTrace extends Float64MixerTrace {
  /** T. */
  readonly steps: number;
  /** T × I: what is read. */
  readonly x: Float64Array;
  /** T × 3·D: queries, keys, values, each head by head; turned where positions are rotary. */
  readonly qkv: Float64Array;
  /** Of each head T × T, row τ, column t: a_{τ,t}, zero for t > τ. */
  readonly weights: readonly Float64Array[];
  /** T × D: Σ_t a_{τ,t} v_t. */
  readonly context: Float64Array;
}

export function attend(layer: Float64MixerLayer, x: Float64Array, T: number): AttentionTrace {
  const sizes = attentionSizes(layer);
  const { input: I, width: D, heads, headSize: d, isRotary } = sizes;
  const take = layer.take ?? newDoubles;
  const qkv = take(T * 3 * D);
  const { bqkv, bo } = layer.parameters;
  setProductOfTransposed(qkv, matrix(x, I), matrix(parameter(layer, 'Wqkv'), I), T, 3 * D, I, bqkv);
  if (isRotary) turn(qkv, T, 3 * D, 2 * heads, d, 1);
  const context = take(T * D).fill(0);
  const weights = Array.from({ length: heads }, (_, head) => {
    const a = weightsOf(sizes, qkv, head, T, take(T * T));
    addProduct({ values: context, at: head * d, stride: D }, matrix(a, T), valuesOf(sizes, qkv, head), T, d, T);
    return a;
  });
  const output = take(T * D);
  setProductOfTransposed(output, matrix(context, D), matrix(parameter(layer, 'Wo'), D), T, D, D, bo);
  return { steps: T, x, qkv, weights, context, output };
}

/** Writes a of one head, T × T. */
function weightsOf(sizes: AttentionSizes, qkv: Float64Array, head: number, T: number, a: Float64Array): Float64Array {
  const { headSize: d, scale } = sizes;
  setProductOfTransposed(a, queriesOf(sizes, qkv, head), keysOf(sizes, qkv, head), T, T, d);
  const space = workspace([T * T]);
  const scores = space.holding(a);
  space.kernels.softmaxCausal64(at(scores), T, scale);
  a.set(scores);
  return a;
}

/** Queries, keys and values, the scores q_τ · k_t of all heads, and what the heads have read. */
export function onTheWay(layer: Float64MixerLayer, { qkv, context, steps: T }: AttentionTrace): MixerQuantity[] {
  const sizes = attentionSizes(layer);
  const { width: D, heads, headSize: d } = sizes;
  const largest = qkv.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scores = new Float64Array(d * largest ** 2 < soundScores ? 0 : T * heads * T);
  // A row is that of a target: what later tokens would get is never read.
  for (let head = 0; scores.length > 0 && head < heads; head++) {
    const [q, k] = [queriesOf(sizes, qkv, head), keysOf(sizes, qkv, head)];
    for (let target = 0; target < T; target++)
      for (let t = 0; t <= target; t++) {
        let sum = 0;
        for (let i = 0; i < d; i++) sum += qkv[q.at + target * q.stride + i] * qkv[k.at + t * k.stride + i];
        scores[(target * heads + head) * T + t] = sum;
      }
  }
  return [
    { name: 'q, k, v', units: 3 * D, values: qkv },
    ...(scores.length > 0 ? [{ name: 'q · k', units: heads * T, values: scores }] : []),
    { name: 'a v', units: D, values: context },
  ];
}

/** No score of such a size is beyond float32. */
const soundScores = 1e38;

/** ∂/∂(queries, keys, values) of steps 0 … last, each row [3·D]; before they are turned. @param above [n, D]: gradients of y at steps `first` …; later ones have none */
export function headsBack(
  layer: Float64MixerLayer,
  trace: AttentionTrace,
  above: Float64Array,
  first: number,
  n: number,
): Float64Array {
  const sizes = attentionSizes(layer);
  const { width: D, heads, headSize: d, isRotary, scale } = sizes;
  const context = scratch('ofContext', n * D);
  setProduct(matrix(context, D), matrix(above, D), matrix(parameter(layer, 'Wo'), D), n, D, D);
  const steps = first + n;
  const qkv = new Float64Array(steps * 3 * D);
  const slopes = scratch('slopes', n * steps);
  for (let head = 0; head < heads; head++) {
    const ofContext = { values: context, at: head * d, stride: D };
    const a = { values: trace.weights[head], at: first * trace.steps, stride: trace.steps };
    setProductOfTransposed(slopes, ofContext, valuesOf(sizes, trace.qkv, head), n, steps, d);
    scoresBack(slopes, steps, a, first, n, scale);
    const part = (index: number, step = 0) => ({
      values: qkv,
      at: step * 3 * D + index * D + head * d,
      stride: 3 * D,
    });
    addProduct(part(0, first), matrix(slopes, steps), keysOf(sizes, trace.qkv, head), n, d, steps);
    const queries = queriesOf(sizes, trace.qkv, head);
    addTransposedProduct(part(1), matrix(slopes, steps), { ...queries, at: queries.at + first * 3 * D }, steps, d, n);
    addTransposedProduct(part(2), a, ofContext, steps, d, n);
  }
  if (isRotary) turn(qkv, steps, 3 * D, 2 * heads, d, -1);
  return qkv;
}

/** From ∂a to ∂s, n rows in place, of the steps `first` …; later steps have no weights. */
export function scoresBack(
  slopes: Float64Array,
  steps: number,
  { values: weights, at: begin, stride }: Rows,
  first: number,
  n: number,
  scale: number,
): void {
  for (let row = 0; row < n; row++) {
    const [to, from, end] = [row * steps, begin + row * stride, first + row];
    // Four sums, so that one addition need not wait for the last.
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let t = 0;
    for (; t + 3 <= end; t += 4) {
      a += weights[from + t] * slopes[to + t];
      b += weights[from + t + 1] * slopes[to + t + 1];
      c += weights[from + t + 2] * slopes[to + t + 2];
      d += weights[from + t + 3] * slopes[to + t + 3];
    }
    for (; t <= end; t++) a += weights[from + t] * slopes[to + t];
    const mean = a + b + (c + d);
    for (t = 0; t <= end; t++) slopes[to + t] = scale * weights[from + t] * (slopes[to + t] - mean);
    slopes.fill(0, to + end + 1, to + steps);
  }
}

type Rows = ReturnType<typeof matrix<Float64Array>>;

/** Of a head, T × d. */
export function queriesOf({ width, headSize }: AttentionSizes, qkv: Float64Array, head: number): Rows {
  return { values: qkv, at: head * headSize, stride: 3 * width };
}

/** Of a head, T × d. */
export function keysOf({ width, headSize }: AttentionSizes, qkv: Float64Array, head: number): Rows {
  return { values: qkv, at: width + head * headSize, stride: 3 * width };
}

/** Of a head, T × d. */
export function valuesOf({ width, headSize }: AttentionSizes, qkv: Float64Array, head: number): Rows {
  return { values: qkv, at: 2 * width + head * headSize, stride: 3 * width };
}
