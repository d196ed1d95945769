/** The heads of several targets on their way back at once: the equations of float64Heads.ts, a product for all targets where they read the same matrix. */
import {
  matrix,
  setProduct,
  setProductOfTransposed,
  setTransposedProduct,
  type Matrix,
} from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import type { TargetBlock } from '../../float64/targetBlock';
import { keysOf, queriesOf, scoresBack, valuesOf, type AttentionTrace } from './float64Heads';
import type { AttentionSizes } from './sizes';

/** Sources that are taken together: of earlier targets they get nothing. */
const sourcesAtOnce = 64;

interface HeadsBack {
  readonly sizes: AttentionSizes;
  readonly trace: AttentionTrace;
  /** Of the sublayer's output, whose rows are those of the targets here. */
  readonly above: Pick<TargetBlock, 'first' | 'last' | 'begin'>;
  /** Rows that are sent: of all steps from 0 to a target's last. */
  readonly below: Pick<TargetBlock, 'begin'>;
  /** [rows, D]: ∂/∂(Σ_t a_{τ,t} v_t). */
  readonly context: Float64Array;
  /** [rows sent, 3·D], out: ∂/∂(queries, keys, values), turned where positions are rotary. */
  readonly qkv: Float64Array;
}

export function manyHeadsBack(back: HeadsBack): void {
  for (let head = 0; head < back.sizes.heads; head++) headBack(back, head);
}

function headBack(back: HeadsBack, head: number): void {
  const { sizes, trace, above, context } = back;
  const { width: D, headSize: d, scale } = sizes;
  const { first, last, begin } = above;
  const count = first.length;
  const rows = begin[count];
  const steps = Math.max(...last) + 1;
  const a = trace.weights[head];
  const own = scratch('head', rows * d);
  for (let row = 0; row < rows; row++)
    for (let i = 0, from = row * D + head * d; i < d; i++) own[row * d + i] = context[from + i];
  const slopes = scratch('slopes', rows * steps);
  setProductOfTransposed(slopes, matrix(own, d), valuesOf(sizes, trace.qkv, head), rows, steps, d);
  for (let r = 0; r < count; r++) {
    const part = slopes.subarray(begin[r] * steps, begin[r + 1] * steps);
    const weights = { values: a, at: first[r] * trace.steps, stride: trace.steps };
    scoresBack(part, steps, weights, first[r], last[r] + 1 - first[r], scale);
  }
  queriesBack(back, head, slopes, steps);
  const isSingle = (r: number) => first[r] === last[r];
  const several: number[] = [];
  for (let r = 0; r < count; r++) {
    if (isSingle(r)) singleBack(back, head, r, slopes.subarray(begin[r] * steps, begin[r + 1] * steps), own);
    else several.push(r);
  }
  if (several.length === 0) return;
  keysBack(back, head, several, slopes, steps);
  valuesBack(back, head, several, own, steps);
}

function queriesBack(
  { sizes, trace, above: { first, last, begin }, below, qkv }: HeadsBack,
  head: number,
  slopes: Float64Array,
  steps: number,
): void {
  const { width: D, headSize: d } = sizes;
  const rows = begin[first.length];
  const found = scratch('queries', rows * d);
  setProduct(matrix(found, d), matrix(slopes, steps), keysOf(sizes, trace.qkv, head), rows, d, steps);
  for (let r = 0; r < first.length; r++)
    for (let t = 0; t <= last[r]; t++) {
      const to = (below.begin[r] + t) * 3 * D + head * d;
      const from = (begin[r] + t - first[r]) * d;
      if (t < first[r]) qkv.fill(0, to, to + d);
      else for (let i = 0; i < d; i++) qkv[to + i] = found[from + i];
    }
}

/** Of a target with a single row: an outer product each. @param slopes of its row */
function singleBack(
  { sizes, trace, above: { last, begin }, below, qkv }: HeadsBack,
  head: number,
  r: number,
  slopes: Float64Array,
  own: Float64Array,
): void {
  const { width: D, headSize: d } = sizes;
  const weights = trace.weights[head];
  const query = last[r] * 3 * D + head * d;
  for (let t = 0; t <= last[r]; t++) {
    const key = (below.begin[r] + t) * 3 * D + D + head * d;
    const slope = slopes[t];
    const weight = weights[last[r] * trace.steps + t];
    for (let i = 0; i < d; i++) {
      qkv[key + i] = slope * trace.qkv[query + i];
      qkv[key + D + i] = weight * own[begin[r] * d + i];
    }
  }
}

/** ∂k_t = Σ_τ ∂s_{τ,t} q_τ, target by target. */
function keysBack(
  { sizes, trace, above: { first, last, begin }, below, qkv }: HeadsBack,
  head: number,
  targets: readonly number[],
  slopes: Float64Array,
  steps: number,
): void {
  const { width: D, headSize: d } = sizes;
  const queries = queriesOf(sizes, trace.qkv, head);
  const found = scratch('keys', steps * d);
  for (const r of targets) {
    const part = matrix(slopes.subarray(begin[r] * steps, begin[r + 1] * steps), steps);
    const read = { ...queries, at: queries.at + first[r] * queries.stride };
    setTransposedProduct(found, part, read, steps, d, last[r] + 1 - first[r]);
    for (let t = 0; t <= last[r]; t++)
      for (let i = 0, to = (below.begin[r] + t) * 3 * D + D + head * d; i < d; i++) qkv[to + i] = found[t * d + i];
  }
}

/** ∂v_t = Σ_τ a_{τ,t} W_Oᵀ ∂y_τ: targets lie side by side. */
function valuesBack(
  { sizes, trace, above: { first, last, begin }, below, qkv }: HeadsBack,
  head: number,
  targets: readonly number[],
  own: Float64Array,
  steps: number,
): void {
  const { width: D, headSize: d } = sizes;
  const width = targets.length * d;
  const wide = scratch('sideBySide', steps * width);
  wide.fill(0);
  targets.forEach((r, place) => {
    for (let t = first[r]; t <= last[r]; t++)
      for (let i = 0, from = (begin[r] + t - first[r]) * d, to = t * width + place * d; i < d; i++)
        wide[to + i] = own[from + i];
  });
  for (let source = 0; source < steps; source += sourcesAtOnce) {
    const m = Math.min(sourcesAtOnce, steps - source);
    const found = scratch('values', m * width);
    const weights: Matrix = {
      values: trace.weights[head],
      at: source * trace.steps + source,
      stride: trace.steps,
    };
    const read: Matrix = { values: wide, at: source * width, stride: width };
    setTransposedProduct(found, weights, read, m, width, steps - source);
    targets.forEach((r, place) => {
      for (let t = source; t < source + m && t <= last[r]; t++)
        for (
          let i = 0, from = (t - source) * width + place * d, to = (below.begin[r] + t) * 3 * D + 2 * D + head * d;
          i < d;
          i++
        )
          qkv[to + i] = found[from + i];
    });
  }
}
