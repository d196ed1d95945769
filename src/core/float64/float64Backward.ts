/** Total gradients of the mean loss, ∂L/∂s_t of every state of every layer and direction, and the norms of the gradients of all parameters, in float64. */
import { lengthOf } from '../numeric';
import type { TotalNorms } from '../backward/totals';
import { kindOf } from '../../layers/catalog';
import { hasInputRows } from '../model/generalModel';
import { objectiveOf } from '../objectives/registry';
import type { Float64Trace } from './float64Trace';
import { layerBack, type DirectionGradient, type LayerBack, type LayerWatch } from './layerBack';
import { addNormGradient, normalizeBack, zeroNormGradient, type NormGradient } from './norm';
import { addOuter, addRowsMatrix } from './products';

export interface Float64Gradient {
  readonly totals: readonly (readonly TotalNorms[])[];
  /** ‖∂L/∂x_t‖ of what each layer reads, and of what the output reads, N + 1 in all; null where another variable is the same (see `hasInputRows`). */
  readonly inputs: readonly (Float64Array | null)[];
  readonly layers: readonly (readonly DirectionGradient[])[];
  /** Of the norms before each layer's sublayers; null where there is none. */
  readonly norms: readonly (readonly (NormGradient | null)[])[];
  readonly output: { readonly W: Float64Array; readonly b: Float64Array };
  /** Of a tied output it holds the output's part too. */
  readonly embedding: Float64Array | null;
  /** Of the final one. */
  readonly norm: NormGradient | null;
  /** ∂L/∂a_t of the lowest layer, a recurrent one, as W sees it, T × Σ_d G·H, its directions side by side: what ∂L/∂x_t is made of. */
  readonly lowest: Float64Array;
}

/** Vᵀ ∂ℓ/∂y · scale, of tokens Vᵀ (p − y) · scale: what the loss of step t sends to the top layer's output, added at [to, to + D·H). */
export function addLossGradient(trace: Float64Trace, t: number, scale: number, out: Float64Array, to: number): void {
  const { model, layers } = trace;
  const gradient = outputInputGradient(trace, t, scale);
  if (model.norm) normalizeBack(layers[layers.length - 1].output, t, gradient, 0, model.norm);
  for (let i = 0; i < gradient.length; i++) out[to + i] += gradient[i];
}

/** D·H: the same before the norm, Vᵀ (p − y) · scale. */
function outputInputGradient(trace: Float64Trace, t: number, scale: number): Float64Array {
  const {
    output: { W },
    vocabularySize: V,
  } = trace.model;
  const error = lossError(trace, t);
  for (let i = 0; i < V; i++) error[i] *= scale;
  const width = W.length / V;
  const gradient = new Float64Array(width);
  addRowsMatrix(gradient, error, 0, V, W, 1, V, width);
  return gradient;
}

/** V: ∂ℓ/∂y of step t, of tokens p − y; zeros where nothing is to be predicted. */
function lossError(trace: Float64Trace, t: number): Float64Array {
  const { model, steps } = trace;
  return objectiveOf(model.isOfNumbers === true).error64({ ...trace, rows: steps }, t);
}

/** Called on the way back, from the output down. */
export interface GradientWatch extends LayerWatch {
  /** @param above T × O: what reaches the top layer's output */
  output(above: Float64Array): void;
}

export function float64Gradient(trace: Float64Trace, watch: GradientWatch | null = null): Float64Gradient {
  const {
    model,
    steps: T,
    layers,
    window: { predicted },
  } = trace;
  const V = model.vocabularySize;
  const width = model.output.W.length / V;
  const output = { W: new Float64Array(V * width), b: new Float64Array(V) };
  for (let t = 0; t < T; t++) {
    const error = lossError(trace, t);
    for (let i = 0; i < V; i++) output.b[i] += error[i] /= predicted;
    addOuter(output.W, error, 0, trace.top, t * width, V, width);
  }
  const above = lossGradients(trace);
  watch?.output(above);
  const [{ cell, directions, hiddenSize }] = layers;
  const lowest = new Float64Array(T * directions.length * kindOf(cell).gates.length * hiddenSize);
  const { found, inputs, below } = layersBack(trace, above, lowest, true, watch);
  return {
    totals: found.map(({ totals }) => totals),
    inputs,
    layers: found.map(({ gradient }) => gradient),
    norms: found.map(({ norms }) => norms),
    output,
    embedding: embeddingGradient(trace, below, output.W),
    norm: normGradient(trace),
    lowest,
  };
}

/** What goes back through time and layers alone, without any parameter's gradient. */
export function float64Totals(trace: Float64Trace): Pick<Float64Gradient, 'totals' | 'inputs'> {
  const { found, inputs } = layersBack(trace, lossGradients(trace), null, false, null);
  return { totals: found.map(({ totals }) => totals), inputs };
}

/** T × O: what the mean loss sends to the top layer's output. */
function lossGradients(trace: Float64Trace): Float64Array {
  const {
    model,
    steps: T,
    window: { predicted },
  } = trace;
  const width = model.output.W.length / model.vocabularySize;
  const above = new Float64Array(T * width);
  for (let t = 0; t < T; t++) addLossGradient(trace, t, 1 / predicted, above, t * width);
  return above;
}

/** @param above T × O; it is lost  @returns also what reaches the embedding */
function layersBack(
  trace: Float64Trace,
  above: Float64Array,
  lowest: Float64Array | null,
  wantsParameters: boolean,
  watch: GradientWatch | null,
): { found: LayerBack[]; inputs: (Float64Array | null)[]; below: Float64Array } {
  const { model, steps: T, layers } = trace;
  const inputs: (Float64Array | null)[] = [];
  const found: LayerBack[] = [];
  let below = above;
  for (let l = layers.length - 1; l >= 0; l--) {
    inputs.unshift(hasInputRows(model, l + 1) ? rowLengths(below, T) : null);
    const back = layerBack(trace, l, below, l === 0 ? lowest : null, wantsParameters, watch);
    found.unshift(back);
    below = back.below ?? new Float64Array(0);
  }
  inputs.unshift(hasInputRows(model, 0) ? rowLengths(below, T) : null);
  return { found, inputs, below };
}

/** ‖row‖ of each of T. */
function rowLengths(rows: Float64Array, T: number): Float64Array {
  const width = rows.length / T;
  return Float64Array.from({ length: T }, (_, t) => lengthOf(rows, t * width, width));
}

/** Of the final norm. */
function normGradient(trace: Float64Trace): NormGradient | null {
  const {
    model: { norm },
    steps: T,
    layers,
    window: { predicted },
  } = trace;
  if (!norm) return null;
  const gradient = zeroNormGradient(norm);
  const x = layers[layers.length - 1].output;
  for (let t = 0; t < T; t++) addNormGradient(gradient, x, t, outputInputGradient(trace, t, 1 / predicted), 0, norm);
  return gradient;
}

function embeddingGradient(
  {
    model: {
      embedding,
      output: { W },
      vocabularySize: V,
    },
    inputs,
  }: Float64Trace,
  gradients: Float64Array,
  ofOutput: Float64Array,
): Float64Array | null {
  if (!embedding) return null;
  const E = embedding.length / V;
  const sum = W === embedding ? ofOutput : new Float64Array(embedding.length);
  inputs.forEach((id, t) => {
    for (let i = 0; i < E; i++) sum[id * E + i] += gradients[t * E + i];
  });
  return sum;
}
