/** The way back in float64: what the total gradients and those of one target share, and the total gradients of a text. */
import { at } from '../../../kernels/arena';
import { addProduct, addTransposedProduct, matrix, setProduct } from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import { workspace, type Workspace } from '../../float64/workspace';
import { lengthOf } from '../../numeric';
import type { Float64MixerLayer, Float64Parameters } from '../float64Mixer';
import { isSafe, scanBackward, type ScanBackOptions, type ScanGradients } from './scan';
import { mambaSizes, type MambaSizes } from './sizes';
import { parametersOf, siluSlope, tapsOf, type MambaParameters, type MambaTrace } from './trace';

/** Rows of the steps 0 … `last`, each at a scale of its own: ∂ℓ/∂ … Good until the next target's. */
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
  const ofY = scratch('gate y', (last + 1) * E).fill(0, 0, first * E);
  const ofZ = scratch('gate z', (last + 1) * E).fill(0, 0, first * E);
  const rows = last + 1 - first;
  setProduct({ values: ofY, at: first * E, stride: E }, matrix(above, O), matrix(W_out, E), rows, E, O);
  for (let t = first; t <= last; t++)
    for (let i = t * E, z = (2 * t + 1) * E; i < (t + 1) * E; i++, z++) {
      ofZ[i] = ofY[i] * y[i] * siluSlope(projected[z], gate[i]);
      ofY[i] *= projected[z] * gate[i];
    }
  return { y: ofY, z: ofZ };
}

/** Through the scan and what chose its steps, down to the convolution. */
export function scanAndSelectionBack(
  sizes: MambaSizes,
  p: MambaParameters,
  trace: MambaTrace,
  { y, z }: Pick<MambaBack, 'y' | 'z'>,
  last: number,
  options: ScanBackOptions,
): MambaBack & Pick<ScanGradients, 'lengths' | 'logScales'> {
  const { E, R, width } = sizes;
  const { convolved, convolvedGate, stepSlope } = trace;
  const steps = last + 1;
  const { v, step, selected, lengths, logScales } = scanBackward(sizes, p, trace, last, y, options);
  for (let i = 0; i < step.length; i++) step[i] *= stepSlope[i];
  addProduct(matrix(selected, width), matrix(step, E), matrix(p.W_dt, R), steps, R, E);
  addProduct(matrix(v, E), matrix(selected, width), matrix(p.W_x, E), steps, E, width);
  for (let i = 0; i < v.length; i++) v[i] *= siluSlope(convolved[i], convolvedGate[i]);
  return { last, y, z, beforeStep: step, convolved: v, selected, lengths, logScales };
}

/** Through the convolution, step by step; in the kernels' memory, which nothing else may use meanwhile. */
export class ConvolutionBack {
  /** [K − 1, E]: ∂ℓ/∂(u_t, u_{t−1}, …) through what the steps from t on read of them; its first row is ∂ℓ/∂u_t, whole. */
  readonly found: Float64Array;
  /** [K], of the rows from t on: brings them to one scale; to be set before a step is run. */
  readonly factors: Float64Array;
  private readonly space: Workspace;
  private readonly taps: Float64Array;
  private readonly convolved: Float64Array;

  constructor(
    private readonly sizes: MambaSizes,
    p: MambaParameters,
    private readonly back: Pick<MambaBack, 'convolved' | 'last'>,
  ) {
    const { E, K } = sizes;
    this.space = workspace([(K - 1) * E, K, K * E, back.convolved.length]);
    this.found = this.space.room((K - 1) * E);
    this.factors = this.space.room(K).fill(1);
    this.taps = this.space.holding(tapsOf(sizes, p));
    this.convolved = this.space.holding(back.convolved);
  }

  /** Of step t: ‖found‖. @param steps from t on that read of it, at most: fewer than K before a cut */
  run(t: number, steps: number): number {
    const { sizes, back, space, taps, convolved, found, factors } = this;
    const { E, K } = sizes;
    const count = Math.min(steps, back.last + 1 - t);
    const [to, own] = [at(found), at(convolved, t * E)];
    const squares = space.kernels.mambaConvolveBack64(E, K, count, to, at(factors), at(taps), own);
    return isSafe(squares) ? Math.sqrt(squares) : lengthOf(found);
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
  const { I, E, K } = sizes;
  const p = parametersOf(layer);
  const { steps } = trace;
  const last = steps - 1;
  const gates = gateBack(sizes, p, trace, above, 0, last);
  const back = scanAndSelectionBack(sizes, p, trace, gates, last, { truncation, ofA: gradient['A_log'] });
  ofScan.set(back.lengths);
  const ofProjected = new Float64Array(steps * 2 * E);
  const convolution = new ConvolutionBack(sizes, p, back);
  const { found } = convolution;
  for (let t = 0; t < steps; t++) {
    // Of the steps from t on those before the next cut.
    const beforeCut = truncation > 0 ? truncation - (t % truncation) : K;
    ofInputs[t] = convolution.run(t, Math.min(K, beforeCut));
    ofProjected.set(found.subarray(0, E), t * 2 * E);
    ofProjected.set(back.z.subarray(t * E, (t + 1) * E), (2 * t + 1) * E);
  }
  addProduct(matrix(below, I), matrix(ofProjected, 2 * E), matrix(p.W_in, I), steps, I, 2 * E);
  if (gradient['W_in']) addParameters(sizes, trace, above, back, ofProjected, parametersOf({ parameters: gradient }));
}

/** Of all parameters but A. @param ofProjected T × 2E: ∂ℓ/∂(u, z) */
function addParameters(
  { I, O, E, K, R, width }: MambaSizes,
  { x, projected, v, selected, gated, steps, inputsBefore }: MambaTrace,
  above: Float64Array,
  back: MambaBack,
  ofProjected: Float64Array,
  sums: MambaParameters,
): void {
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
