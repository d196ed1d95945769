/**
 * The layer in float64; its equations are in src/layers/kinds/mamba.ts. Rows of E, and of E × S where they are states; step t leads from row t of the states to row
 * t + 1. All steps pass each product at once; only the scan goes step by step.
 */
import { at } from '../../../kernels/arena';
import { newDoubles, type TakeDoubles } from '../../float64/doubles';
import { matrix, setProductOfTransposed } from '../../float64/matrixProduct';
import { scratch } from '../../float64/scratch';
import { workspace } from '../../float64/workspace';
import { lengthOf } from '../../numeric';
import type { Float64Mixer } from '../float64Mixer';
import { addContributions } from './contributions';
import { backward } from './float64Back';
import { flow } from './float64Flow';
import { isSafe, scanForward, startsOf, statesOf } from './scan';
import { mambaSizes, type MambaSizes } from './sizes';
import { parametersOf, tapsOf, type MambaParameters, type MambaTrace } from './trace';
import { onTheWay, unitMap } from './unitMaps';

export const float64: Float64Mixer<MambaTrace> = {
  forward(layer, x, steps, [initial = null, inputs = null] = []) {
    const sizes = mambaSizes(layer);
    const { I, O, E, R, width } = sizes;
    const p = parametersOf(layer);
    const take = layer.take ?? newDoubles;
    const projected = take(steps * 2 * E);
    setProductOfTransposed(projected, matrix(x, I), matrix(p.W_in, I), steps, 2 * E, I, p.b_in);
    const inputsBefore = inputs && Float64Array.from(inputs);
    const { convolved, convolvedGate } = convolve(sizes, p, projected, steps, inputsBefore, take);
    const v = productOf(convolved, convolvedGate, take);
    const selected = take(steps * width);
    setProductOfTransposed(selected, matrix(v, E), matrix(p.W_x, E), steps, width, E);
    const beforeStep = scratch('beforeStep', steps * E);
    setProductOfTransposed(beforeStep, matrix(selected, width), matrix(p.W_dt, R), steps, E, R, p.b_dt);
    const { step, stepSlope } = softplusOf(beforeStep, take);
    const gate = gateOf(projected, steps, E, take);
    const A = p.A_log.map((log) => -Math.exp(log));
    const scanned = { steps, A, selected, step, v, starts: startsOf(sizes, steps, take) };
    const y = take(steps * E);
    const squares = new Float64Array(steps);
    scanForward(sizes, scanned, y, squares, initial);
    const gated = addSkipped(sizes, p, y, v, projected, gate, take);
    const output = take(steps * O);
    setProductOfTransposed(output, matrix(gated, E), matrix(p.W_out, E), steps, O, E, p.b_out);
    const ofConvolution = { projected, gate, convolved, convolvedGate, inputsBefore };
    let states: ReturnType<typeof statesOf> | null = null;
    return {
      ...{ ...scanned, x, ...ofConvolution, stepSlope, squares, y, gated, output },
      get kept() {
        return (states ??= statesOf(sizes, scanned)).kept;
      },
      get h() {
        return (states ??= statesOf(sizes, scanned)).h;
      },
    };
  },
  backward,
  flow,
  addContributions,

  stateNorms(layer, trace) {
    const { E, S, K } = mambaSizes(layer);
    const { squares, projected, steps } = trace;
    const scan = squares.map((sum, t) =>
      isSafe(sum) ? Math.sqrt(sum) : sum === 0 && t === 0 ? 0 : lengthOf(trace.h, (t + 1) * E * S, E * S),
    );
    const ofInput = Float64Array.from({ length: steps }, (_, t) => lengthOf(projected, t * 2 * E, E));
    const inputs = ofInput.map((_, t) => lengthOf(ofInput, Math.max(0, t + 2 - K), Math.min(K - 1, t + 1)));
    return [scan, inputs];
  },

  // exp(Δ A), number by number of the scan.
  logFactors(layer, { step, A }, t) {
    const { E, S } = mambaSizes(layer);
    return A.map((value, i) => step[t * E + Math.floor(i / S)] * value);
  },

  onTheWay,
  unitMap,
};

/** T × E each: conv(u) + b_conv, and σ of it. @param before [K − 1, E]: u before the first step, oldest first; null for zeros */
function convolve(
  sizes: MambaSizes,
  p: MambaParameters,
  projected: Float64Array,
  steps: number,
  before: Float64Array | null,
  take: TakeDoubles,
): Pick<MambaTrace, 'convolved' | 'convolvedGate'> {
  const { E, K } = sizes;
  const earlier = (K - 1) * E;
  const n = steps * E;
  const space = workspace([K * E, E, earlier + n, n, n]);
  const [taps, bias] = [space.holding(tapsOf(sizes, p)), space.holding(p.b_conv)];
  const [u, convolved, gate] = [space.room(earlier + n), space.room(n), space.room(n)];
  u.fill(0, 0, earlier);
  if (before) u.set(before);
  for (let t = 0; t < steps; t++) u.set(projected.subarray(t * 2 * E, (t * 2 + 1) * E), earlier + t * E);
  space.kernels.mambaConvolve64(steps, E, K, at(convolved), at(bias), at(taps), at(u, earlier), E);
  space.kernels.applyLogistic64(at(gate), at(convolved), n);
  return { convolved: copyOf(convolved, take), convolvedGate: copyOf(gate, take) };
}

/** T × E: σ of z. */
function gateOf(projected: Float64Array, steps: number, E: number, take: TakeDoubles): Float64Array {
  const n = steps * E;
  const space = workspace([n, n]);
  const [z, gate] = [space.room(n), space.room(n)];
  for (let t = 0; t < steps; t++) z.set(projected.subarray((2 * t + 1) * E, (2 * t + 2) * E), t * E);
  space.kernels.applyLogistic64(at(gate), at(z), n);
  return copyOf(gate, take);
}

function copyOf(values: Float64Array, take: TakeDoubles): Float64Array {
  const copy = take(values.length);
  copy.set(values);
  return copy;
}

function productOf(a: Float64Array, b: Float64Array, take: TakeDoubles): Float64Array {
  const product = take(a.length);
  for (let i = 0; i < a.length; i++) product[i] = a[i] * b[i];
  return product;
}

/** Adds D ⊙ v to y; returns y ⊙ φ(z). */
function addSkipped(
  { E }: MambaSizes,
  { D }: MambaParameters,
  y: Float64Array,
  v: Float64Array,
  projected: Float64Array,
  gate: Float64Array,
  take: TakeDoubles,
): Float64Array {
  const gated = take(y.length);
  for (let from = 0; from < y.length; from += E)
    for (let e = 0; e < E; e++) {
      y[from + e] += D[e] * v[from + e];
      gated[from + e] = y[from + e] * projected[2 * from + E + e] * gate[from + e];
    }
  return gated;
}

/** ln(1 + e^x) of every element, and its slope. */
function softplusOf(x: Float64Array, take: TakeDoubles): { step: Float64Array; stepSlope: Float64Array } {
  const n = x.length;
  const space = workspace([n, n, n]);
  const [given, found, slope] = [space.holding(x), space.room(n), space.room(n)];
  space.kernels.applySoftplus64(at(found), at(slope), at(given), n);
  return { step: copyOf(found, take), stepSlope: copyOf(slope, take) };
}
