/** The sublayer `mlp` in float64: y_t = W₂ gelu(W₁ x_t + b₁) + b₂, step by step. */
import { isSent } from '../../analysis/arrivals';
import { newDoubles } from '../../float64/doubles';
import { exactGelu, tanhGelu } from '../../float64/gelu';
import { addProduct, matrix, setProduct, setProductOfTransposed } from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import { stepsOf, unsetBlock } from '../../float64/targetBlock';
import type { Float64Mixer, Float64MixerLayer, Float64MixerTrace } from '../float64Mixer';
import { addRows } from './bands';
import { addOwnContribution } from './contributions';
import { addBias, addWeights } from './float64Attention';
import { parameter } from './parameter';
import { hasTanhGelu, innerWidth } from './sizes';

interface MlpTrace extends Float64MixerTrace {
  readonly steps: number;
  /** T × I: what is read. */
  readonly x: Float64Array;
  /** T × 4·D: W₁ x + b₁. */
  readonly preActivations: Float64Array;
  /** T × 4·D: gelu of them, and gelu′, computed when it is first asked for. */
  readonly activations: Float64Array;
  readonly slopes: Float64Array;
}

export const float64Mlp: Float64Mixer<MlpTrace> = {
  forward(layer, x, T) {
    const { input: I, hidden: D } = layer;
    const inner = innerWidth(layer);
    const { b1, b2 } = layer.parameters;
    const take = layer.take ?? newDoubles;
    const preActivations = take(T * inner);
    setProductOfTransposed(preActivations, matrix(x, I), matrix(parameter(layer, 'W1'), I), T, inner, I, b1);
    const output = take(T * D);
    const gelu = hasTanhGelu(layer) ? tanhGelu(preActivations) : exactGelu(preActivations, take);
    const activations = gelu.values;
    setProductOfTransposed(output, matrix(activations, inner), matrix(parameter(layer, 'W2'), inner), T, D, inner, b2);
    let slopes: Float64Array | null = null;
    return {
      ...{ steps: T, x, preActivations, activations, output },
      get slopes() {
        return (slopes ??= gelu.slopes());
      },
    };
  },

  backward(layer, trace, above, below, gradient) {
    const { input: I, hidden: D } = layer;
    const inner = innerWidth(layer);
    const { steps: T, x, activations } = trace;
    const back = innerBack(layer, trace, above, 0, T);
    addProduct(matrix(below, I), matrix(back, inner), matrix(parameter(layer, 'W1'), I), T, I, inner);
    addWeights(gradient, 'W1', back, inner, x, I, T);
    addWeights(gradient, 'W2', above, D, activations, inner, T);
    addBias(gradient, 'b1', back, inner, T);
    addBias(gradient, 'b2', above, D, T);
  },

  flow(layer, trace, above, below) {
    const { input: I, hidden: D } = layer;
    const inner = innerWidth(layer);
    const { steps: T } = trace;
    for (let t = 0; t < T; t++) if (above.isReached[t] === 1) below.isReached[t] = 1;
    const scales = above.logScales.subarray(0, T);
    const first = scales.findIndex(isSent);
    if (first < 0) return [];
    const n = scales.findLastIndex(isSent) + 1 - first;
    // Steps do not mix: every row keeps its own scale. Those that nothing was sent to hold anything, and are left out below.
    const back = innerBack(layer, trace, above.values.subarray(first * D, (first + n) * D), first, n);
    const down = scratch('down', n * I);
    setProduct(matrix(down, I), matrix(back, inner), matrix(parameter(layer, 'W1'), I), n, I, inner);
    for (let row = 0; row < n; row++)
      if (isSent(scales[first + row]))
        addRows(below, down.subarray(row * I, (row + 1) * I), first + row, 1, I, scales[first + row]);
    return [];
  },

  flowOfMany(layer, { slopes }, above) {
    const { input: I, hidden: D } = layer;
    const inner = innerWidth(layer);
    const below = unsetBlock(I, above.first, above.last, above.logScales);
    const steps = stepsOf(above);
    const rows = steps.length;
    const back = scratch('inner', rows * inner);
    setProduct(matrix(back, inner), matrix(above.values, D), matrix(parameter(layer, 'W2'), inner), rows, inner, D);
    for (let row = 0; row < rows; row++)
      for (let i = row * inner, slope = steps[row] * inner; i < (row + 1) * inner; i++, slope++)
        back[i] *= slopes[slope];
    setProduct(matrix(below.values, I), matrix(back, inner), matrix(parameter(layer, 'W1'), I), rows, I, inner);
    return below;
  },

  stateNorms: () => [],
  addContributions: addOwnContribution,

  onTheWay: (layer, { preActivations, activations }) => [
    { name: 'mlpActivations.preActivation', units: innerWidth(layer), values: preActivations },
    { name: 'mlpActivations', units: innerWidth(layer), values: activations },
  ],
  unitMap(layer, { activations }, name) {
    return name === 'mlpActivations' ? { units: innerWidth(layer), values: activations } : null;
  },
};

/** ∂/∂(W₁ x + b₁) of n gradients by y, those of the steps `first` …: [n, 4·D], good until the next call. */
function innerBack(
  layer: Float64MixerLayer,
  { slopes }: MlpTrace,
  above: Float64Array,
  first: number,
  n: number,
): Float64Array {
  const { hidden: D } = layer;
  const inner = innerWidth(layer);
  const back = scratch('inner', n * inner);
  setProduct(matrix(back, inner), matrix(above, D), matrix(parameter(layer, 'W2'), inner), n, inner, D);
  for (let i = 0, slope = first * inner; i < back.length; i++, slope++) back[i] *= slopes[slope];
  return back;
}
