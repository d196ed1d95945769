/** The gradient of one target, at any lag: what travels is kept beside the logarithm of its length, and every step's rows are at a scale of their own. */
import type { Arrivals } from '../../analysis/arrivals';
import { addArrival, isSent } from '../../analysis/arrivals';
import { float64Arithmetic, log10Of } from '../../float64/arithmetic';
import { matrix, setProduct } from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import type { Float64MixerLayer } from '../float64Mixer';
import { ConvolutionBack, gateBack, scanAndSelectionBack } from './float64Back';
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
  const { logScales: arriving } = above;
  const back = scanAndSelectionBack(sizes, p, trace, gates, lastSent, { logScales: arriving });
  const { lengths, logScales: scales } = back;
  for (let t = 0; t <= lastSent; t++) ofScan[t] = log10Of(lengths[t], scales[t]);

  const ofProjected = scratch('projected', (lastSent + 1) * 2 * E);
  const common = new Float64Array(lastSent + 1);
  const convolution = new ConvolutionBack(sizes, p, back);
  const { found, factors } = convolution;
  for (let t = 0; t <= lastSent; t++) {
    const to = t * 2 * E;
    const scale = (common[t] = scaleOf(scales, t, K, factors));
    if (scale === -Infinity) {
      ofProjected.fill(0, to, to + 2 * E);
      continue;
    }
    ofInputs[t] = log10Of(convolution.run(t, K), scale);
    ofProjected.set(found.subarray(0, E), to);
    const ofZ = isSent(arriving[t]) ? Math.exp(arriving[t] - scale) : 0;
    for (let e = 0, z = t * E; e < E; e++, z++) ofProjected[to + E + e] = ofZ === 0 ? 0 : ofZ * back.z[z];
  }
  const sent = scratch('sent', (lastSent + 1) * I);
  setProduct(matrix(sent, I), matrix(ofProjected, 2 * E), matrix(p.W_in, I), lastSent + 1, I, 2 * E);
  for (let t = 0; t <= lastSent; t++)
    if (isSent(common[t])) addArrival(float64Arithmetic, below, t, sent, t * I, I, common[t]);
  return [ofScan, ofInputs];
}

/** The rows that are not zero, and what lies between them as zeros; `last` −1 where there is none. */
function sentRows(
  { values, logScales }: Arrivals<Float64Array>,
  lastReached: number,
  width: number,
): { rows: Float64Array; first: number; last: number } {
  const scales = logScales.subarray(0, lastReached + 1);
  const [first, last] = [scales.findIndex(isSent), scales.findLastIndex(isSent)];
  if (last < 0) return { rows: new Float64Array(0), first: 0, last };
  const rows = values.slice(first * width, (last + 1) * width);
  for (let t = first; t <= last; t++)
    if (!isSent(scales[t])) rows.fill(0, (t - first) * width, (t + 1 - first) * width);
  return { rows, first, last };
}

/** The greatest scale of the steps t … t + K − 1, and the factors that bring them to it. */
function scaleOf(scales: Float64Array, t: number, K: number, factors: Float64Array): number {
  const end = Math.min(scales.length, t + K);
  let scale = -Infinity;
  for (let later = t; later < end; later++) scale = Math.max(scale, scales[later]);
  factors.fill(0);
  if (isSent(scale)) for (let later = t; later < end; later++) factors[later - t] = Math.exp(scales[later] - scale);
  return scale;
}
