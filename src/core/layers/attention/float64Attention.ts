/** The sublayer `mha` in float64: its equations are in float64Heads.ts. */
import { arrivals, type Arrivals } from '../../analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../float64/arithmetic';
import { addProduct, addTransposedProduct, matrix, setProduct } from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import { lengthOf } from '../../numeric';
import type { Float64Mixer, Float64MixerLayer, Float64Parameters, HeadNorms } from '../float64Mixer';
import { addRows, bandsOf, lastReached } from './bands';
import { addContributions } from './contributions';
import { flowOfMany } from './float64Many';
import { attend, headsBack, onTheWay, type AttentionTrace } from './float64Heads';
import { parameter } from './parameter';
import { attentionSizes } from './sizes';

export const float64Attention: Float64Mixer<AttentionTrace> = {
  forward: attend,

  backward(layer, trace, above, below, gradient) {
    const { input: I, width: D } = attentionSizes(layer);
    const T = trace.steps;
    const qkv = headsBack(layer, trace, above, 0, T);
    addProduct(matrix(below, I), matrix(qkv, 3 * D), matrix(parameter(layer, 'Wqkv'), I), T, I, 3 * D);
    addWeights(gradient, 'Wqkv', qkv, 3 * D, trace.x, I, T);
    addWeights(gradient, 'Wo', above, D, trace.context, D, T);
    addBias(gradient, 'bqkv', qkv, 3 * D, T);
    addBias(gradient, 'bo', above, D, T);
  },

  flow(layer, trace, above, below) {
    const { input: I, width: D } = attentionSizes(layer);
    const W = matrix(parameter(layer, 'Wqkv'), I);
    below.isReached.fill(1, 0, lastReached(above, trace.steps) + 1);
    for (const { rows, first, last, logScale } of bandsOf(above, trace.steps, D)) {
      const qkv = headsBack(layer, trace, rows, first, last + 1 - first);
      const down = scratch('down', (last + 1) * I);
      setProduct(matrix(down, I), matrix(qkv, 3 * D), W, last + 1, I, 3 * D);
      addRows(below, down, 0, last + 1, I, logScale);
    }
    return [];
  },

  flowOfMany,

  stateNorms: () => [],

  addContributions,
  headWeights: ({ weights }) => weights,
  headNorms,
  onTheWay,
  unitMap: () => null,
};

/** ∂W += ∂yᵀ x, [n, k]. */
export function addWeights(
  gradient: Float64Parameters,
  role: string,
  above: Float64Array,
  n: number,
  x: Float64Array,
  k: number,
  steps: number,
): void {
  const sum = gradient[role];
  if (sum) addTransposedProduct(matrix(sum, k), matrix(above, n), matrix(x, k), n, k, steps);
}

export function addBias(
  gradient: Float64Parameters,
  role: string,
  above: Float64Array,
  n: number,
  steps: number,
): void {
  const sum = gradient[role];
  if (!sum) return;
  for (let t = 0; t < steps; t++) for (let i = 0; i < n; i++) sum[i] += above[t * n + i];
}

/** @param above T × D: ∂ℓ_τ/∂y of the sublayer */
function headNorms(layer: Float64MixerLayer, trace: AttentionTrace, above: Arrivals<Float64Array>): HeadNorms {
  const { width: D, heads, headSize: d } = attentionSizes(layer);
  const { steps: T } = trace;
  const reached = lastReached(above, T);
  // A row of d numbers for each part, head and step: bands are added up by their scales.
  const found = arrivals(float64Arithmetic, 2 * heads * T, d);
  for (const { rows, first, last, logScale } of bandsOf(above, T, D)) {
    const qkv = headsBack(layer, trace, rows, first, last + 1 - first);
    for (let index = 0; index < 2 * heads; index++) {
      const ofHead = new Float64Array((last + 1) * d);
      for (let t = 0; t <= last; t++) {
        const from = t * 3 * D + D + index * d;
        ofHead.set(qkv.subarray(from, from + d), t * d);
      }
      addRows(found, ofHead, index * T, last + 1, d, logScale);
    }
  }
  const norms = (part: number) =>
    Array.from({ length: heads }, (_, head) =>
      Float64Array.from({ length: T }, (_, t) => {
        const row = (part * heads + head) * T + t;
        if (t > reached) return NaN;
        const logScale = found.logScales[row];
        return logScale === -Infinity ? -Infinity : log10Of(lengthOf(found.values, row * d, d), logScale);
      }),
    );
  return { keys: norms(0), values: norms(1) };
}
