/** The way back in float64: one step of it, and the total gradients of a text. */
import { addOuter, addRowsMatrix } from '../../float64/products';
import { lengthOf, logistic } from '../../numeric';
import type { Float64MixerLayer, Float64Parameters } from '../float64Mixer';
import { parametersOf, silu, siluSlope, type MambaParameters, type MambaTrace } from './trace';
import { mambaSizes, type MambaSizes } from './sizes';

/** Gradients of one step, all at one scale. */
export interface MambaStepBack {
  /** [E], in: ∂ℓ/∂(y ⊙ φ(z)). */
  readonly gated: Float64Array;
  /** [E, S], in: ∂ℓ/∂h_t through later steps; out: ∂ℓ/∂h_{t−1}. */
  readonly h: Float64Array;
  /** [E], out: ∂ℓ/∂ y, z, v, of W_dt d + b_dt, and of what the convolution gives. */
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly v: Float64Array;
  readonly beforeStep: Float64Array;
  readonly convolved: Float64Array;
  /** [R + 2S], out: ∂ℓ/∂ d, B, C. */
  readonly selected: Float64Array;
}

export function stepBackBuffers({ E, S, width }: MambaSizes): MambaStepBack {
  const zeros = (length: number) => new Float64Array(length);
  return {
    gated: zeros(E),
    h: zeros(E * S),
    y: zeros(E),
    z: zeros(E),
    v: zeros(E),
    beforeStep: zeros(E),
    convolved: zeros(E),
    selected: zeros(width),
  };
}

/** What is asked of a step besides. */
interface Asked {
  /** Called with ∂ℓ/∂h_t, whole. */
  total?: (h: Float64Array) => void;
  /** [E, S]: A's share is added to it, times A, since A = −exp(A_log). */
  readonly A_log?: Float64Array;
}

/** All of a step but the convolution and W_in. */
export function stepBack(
  sizes: MambaSizes,
  p: MambaParameters,
  trace: MambaTrace,
  t: number,
  back: MambaStepBack,
  { total, A_log }: Asked,
): void {
  const { E, S, R, width } = sizes;
  const { projected, convolved, selected, beforeStep, y } = trace;
  const C = t * width + R + S;
  for (let e = 0; e < E; e++) {
    const z = projected[(2 * t + 1) * E + e];
    const dy = back.gated[e] * silu(z);
    back.z[e] = back.gated[e] * y[t * E + e] * siluSlope(z);
    back.y[e] = dy;
    back.v[e] = dy * p.D[e];
    for (let s = 0; s < S; s++) back.h[e * S + s] += dy * selected[C + s];
  }
  total?.(back.h);
  scanBack(sizes, trace, t, back, A_log);
  for (let e = 0; e < E; e++) back.beforeStep[e] *= logistic(beforeStep[t * E + e]);
  back.selected.fill(0, 0, R);
  addRowsMatrix(back.selected, back.beforeStep, 0, 0, p.W_dt, 1, E, R);
  addRowsMatrix(back.v, back.selected, 0, 0, p.W_x, 1, width, E);
  for (let e = 0; e < E; e++) back.convolved[e] = back.v[e] * siluSlope(convolved[t * E + e]);
}

/** From ∂ℓ/∂h_t to that of h_{t−1}, and to what made the state: Δ (in `beforeStep`), v, B and C. */
function scanBack(
  { E, S, R, width }: MambaSizes,
  { v, selected, step, A, kept, h }: MambaTrace,
  t: number,
  back: MambaStepBack,
  ofA?: Float64Array,
): void {
  const B = t * width + R;
  back.selected.fill(0, R);
  for (let e = 0; e < E; e++) {
    const [size, value, dy] = [step[t * E + e], v[t * E + e], back.y[e]];
    const [before, after] = [(t * E + e) * S, ((t + 1) * E + e) * S];
    let [written, factors] = [0, 0];
    for (let s = 0; s < S; s++) {
      const d = back.h[e * S + s];
      const throughFactor = d * kept[before + s];
      written += d * selected[B + s];
      factors += throughFactor * h[before + s] * A[e * S + s];
      back.selected[R + s] += d * size * value;
      back.selected[R + S + s] += dy * h[after + s];
      if (ofA) ofA[e * S + s] += throughFactor * h[before + s] * size * A[e * S + s];
      back.h[e * S + s] = throughFactor;
    }
    back.v[e] += size * written;
    back.beforeStep[e] = value * written + factors;
  }
}

