/**
 * Parts of one logit S = w · top_t (without its bias), token by token, through every layer and gate, in float64.
 *   gradient × input:      ∂S/∂x_k · x_k
 *   integrated gradients:  x_k · ∫₀¹ ∂S/∂x_k (αx) dα, from the input of zeros; they sum to S(x) − S(0) (Sundararajan et al. 2017)
 * x_k is the one-hot token, or its embedding.
 */
import { kindOf } from '../../layers/catalog';
import type { GeneralModel, Weights } from '../model/generalModel';
import { gaussLegendre } from '../analysis/gaussLegendre';
import { readInFloat64, type Float64Trace } from './float64Trace';
import { layerBack } from './layerBack';
import { normalizeBack } from './norm';

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
  let lowest: Float64Array | null = null;
  for (let l = layers.length - 1; l >= 0; l--) {
    if (l === 0 && !model.embedding) lowest = preActivationsOf(trace);
    above = layerBack(trace, l, above, lowest, false).below ?? new Float64Array(0);
  }
  const parts = new Float64Array(T);
  const { inputSize: I, directions } = model.layers[0];
  if (model.embedding) {
    for (let t = 0; t < T; t++)
      for (let i = 0; i < I; i++) parts[t] += above[t * I + i] * model.embedding[inputs[t] * I + i];
    return parts;
  }
  directions.forEach(({ W: M }, d) => {
    const rows = M.length / I;
    for (let t = 0; lowest && t < T; t++)
      for (let j = 0; j < rows; j++) parts[t] += lowest[(t * directions.length + d) * rows + j] * M[j * I + inputs[t]];
  });
  return parts;
}

/** Room for the gradients of the lowest layer's pre-activations. */
function preActivationsOf({ steps, layers: [{ cell, directions, hiddenSize }] }: Float64Trace): Float64Array {
  return new Float64Array(steps * directions.length * kindOf(cell).gates.length * hiddenSize);
}
