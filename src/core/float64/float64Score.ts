/**
 * Parts of one logit S = w · top_t (without its bias), token by token, through every layer and gate, in float64.
 *   gradient × input:      ∂S/∂x_k · x_k
 *   integrated gradients:  x_k · ∫₀¹ ∂S/∂x_k (αx) dα, from the input of zeros; they sum to S(x) − S(0) (Sundararajan et al. 2017)
 * x_k is the one-hot token, or its embedding.
 */
import { layerOutputSize, type GeneralModel, type Weights } from '../model/generalModel';
import { gaussLegendre } from '../analysis/gaussLegendre';
import { stepBackBuffers } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { readInFloat64, rowsOf, type Float64Layer, type Float64Trace } from './float64Trace';
import { normalizeBack } from './norm';
import { addRowsMatrix } from './products';

export interface Attribution {
  /** Part of each of the T tokens. */
  readonly parts: Float64Array;
  /** S of the text, and S(0) of inputs of zeros. */
  readonly whole: number;
  readonly baseline: number;
}

/** Nodes of the integral over one stretch of α. */
export const integralNodes = 50;
/** Of a stretch: how far its parts' sum may be from what S gains over it. A trained model can change more along the path than one stretch of nodes can follow. */
const largestGap = 2e-12;

/** The logit of `symbol` after step `step`, and what each token's input has in it to first order. */
export function gradientTimesInput(model: GeneralModel, inputs: Int32Array, symbol: number, step: number): Attribution {
  const trace = readInFloat64(model, inputs, inputs);
  return {
    parts: along(trace, model, symbol, step),
    whole: scoreOf(trace, symbol, step),
    baseline: baselineOf(model, inputs, symbol, step),
  };
}

/**
 * As above; complete to 1e-10 where the activations are smooth: S is known at both ends of every stretch, and one whose parts do not sum to
 * what S gains over it is halved.
 * @param maxStretches at which halving ends
 * @param pause called between nodes; throws when it is canceled
 */
export async function integratedGradients(
  model: GeneralModel,
  inputs: Int32Array,
  symbol: number,
  step: number,
  maxStretches: number,
  pause: () => Promise<void>,
): Promise<Attribution> {
  const scoreAt = (at: number) => scoreOf(readInFloat64(withInputsScaled(model, at), inputs, inputs), symbol, step);
  const nodes = gaussLegendre(integralNodes);
  const [baseline, whole] = [scoreAt(0), scoreAt(1)];
  const tolerance = largestGap * Math.max(1, Math.abs(whole), Math.abs(baseline));
  const parts = new Float64Array(inputs.length);
  const pending = [{ from: 0, to: 1, before: baseline, after: whole }];
  let stretches = 1;
  for (let stretch = pending.pop(); stretch; stretch = pending.pop()) {
    const { from, to, before, after } = stretch;
    const own = new Float64Array(inputs.length);
    for (const { at, weight } of nodes) {
      const trace = readInFloat64(withInputsScaled(model, from + (to - from) * at), inputs, inputs);
      along(trace, model, symbol, step).forEach((part, k) => (own[k] += (to - from) * weight * part));
      await pause();
    }
    const gap = Math.abs(own.reduce((sum, part) => sum + part, 0) - (after - before));
    if (gap > tolerance && stretches < maxStretches) {
      const middle = (from + to) / 2;
      const between = scoreAt(middle);
      pending.push({ from, to: middle, before, after: between }, { from: middle, to, before: between, after });
      stretches += 1;
    } else own.forEach((part, k) => (parts[k] += part));
  }
  return { parts, whole, baseline };
}

function baselineOf(model: GeneralModel, inputs: Int32Array, symbol: number, step: number): number {
  return scoreOf(readInFloat64(withInputsScaled(model, 0), inputs, inputs), symbol, step);
}

/** The same model for inputs αx: what multiplies the tokens is scaled instead. */
function withInputsScaled(model: GeneralModel, factor: number): GeneralModel {
  const scaled = (weights: Weights) => Float64Array.from(weights, (w) => factor * w);
  if (model.embedding) return { ...model, embedding: scaled(model.embedding) };
  const [first, ...above] = model.layers;
  return {
    ...model,
    layers: [
      { ...first, directions: first.directions.map((direction) => ({ ...direction, W: scaled(direction.W) })) },
      ...above,
    ],
  };
}

function scoreOf({ model, top }: Float64Trace, symbol: number, step: number): number {
  const width = model.output.W.length / model.vocabularySize;
  let score = 0;
  for (let i = 0; i < width; i++) score += model.output.W[symbol * width + i] * top[step * width + i];
  return score;
}

/** ∂S/∂x_k at the trace's inputs, times the inputs x_k of `model`, for every token k. */
function along(trace: Float64Trace, model: GeneralModel, symbol: number, step: number): Float64Array {
  const { steps: T, layers, inputs } = trace;
  const { W } = model.output;
  const width = W.length / model.vocabularySize;
  let above: Float64Array = new Float64Array(T * width);
  const seed = Float64Array.from(W.subarray(symbol * width, (symbol + 1) * width));
  if (model.norm) normalizeBack(layers[layers.length - 1].output, step, seed, 0, model.norm);
  above.set(seed, step * width);
  for (let l = layers.length - 1; l > 0; l--) {
    const I = model.layers[l].inputSize;
    const below = new Float64Array(T * I);
    eachStepBack(layers[l], T, above, (d, t, preActivations) => {
      addRowsMatrix(
        below.subarray(t * I, (t + 1) * I),
        preActivations,
        0,
        preActivations.length,
        model.layers[l].directions[d].W,
        1,
        preActivations.length,
        I,
      );
    });
    above = below;
  }
  const parts = new Float64Array(T);
  const { inputSize: I, directions } = model.layers[0];
  const x = new Float64Array(I);
  eachStepBack(layers[0], T, above, (d, t, preActivations) => {
    const { W: M } = directions[d];
    if (!model.embedding) {
      for (let j = 0; j < preActivations.length; j++) parts[t] += preActivations[j] * M[j * I + inputs[t]];
      return;
    }
    x.fill(0);
    addRowsMatrix(x, preActivations, 0, preActivations.length, M, 1, preActivations.length, I);
    for (let i = 0; i < I; i++) parts[t] += x[i] * model.embedding[inputs[t] * I + i];
  });
  return parts;
}

/** Goes back through every direction of a layer. @param above [T, D·H]: what arrives at its outputs  @param visit is given ∂S/∂(W x) of a step, [G·H] */
function eachStepBack(
  { directions, hiddenSize: H, cell: name }: Float64Layer,
  T: number,
  above: Float64Array,
  visit: (d: number, step: number, preActivations: Float64Array) => void,
): void {
  const cell = float64CellOf(name);
  const rows = cell.gates.length * H;
  directions.forEach((own, d) => {
    const width = layerOutputSize(own.layer);
    const back = { n: 1, ...stepBackBuffers(1, H, rows, cell.states.length) };
    for (let visited = 0; visited < T; visited++) {
      const step = own.direction === 'forward' ? T - 1 - visited : visited;
      for (let u = 0; u < H; u++) back.hidden[u] = back.previous[u] + above[step * width + d * H + u];
      cell.back(own, { ...back, step, ...rowsOf(own, step) });
      visit(d, step, back.preActivations);
    }
  });
}
