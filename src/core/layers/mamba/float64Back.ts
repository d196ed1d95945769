/** The way back in float64: what the total gradients and those of one target share, and the total gradients of a text. */
import { at } from '../../../kernels/arena';
import { addProduct, addTransposedProduct, matrix, setProduct } from '../../float64/matrixProduct';
import { workspace, type Workspace } from '../../float64/workspace';
import { lengthOf } from '../../numeric';
import type { Float64MixerLayer, Float64Parameters } from '../float64Mixer';
import { scanBackward, type ScanVisits } from './scan';
import { mambaSizes, type MambaSizes } from './sizes';
import { parametersOf, siluSlope, tapsOf, type MambaParameters, type MambaTrace } from './trace';

/** Rows of the steps 0 … `last`, each at a scale of its own: ∂ℓ/∂ … */
export interface MambaBack {
  readonly last: number;
  /** [E]: y, z, W_dt d + b_dt, and what the convolution gives. */
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly beforeStep: Float64Array;
  readonly convolved: Float64Array;
  /** [R + 2S]: d, B, C. */
  readonly selected: Float64Array;
}

/** ∂ℓ/∂ (y, z) of the steps `first` … `last`. @param above [rows, O] of these steps: what reaches the layer's output */
export function gateBack(
  { O, E }: MambaSizes,
  { W_out }: MambaParameters,
  { projected, gate, y }: MambaTrace,
  above: Float64Array,
  first: number,
  last: number,
): Pick<MambaBack, 'y' | 'z'> {
  const ofY = new Float64Array((last + 1) * E);
  const ofZ = new Float64Array((last + 1) * E);
  const rows = last + 1 - first;
  setProduct({ values: ofY, at: first * E, stride: E }, matrix(above, O), matrix(W_out, E), rows, E, O);
  for (let t = first; t <= last; t++)
    for (let i = t * E, z = (2 * t + 1) * E; i < (t + 1) * E; i++, z++) {
      ofZ[i] = ofY[i] * y[i] * siluSlope(projected[z], gate[i]);
      ofY[i] *= projected[z] * gate[i];
    }
  return { y: ofY, z: ofZ };
}

/** Through the scan and what chose its steps, down to the convolution. @param ofA as in `scanBackward` */
export function scanAndSelectionBack(
  sizes: MambaSizes,
  p: MambaParameters,
  trace: MambaTrace,
  { y, z }: Pick<MambaBack, 'y' | 'z'>,
  last: number,
  visits: ScanVisits,
  ofA: Float64Array | null,
): MambaBack {
  const { E, R, width } = sizes;
  const { convolved, convolvedGate, stepSlope } = trace;
  const steps = last + 1;
  const v = new Float64Array(steps * E);
  const step = new Float64Array(steps * E);
  const selected = new Float64Array(steps * width);
  const begin = (t: number) => {
    const factor = visits.begin(t);
    if (factor !== null) for (let e = 0, i = t * E; e < E; e++, i++) v[i] = y[i] * p.D[e];
    return factor;
  };
  const end: ScanVisits['end'] = (...args) => visits.end(...args);
  scanBackward(sizes, trace, last, { y, v, step, selected }, { begin, end }, ofA);
  for (let i = 0; i < step.length; i++) step[i] *= stepSlope[i];
  addProduct(matrix(selected, width), matrix(step, E), matrix(p.W_dt, R), steps, R, E);
  addProduct(matrix(v, E), matrix(selected, width), matrix(p.W_x, E), steps, E, width);
  for (let i = 0; i < v.length; i++) v[i] *= siluSlope(convolved[i], convolvedGate[i]);
  return { last, y, z, beforeStep: step, convolved: v, selected };
}

/** Through the convolution, step by step; in the kernels' memory, which nothing else may use meanwhile. */
export class ConvolutionBack {
  /** [K − 1, E]: ∂ℓ/∂(u_t, u_{t−1}, …) through what the steps from t on read of them; its first row is ∂ℓ/∂u_t, whole. */
  readonly found: Float64Array;
  private readonly space: Workspace;
  private readonly taps: Float64Array;
  private readonly convolved: Float64Array;

