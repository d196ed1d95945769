/** Total gradients of the mean loss, ∂L/∂s_t of every state of every layer and direction, and the norms of the gradients of all parameters, in float64. */
import { restoreTargets } from '../analysis/lossErrors';
import { lengthOf } from '../numeric';
import type { TotalNorms } from '../backward/totals';
import { byRole, shapeOf, zerosOf, type ByRole } from '../model/directionParameters';
import { layerOutputSize } from '../model/generalModel';
import { stepBackBuffers } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { rowsOf, type Float64Layer, type Float64Trace } from './float64Trace';
import { addNormGradient, normalizeBack, zeroNormGradient, type NormGradient } from './norm';
import { addOuter, addRowsMatrix } from './products';

/** Gradients of one direction's parameters. */
export interface DirectionGradient extends ByRole<Float64Array> {
  /** [3·H], of i, o and f; null without peepholes. */
  readonly P: Float64Array | null;
}

export interface Float64Gradient {
  readonly totals: readonly (readonly TotalNorms[])[];
  readonly layers: readonly (readonly DirectionGradient[])[];
  readonly output: { readonly W: Float64Array; readonly b: Float64Array };
  /** Of a tied output it holds the output's part too. */
  readonly embedding: Float64Array | null;
  readonly norm: NormGradient | null;
  /** ∂L/∂a_t of the lowest layer as W sees it, T × Σ_d G·H, its directions side by side: what ∂L/∂x_t is made of. */
  readonly lowest: Float64Array;
}

/** Vᵀ (p − y) · scale, what the loss of step t sends to the top layer's output, added at [to, to + D·H). */
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

/** V: p − y of step t. */
function lossError({ model: { vocabularySize: V }, probabilities, targets }: Float64Trace, t: number): Float64Array {
  const error = probabilities.slice(t * V, (t + 1) * V);
  restoreTargets(error, targets.subarray(t, t + 1), V);
  return error;
}

export function float64Gradient(trace: Float64Trace): Float64Gradient {
  const { model, steps: T, layers } = trace;
  const V = model.vocabularySize;
  const width = model.output.W.length / V;
  const output = { W: new Float64Array(V * width), b: new Float64Array(V) };
  let above = new Float64Array(T * width);
  for (let t = 0; t < T; t++) {
    addLossGradient(trace, t, 1 / T, above, t * width);
    const error = lossError(trace, t);
    for (let i = 0; i < V; i++) output.b[i] += error[i] /= T;
    addOuter(output.W, error, 0, trace.top, t * width, V, width);
  }
  const lowest = new Float64Array(
    T * layers[0].directions.length * float64CellOf(layers[0].cell).gates.length * layers[0].hiddenSize,
  );
  const totals: TotalNorms[][] = [];
  const gradients: DirectionGradient[][] = [];
  for (const [l, layer] of Array.from(layers.entries()).reverse()) {
    const E = model.layers[l].inputSize;
    const below = new Float64Array(layer.input ? T * E : 0);
    const found = layer.directions.map((_, d) => backDirection(trace, layer, d, above, below, l === 0 ? lowest : null));
    totals.unshift(found.map(({ norms }) => norms));
    gradients.unshift(found.map(({ gradient }) => gradient));
    above = below;
  }
  return {
    totals,
    layers: gradients,
    output,
    embedding: embeddingGradient(trace, above, output.W),
    norm: normGradient(trace),
    lowest,
  };
}

/** Of the final norm. */
function normGradient(trace: Float64Trace): NormGradient | null {
  const {
    model: { norm },
    steps: T,
    layers,
  } = trace;
  if (!norm) return null;
  const gradient = zeroNormGradient(norm);
  const x = layers[layers.length - 1].output;
  for (let t = 0; t < T; t++) addNormGradient(gradient, x, t, outputInputGradient(trace, t, 1 / T), 0, norm);
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

/** Adds what goes down to `below`, T × I. @param lowest filled with the pre-activations' gradients; null above the lowest layer */
function backDirection(
  { steps: T, inputs }: Float64Trace,
  { input, directions, hiddenSize: H, cell: name }: Float64Layer,
  d: number,
  above: Float64Array,
  below: Float64Array,
  lowest: Float64Array | null,
): { norms: TotalNorms; gradient: DirectionGradient } {
  const own = directions[d];
  const { layer, parameters } = own;
  const cell = float64CellOf(name);
  const rows = cell.gates.length * H;
  const I = layer.inputSize;
  const zeros = byRole(
    name,
    (parameter) =>
      zerosOf(shapeOf(parameter, name, { input: I, hidden: H, options: layer.options, layer: 0, layers: 1 })),
    new Float64Array(0),
  );
  const gradient = { ...zeros, P: parameters.peepholes && new Float64Array(3 * H) };
  const norms = cell.states.map(() => new Float64Array(T));
  const back = { n: 1, ...stepBackBuffers(1, H, rows, cell.states.length) };
  const read = new Float64Array(H);
  const width = layerOutputSize(layer);
  for (let visited = 0; visited < T; visited++) {
    const t = parameters.direction === 'forward' ? T - 1 - visited : visited;
    const { before, after } = rowsOf(parameters, t);
    for (let u = 0; u < H; u++) back.hidden[u] = back.previous[u] + above[t * width + d * H + u];
    norms[0][t] = lengthOf(back.hidden, 0, H);
    const step = { ...back, step: t, before, after };
    cell.back(own, step);
    for (let state = 1; state < norms.length; state++)
      norms[state][t] = lengthOf(back.furtherTotal, (state - 1) * H, H);
    for (let gate = 0; cell.hasR && gate < cell.gates.length; gate++) {
      cell.recurrentInput?.(own, gate, t, before, read);
      addOuter(gradient.R.subarray(gate * H * H, (gate + 1) * H * H), back.recurrent, gate * H, read, 0, H, H);
    }
    for (let j = 0; j < gradient.Wb.length; j++) gradient.Wb[j] += back.preActivations[j];
    for (let j = 0; j < gradient.Rb.length; j++) gradient.Rb[j] += back.recurrent[j];
    cell.addOwn?.(gradient.own, own, step);
    if (gradient.P) cell.addPeepholes?.(gradient.P, own, step);
    lowest?.set(back.preActivations, (t * directions.length + d) * rows);
    if (!input) for (let j = 0; j < rows; j++) gradient.W[j * I + inputs[t]] += back.preActivations[j];
    else {
      addOuter(gradient.W, back.preActivations, 0, input, t * I, rows, I);
      addRowsMatrix(below.subarray(t * I, (t + 1) * I), back.preActivations, 0, rows, parameters.W, 1, rows, I);
    }
  }
  return { norms, gradient };
}