/** ∂ℓ/∂x, ∂ℓ/∂parameters and ‖∂ℓ/∂s_t‖: see `Float64Mixer.backward`. */
export function backward(
  layer: Float64MixerLayer,
  trace: MambaTrace,
  above: Float64Array,
  below: Float64Array,
  gradient: Float64Parameters,
  [ofScan, ofInputs]: readonly Float64Array[],
): void {
  const sizes = mambaSizes(layer);
  const { I, O, E, K, R, width } = sizes;
  const p = parametersOf(layer);
  const sums = parametersOf({ parameters: gradient });
  const back = stepBackBuffers(sizes);
  const { x, projected, v, selected, gated, steps } = trace;
  /** T × E. */
  const ofConvolved = new Float64Array(steps * E);
  const ofProjected = new Float64Array(2 * E);
  for (let t = steps - 1; t >= 0; t--) {
    addRow(sums.b_out, above, t * O);
    addOuter(sums.W_out, above, t * O, gated, t * E, O, E);
    back.gated.fill(0);
    addRowsMatrix(back.gated, above.subarray(t * O, (t + 1) * O), 0, 0, p.W_out, 1, O, E);
    stepBack(sizes, p, trace, t, back, { total: (h) => (ofScan[t] = lengthOf(h)), A_log: sums.A_log });
    for (let e = 0; e < E; e++) sums.D[e] += back.y[e] * v[t * E + e];
    addRow(sums.b_dt, back.beforeStep, 0);
    addOuter(sums.W_dt, back.beforeStep, 0, selected, t * width, E, R);
    addOuter(sums.W_x, back.selected, 0, v, t * E, width, E);
    addRow(sums.b_conv, back.convolved, 0);
    for (let e = 0; e < E; e++)
      for (let k = 0; k < K && k <= t; k++)
        sums.W_conv[e * K + K - 1 - k] += back.convolved[e] * projected[(t - k) * 2 * E + e];
    ofConvolved.set(back.convolved, t * E);
    ofInputs[t] = carriedLength(sizes, p, steps, t, (later, e) => ofConvolved[later * E + e]);
    for (let e = 0; e < E; e++) {
      ofProjected[e] = 0;
      for (let k = 0; k < K && t + k < steps; k++)
        ofProjected[e] += p.W_conv[e * K + K - 1 - k] * ofConvolved[(t + k) * E + e];
    }
    ofProjected.set(back.z, E);
    addRow(sums.b_in, ofProjected, 0);
    addOuter(sums.W_in, ofProjected, 0, x, t * I, 2 * E, I);
    addRowsMatrix(below.subarray(t * I, (t + 1) * I), ofProjected, 0, 0, p.W_in, 1, 2 * E, I);
  }
}

/** sum[j] += row[at + j]; nothing to a bias that is not there. */
function addRow(sum: Float64Array, row: Float64Array, at: number): void {
  for (let j = 0; j < sum.length; j++) sum[j] += row[at + j];
}

/** ‖∂ℓ/∂(u_t, u_{t−1}, …, K − 1 of them)‖ through what the steps from t on read of them. @param convolved ∂ℓ/∂ what the convolution gives at those steps */
export function carriedLength(
  { E, K }: MambaSizes,
  { W_conv }: MambaParameters,
  steps: number,
  t: number,
  convolved: (later: number, e: number) => number,
): number {
  const found = new Float64Array(E * (K - 1));
  for (let i = 0; i < K - 1; i++)
    for (let later = t; later <= t - i + K - 1 && later < steps; later++)
      for (let e = 0; e < E; e++) found[i * E + e] += W_conv[e * K + K - 1 - (later - t + i)] * convolved(later, e);
  return lengthOf(found);
}
