/**
 * The layer in float64, step by step; its equations are in src/layers/kinds/mamba.ts. Rows of E, and of E × S where they are states; step t leads from row t of
 * the states to row t + 1.
 */
import { addMatrixVector } from '../../float64/products';
import { lengthOf } from '../../numeric';
import type { Float64Mixer, Float64MixerLayer } from '../float64Mixer';
import { addContributions } from './contributions';
import { backward } from './float64Back';
import { flow } from './float64Flow';
import { mambaSizes } from './sizes';
import { parametersOf, silu, type MambaTrace } from './trace';
import { unitMap } from './unitMaps';

export const float64: Float64Mixer<MambaTrace> = {
  forward(layer, x, steps) {
    const trace = emptyTrace(layer, x, steps);
    for (let t = 0; t < steps; t++) stepForward(layer, trace, t);
    return trace;
  },
  backward,
  flow,
  addContributions,

  stateNorms(layer, { steps, h, projected }) {
    const { E, S, K } = mambaSizes(layer);
    const scan = Float64Array.from({ length: steps }, (_, t) => lengthOf(h, (t + 1) * E * S, E * S));
    const inputs = Float64Array.from({ length: steps }, (_, t) => {
      const rows = Array.from({ length: Math.min(K - 1, t + 1) }, (__, i) => lengthOf(projected, (t - i) * 2 * E, E));
      return Math.hypot(...rows);
    });
    return [scan, inputs];
  },

  unitMap,
};

function emptyTrace(layer: Float64MixerLayer, x: Float64Array, steps: number): MambaTrace {
  const { E, S, O, width } = mambaSizes(layer);
  const zeros = (columns: number) => new Float64Array(steps * columns);
  return {
    steps,
    x,
    projected: zeros(2 * E),
    convolved: zeros(E),
    v: zeros(E),
    selected: zeros(width),
    beforeStep: zeros(E),
    step: zeros(E),
    A: parametersOf(layer).A_log.map((log) => -Math.exp(log)),
    kept: zeros(E * S),
    h: new Float64Array((steps + 1) * E * S),
    y: zeros(E),
    gated: zeros(E),
    output: zeros(O),
  };
}

function stepForward(layer: Float64MixerLayer, trace: MambaTrace, t: number): void {
  const { I, O, E, K, R, width } = mambaSizes(layer);
  const { W_in, b_in, W_conv, b_conv, W_x, W_dt, b_dt, W_out, b_out } = parametersOf(layer);
  const { x, projected, convolved, v, selected, beforeStep, step, gated, output } = trace;
  if (b_in.length > 0) projected.set(b_in, t * 2 * E);
  addMatrixVector(projected, t * 2 * E, W_in, x, t * I, 2 * E, I);
  for (let e = 0; e < E; e++) {
    let sum = b_conv[e];
    for (let k = 0; k < K && k <= t; k++) sum += W_conv[e * K + K - 1 - k] * projected[(t - k) * 2 * E + e];
    convolved[t * E + e] = sum;
    v[t * E + e] = silu(sum);
  }
  addMatrixVector(selected, t * width, W_x, v, t * E, width, E);
  beforeStep.set(b_dt, t * E);
  addMatrixVector(beforeStep, t * E, W_dt, selected, t * width, E, R);
  for (let e = t * E; e < (t + 1) * E; e++)
    step[e] = Math.max(beforeStep[e], 0) + Math.log1p(Math.exp(-Math.abs(beforeStep[e])));
  scanForward(layer, trace, t);
  if (b_out.length > 0) output.set(b_out, t * O);
  addMatrixVector(output, t * O, W_out, gated, t * E, O, E);
}

function scanForward(layer: Float64MixerLayer, trace: MambaTrace, t: number): void {
  const { E, S, R, width } = mambaSizes(layer);
  const { D } = parametersOf(layer);
  const { projected, v, selected, step, A, kept, h, y, gated } = trace;
  const B = t * width + R;
  for (let e = 0; e < E; e++) {
    const size = step[t * E + e];
    const written = size * v[t * E + e];
    const [before, after] = [(t * E + e) * S, ((t + 1) * E + e) * S];
    let sum = D[e] * v[t * E + e];
    for (let s = 0; s < S; s++) {
      const factor = Math.exp(size * A[e * S + s]);
      const state = factor * h[before + s] + written * selected[B + s];
      kept[before + s] = factor;
      h[after + s] = state;
      sum += state * selected[B + S + s];
    }
    y[t * E + e] = sum;
    gated[t * E + e] = sum * silu(projected[(2 * t + 1) * E + e]);
  }
}
