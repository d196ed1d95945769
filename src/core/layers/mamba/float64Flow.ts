/** The gradient of one target, at any lag: what travels is kept at unit length beside the logarithm of its length. */
import type { Arrivals } from '../../analysis/arrivals';
import { addArrival } from '../../analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../float64/arithmetic';
import { addRowsMatrix } from '../../float64/products';
import { lengthOf } from '../../numeric';
import type { Float64MixerLayer } from '../float64Mixer';
import { parametersOf, type MambaParameters, type MambaTrace } from './trace';
import { carriedLength, stepBack, stepBackBuffers, type MambaStepBack } from './float64Back';
import { mambaSizes, type MambaSizes } from './sizes';

/** A walk from the last step to the first. */
interface Walk {
  readonly sizes: MambaSizes;
  readonly p: MambaParameters;
  readonly trace: MambaTrace;
  readonly back: MambaStepBack;
  /** Scale of `back.h`. */
  carried: number;
  /** T × E and T: ∂ℓ/∂ what the convolution gives, and the scale of each row. */
  readonly convolved: Float64Array;
  readonly scales: Float64Array;
}

/** See `Float64Mixer.flow`. */
export function flow(
  layer: Float64MixerLayer,
  trace: MambaTrace,
  above: Arrivals<Float64Array>,
  below: Arrivals<Float64Array>,
): Float64Array[] {
  const sizes = mambaSizes(layer);
  const { steps } = trace;
  const walk: Walk = {
    sizes,
    p: parametersOf(layer),
    trace,
    back: stepBackBuffers(sizes),
    carried: -Infinity,
    convolved: new Float64Array(steps * sizes.E),
    scales: new Float64Array(steps).fill(-Infinity),
  };
  const ofScan = new Float64Array(steps).fill(NaN);
  const ofInputs = new Float64Array(steps).fill(NaN);
  const sent = new Float64Array(sizes.I);
  let isReached = false;
  for (let t = steps - 1; t >= 0; t--) {
    isReached ||= above.isReached[t] === 1;
    if (!isReached) continue;
    below.isReached[t] = 1;
    ofScan[t] = throughScan(walk, above, t);
    ofInputs[t] = inputsNorm(walk, t);
    const scale = throughInput(walk, t, sent);
    if (scale > -Infinity) addArrival(float64Arithmetic, below, t, sent, 0, sizes.I, scale);
  }
  return [ofScan, ofInputs];
}

/** Leaves in `walk` what step t sends on; returns log₁₀‖∂ℓ/∂h_t‖. */
function throughScan(walk: Walk, { values, logScales }: Arrivals<Float64Array>, t: number): number {
  const { sizes, p, trace, back, convolved, scales } = walk;
  const { O, E } = sizes;
  const scale = Math.max(walk.carried, logScales[t]);
  if (scale === -Infinity) return -Infinity;
  const factor = Math.exp(logScales[t] - scale);
  back.gated.fill(0);
  if (factor > 0) {
    addRowsMatrix(back.gated, values.subarray(t * O, (t + 1) * O), 0, 0, p.W_out, 1, O, E);
    float64Arithmetic.multiply(back.gated, E, factor);
  }
  float64Arithmetic.multiply(back.h, back.h.length, Math.exp(walk.carried - scale));
  let length = 0;
  stepBack(sizes, p, trace, t, back, { total: (h) => (length = lengthOf(h)) });
  convolved.set(back.convolved, t * E);
  scales[t] = scale;
  const after = lengthOf(back.h);
  walk.carried = scale + Math.log(after);
  if (after > 0) float64Arithmetic.multiply(back.h, back.h.length, 1 / after);
  return log10Of(length, scale);
}

/** sent [I] = ∂ℓ/∂x_t, by what the steps from t on read of it; returns its scale, −Infinity for zero. */
function throughInput({ sizes, p, back, convolved, scales }: Walk, t: number, sent: Float64Array): number {
  const { E, K } = sizes;
  const last = Math.min(scales.length, t + K);
  const scale = Math.max(...scales.subarray(t, last));
  if (scale === -Infinity) return scale;
  const row = new Float64Array(2 * E);
  for (let later = t; later < last; later++) {
    if (scales[later] === -Infinity) continue;
    const factor = Math.exp(scales[later] - scale);
    for (let e = 0; e < E; e++) row[e] += factor * p.W_conv[e * K + K - 1 - (later - t)] * convolved[later * E + e];
  }
  if (scales[t] > -Infinity) {
    const factor = Math.exp(scales[t] - scale);
    for (let e = 0; e < E; e++) row[E + e] = factor * back.z[e];
  }
  sent.fill(0);
  addRowsMatrix(sent, row, 0, 0, p.W_in, 1, 2 * E, sizes.I);
  return scale;
}

function inputsNorm({ sizes, p, convolved, scales }: Walk, t: number): number {
  const { E, K } = sizes;
  const scale = Math.max(...scales.subarray(t, Math.min(scales.length, t + K)));
  if (scale === -Infinity) return -Infinity;
  const length = carriedLength(
    sizes,
    p,
    scales.length,
    t,
    (later, e) => Math.exp(scales[later] - scale) * (scales[later] === -Infinity ? 0 : convolved[later * E + e]),
  );
  return log10Of(length, scale);
}
