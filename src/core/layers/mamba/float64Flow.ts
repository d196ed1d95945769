/** The gradient of one target, at any lag: what travels is kept beside the logarithm of its length, and every step's rows are at a scale of their own. */
import type { Arrivals } from '../../analysis/arrivals';
import { addArrival } from '../../analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../float64/arithmetic';
import { matrix, setProduct } from '../../float64/matrixProduct';
import { lengthOf } from '../../numeric';
import type { Float64MixerLayer } from '../float64Mixer';
import { ConvolutionBack, gateBack, scanAndSelectionBack } from './float64Back';
import type { ScanVisits } from './scan';
import { mambaSizes } from './sizes';
import { parametersOf, type MambaTrace } from './trace';

/** See `Float64Mixer.flow`. */
export function flow(
  layer: Float64MixerLayer,
  trace: MambaTrace,
  above: Arrivals<Float64Array>,
  below: Arrivals<Float64Array>,
): Float64Array[] {
  const sizes = mambaSizes(layer);
  const { I, O, E, K } = sizes;
  const { steps } = trace;
  const p = parametersOf(layer);
  const ofScan = new Float64Array(steps).fill(NaN);
  const ofInputs = new Float64Array(steps).fill(NaN);
  const last = above.isReached.subarray(0, steps).lastIndexOf(1);
  ofScan.fill(-Infinity, 0, last + 1);
  ofInputs.fill(-Infinity, 0, last + 1);
  below.isReached.fill(1, 0, last + 1);
  const { rows, first, last: lastSent } = sentRows(above, last, O);
  if (lastSent < 0) return [ofScan, ofInputs];

  const gates = gateBack(sizes, p, trace, rows, first, lastSent);
  const scales = new Float64Array(lastSent + 1);
  const visits = scaledVisits(above.logScales.slice(0, lastSent + 1), scales, gates, E, ofScan);
  const back = scanAndSelectionBack(sizes, p, trace, gates, lastSent, visits, null);

  const ofProjected = new Float64Array((lastSent + 1) * 2 * E);
  const common = new Float64Array(lastSent + 1);
  const factors = new Float64Array(K);
  const convolution = new ConvolutionBack(sizes, p, back);
  const { found } = convolution;
  for (let t = 0; t <= lastSent; t++) {
    const scale = (common[t] = scaleOf(scales, t, K, factors));
    if (scale === -Infinity) continue;
    convolution.run(t, factors);
    ofInputs[t] = log10Of(lengthOf(found), scale);
    for (let e = 0, to = t * 2 * E, z = t * E; e < E; e++, to++, z++) {
      ofProjected[to] = found[e];
      ofProjected[to + E] = factors[0] === 0 ? 0 : factors[0] * back.z[z];
    }
  }
  const sent = new Float64Array((lastSent + 1) * I);
  setProduct(matrix(sent, I), matrix(ofProjected, 2 * E), matrix(p.W_in, I), lastSent + 1, I, 2 * E);
  for (let t = 0; t <= lastSent; t++)
    if (common[t] > -Infinity) addArrival(float64Arithmetic, below, t, sent, t * I, I, common[t]);
  return [ofScan, ofInputs];
}

/** The rows that are not zero, and what lies between them as zeros; `last` −1 where there is none. */
function sentRows(
  { values, logScales }: Arrivals<Float64Array>,
  lastReached: number,
  width: number,
): { rows: Float64Array; first: number; last: number } {
  const isSent = (scale: number) => scale > -Infinity;
  const scales = logScales.subarray(0, lastReached + 1);
  const [first, last] = [scales.findIndex(isSent), scales.findLastIndex(isSent)];
  if (last < 0) return { rows: new Float64Array(0), first: 0, last };
  const rows = values.slice(first * width, (last + 1) * width);
  for (let t = first; t <= last; t++)
    if (!isSent(scales[t])) rows.fill(0, (t - first) * width, (t + 1 - first) * width);
  return { rows, first, last };
}

/** In nats. Steps are taken together where what arrives, and what is carried to them, is at least e^−300 of the largest; their numbers have as much room again. */
const bandWidth = 300;

/**
 * Brings the rows of steps that are taken together to their greatest scale: that of what is carried to them, or of what comes from above.
 * @param ofRows scales of the rows of `gates` by step, kept as they change; −Infinity where they are zero
 * @param scales out: those of the steps, −Infinity where nothing reaches them
 */
function scaledVisits(
  ofRows: Float64Array,
  scales: Float64Array,
  gates: { readonly y: Float64Array; readonly z: Float64Array },
  E: number,
  ofScan: Float64Array,
): ScanVisits {
  let carried = -Infinity;
  let length = 1;
  return {
    begin(first, last) {
      let [least, scale] = [Infinity, -Infinity];
      for (const each of [carried, ...ofRows.subarray(first, last + 1)]) {
        if (each === -Infinity) continue;
        least = Math.min(least, each);
        scale = Math.max(scale, each);
      }
      scales.fill(scale, first, last + 1);
      if (scale === -Infinity) return null;
      if (first < last && least < scale - bandWidth) return NaN;
      for (let t = first; t <= last; t++) {
        if (ofRows[t] === -Infinity || ofRows[t] === scale) continue;
        const factor = Math.exp(ofRows[t] - scale);
        for (let i = t * E; i < (t + 1) * E; i++) {
          gates.y[i] *= factor;
          gates.z[i] *= factor;
        }
        ofRows[t] = scale;
      }
      return carried === -Infinity ? 0 : Math.exp(carried - scale) / length;
    },
    end(t, total, through) {
      ofScan[t] = log10Of(total, scales[t]);
      carried = scales[t] + Math.log(through);
      length = through;
    },
  };
}

/** The greatest scale of the steps t … t + K − 1, and the factors that bring them to it. */
function scaleOf(scales: Float64Array, t: number, K: number, factors: Float64Array): number {
  const end = Math.min(scales.length, t + K);
  let scale = -Infinity;
  for (let later = t; later < end; later++) scale = Math.max(scale, scales[later]);
  factors.fill(0);
  if (scale > -Infinity) for (let later = t; later < end; later++) factors[later - t] = Math.exp(scales[later] - scale);
  return scale;
}
