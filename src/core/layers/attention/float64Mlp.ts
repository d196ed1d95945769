/** The sublayer `mlp` in float64: y_t = W₂ gelu(W₁ x_t + b₁) + b₂, step by step. */
import { geluForms, type GeluForm } from '../../float64/gelu';
import { addProduct, addProductOfTransposed, matrix } from '../../float64/matrixProduct';
import type { Float64Mixer, Float64MixerLayer, Float64MixerTrace } from '../float64Mixer';
import { addRows } from './bands';
import { addBias, addWeights } from './float64Attention';
import { biasedRows } from './float64Heads';
import { parameter } from './parameter';
import { hasTanhGelu, innerWidth } from './sizes';

interface MlpTrace extends Float64MixerTrace {
  readonly steps: number;
  /** T × I: what is read. */
  readonly x: Float64Array;
  /** T × 4·D: W₁ x + b₁. */
  readonly preActivations: Float64Array;
}

export const float64Mlp: Float64Mixer<MlpTrace> = {
  forward(layer, x, T) {
    const { input: I, hidden: D } = layer;
    const inner = innerWidth(layer);
    const preActivations = biasedRows(layer, 'b1', T, inner);
    addProductOfTransposed(matrix(preActivations, inner), matrix(x, I), matrix(parameter(layer, 'W1'), I), T, inner, I);
    const output = biasedRows(layer, 'b2', T, D);
    const activations = preActivations.map(geluOf(layer).value);
    addProductOfTransposed(
      matrix(output, D),
      matrix(activations, inner),
      matrix(parameter(layer, 'W2'), inner),
      T,
      D,
      inner,
    );
    return { steps: T, x, preActivations, output };
  },

  backward(layer, trace, above, below, gradient) {
    const { input: I, hidden: D } = layer;
    const inner = innerWidth(layer);
    const { steps: T, x, preActivations } = trace;
    const back = innerBack(layer, trace, above, 0, T);
    addProduct(matrix(below, I), matrix(back, inner), matrix(parameter(layer, 'W1'), I), T, I, inner);
    addWeights(gradient, 'W1', back, inner, x, I, T);
    addWeights(gradient, 'W2', above, D, preActivations.map(geluOf(layer).value), inner, T);
    addBias(gradient, 'b1', back, inner, T);
    addBias(gradient, 'b2', above, D, T);
  },

  flow(layer, trace, above, below) {
    const { input: I, hidden: D } = layer;
    const inner = innerWidth(layer);
    const { steps: T } = trace;
    for (let t = 0; t < T; t++) if (above.isReached[t] === 1) below.isReached[t] = 1;
    const isSent = (logScale: number) => logScale > -Infinity;
    const scales = above.logScales.subarray(0, T);
    const first = scales.findIndex(isSent);
    if (first < 0) return [];
    const n = scales.findLastIndex(isSent) + 1 - first;
    // Steps do not mix: every row keeps its own scale. Those that nothing was sent to hold anything, and are left out below.
    const back = innerBack(layer, trace, above.values.subarray(first * D, (first + n) * D), first, n);
    const down = new Float64Array(n * I);
    addProduct(matrix(down, I), matrix(back, inner), matrix(parameter(layer, 'W1'), I), n, I, inner);
    for (let row = 0; row < n; row++)
      if (isSent(scales[first + row]))
        addRows(below, down.subarray(row * I, (row + 1) * I), first + row, 1, I, scales[first + row]);
    return [];
  },

  stateNorms: () => [],

  unitMap(layer, { preActivations }, name) {
    return name === 'mlpActivations'
      ? { units: innerWidth(layer), values: preActivations.map(geluOf(layer).value) }
      : null;
  },
};

/** ∂/∂(W₁ x + b₁) of n gradients by y, those of the steps `first` …: [n, 4·D]. */
function innerBack(
  layer: Float64MixerLayer,
  { preActivations }: MlpTrace,
  above: Float64Array,
  first: number,
  n: number,
): Float64Array {
  const { hidden: D } = layer;
  const inner = innerWidth(layer);
  const back = new Float64Array(n * inner);
  addProduct(matrix(back, inner), matrix(above, D), matrix(parameter(layer, 'W2'), inner), n, inner, D);
  const { slope } = geluOf(layer);
  for (let i = 0; i < back.length; i++) back[i] *= slope(preActivations[first * inner + i]);
  return back;
}

function geluOf(layer: Float64MixerLayer): GeluForm {
  return geluForms[hasTanhGelu(layer) ? 'tanh' : 'exact'];
}