  constructor(
    private readonly sizes: MambaSizes,
    p: MambaParameters,
    private readonly back: Pick<MambaBack, 'convolved' | 'last'>,
  ) {
    const { E, K } = sizes;
    this.space = workspace([(K - 1) * E, K * E, back.convolved.length]);
    this.found = this.space.room((K - 1) * E);
    this.taps = this.space.holding(tapsOf(sizes, p));
    this.convolved = this.space.holding(back.convolved);
  }

  /** Of step t. @param factors [K] of the rows from t on, which bring them to one scale; zero for those that are not there */
  run(t: number, factors: Float64Array): void {
    const { sizes, back, space, taps, convolved, found } = this;
    const { E, K } = sizes;
    found.fill(0);
    for (let i = 0; i < K - 1; i++)
      for (let later = 0; later + i < K && t + later <= back.last; later++)
        if (factors[later] !== 0) {
          const [row, tap] = [at(convolved, (t + later) * E), at(taps, (later + i) * E)];
          space.kernels.addProducts64(at(found, i * E), factors[later], tap, row, E);
        }
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
  truncation = 0,
): void {
  const sizes = mambaSizes(layer);
  const { I, O, E, K, R, width } = sizes;
  const p = parametersOf(layer);
  const sums = parametersOf({ parameters: gradient });
  const { x, projected, v, selected, gated, steps, inputsBefore } = trace;
  const last = steps - 1;
  const isCut = (border: number) => truncation > 0 && border % truncation === 0;
  const visits = {
    begin: (t: number) => (isCut(t + 1) ? 0 : 1),
    end: (t: number, length: number) => (ofScan[t] = length),
  };
  const gates = gateBack(sizes, p, trace, above, 0, last);
  const back = scanAndSelectionBack(sizes, p, trace, gates, last, visits, sums.A_log);
  const ofProjected = new Float64Array(steps * 2 * E);
  const factors = new Float64Array(K);
  const convolution = new ConvolutionBack(sizes, p, back);
  const { found } = convolution;
  for (let t = 0; t < steps; t++) {
    // Of the steps from t on those before the next cut.
    for (let later = 0; later < K; later++)
      factors[later] = later > 0 && (factors[later - 1] === 0 || isCut(t + later)) ? 0 : 1;
    convolution.run(t, factors);
    ofInputs[t] = lengthOf(found);
    ofProjected.set(found.subarray(0, E), t * 2 * E);
    ofProjected.set(back.z.subarray(t * E, (t + 1) * E), (2 * t + 1) * E);
  }
  addProduct(matrix(below, I), matrix(ofProjected, 2 * E), matrix(p.W_in, I), steps, I, 2 * E);

  addRows(sums.b_out, above, steps);
  addTransposedProduct(matrix(sums.W_out, E), matrix(above, O), matrix(gated, E), O, E, steps);
  for (let t = 0; t < steps; t++) for (let e = 0; e < E; e++) sums.D[e] += back.y[t * E + e] * v[t * E + e];
  addRows(sums.b_dt, back.beforeStep, steps);
  addTransposedProduct(matrix(sums.W_dt, R), matrix(back.beforeStep, E), matrix(selected, width), E, R, steps);
  addTransposedProduct(matrix(sums.W_x, E), matrix(back.selected, width), matrix(v, E), width, E, steps);
  addRows(sums.b_conv, back.convolved, steps);
  for (let t = 0; t < steps; t++)
    for (let k = 0; k < K && k <= t; k++)
      for (let e = 0; e < E; e++)
        sums.W_conv[e * K + K - 1 - k] += back.convolved[t * E + e] * projected[(t - k) * 2 * E + e];
  for (let t = 0; inputsBefore && t < Math.min(steps, K - 1); t++)
    for (let k = t + 1; k < K; k++)
      for (let e = 0; e < E; e++)
        sums.W_conv[e * K + K - 1 - k] += back.convolved[t * E + e] * inputsBefore[(K - 1 + t - k) * E + e];
  addRows(sums.b_in, ofProjected, steps);
  addTransposedProduct(matrix(sums.W_in, I), matrix(ofProjected, 2 * E), matrix(x, I), 2 * E, I, steps);
}

/** Adds all rows; nothing to a bias that is not there. */
function addRows(sum: Float64Array, rows: Float64Array, steps: number): void {
  if (sum.length > 0)
    for (let t = 0; t < steps; t++) for (let j = 0; j < sum.length; j++) sum[j] += rows[t * sum.length + j];
}
