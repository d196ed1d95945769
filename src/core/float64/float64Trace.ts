/** A general model's forward pass over one stream of tokens, all in float64, and what it leaves for the ways back. */
import { layerOutputSize, type GeneralDirection, type GeneralLayer, type GeneralModel } from '../model/generalModel';
import type { LayerTrace, Trace } from '../model/trace';
import { activationOf } from './activations';
import type { Float64Direction } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { normalize } from './norm';
import { addMatrixVector } from './products';

export interface Float64Layer extends LayerTrace {
  readonly directions: readonly (Float64Direction & LayerTrace['directions'][number])[];
  /** T × I: what it reads; null where that is one-hot tokens. */
  readonly input: Float64Array | null;
  /** T × D·H. */
  readonly output: Float64Array;
}

export interface Float64Trace extends Trace {
  readonly model: GeneralModel;
  readonly layers: readonly Float64Layer[];
  /** T × D·H: what the output layer reads. */
  readonly top: Float64Array;
  readonly probabilities: Float64Array;
  readonly targetLogProbabilities: Float64Array;
}

/** Row of a direction's states before and after a step, as on the tape. */
export function rowsOf(
  { direction }: { readonly direction: 'forward' | 'backward' },
  step: number,
): { before: number; after: number } {
  return direction === 'forward' ? { before: step, after: step + 1 } : { before: step + 1, after: step };
}

/** @param inputs T ids  @param targets T ids */
export function readInFloat64(model: GeneralModel, inputs: Int32Array, targets: Int32Array): Float64Trace {
  const T = inputs.length;
  let x = embedded(model, inputs);
  const layers: Float64Layer[] = [];
  for (const layer of model.layers) {
    const read = readLayer(layer, x, inputs);
    layers.push(read);
    x = read.output;
  }
  const states = x ?? new Float64Array(0);
  const top = model.norm ? normalize(states, model.norm) : states;
  return { model, steps: T, layers, inputs, targets, top, ...predict(model, top, targets) };
}

/** T × E; null for one-hot tokens. */
function embedded({ embedding, vocabularySize }: GeneralModel, inputs: Int32Array): Float64Array | null {
  if (!embedding) return null;
  const E = embedding.length / vocabularySize;
  const x = new Float64Array(inputs.length * E);
  inputs.forEach((id, t) => {
    x.set(embedding.subarray(id * E, (id + 1) * E), t * E);
  });
  return x;
}

function readLayer(layer: GeneralLayer, input: Float64Array | null, ids: Int32Array): Float64Layer {
  const { cell, hiddenSize: H } = layer;
  const T = ids.length;
  const directions = layer.directions.map((parameters) => readDirection(layer, parameters, input, ids));
  const D = directions.length;
  const output = new Float64Array(T * layerOutputSize(layer));
  directions.forEach(({ direction, states: [given] }, d) => {
    for (let t = 0; t < T; t++) {
      const { after } = rowsOf({ direction }, t);
      output.set(given.subarray(after * H, (after + 1) * H), (t * D + d) * H);
    }
  });
  return { cell, hiddenSize: H, directions, input, output };
}

function readDirection(
  layer: GeneralLayer,
  parameters: GeneralDirection,
  input: Float64Array | null,
  ids: Int32Array,
): Float64Layer['directions'][number] {
  const { hiddenSize: H, inputSize: I, cell } = layer;
  const float64Cell = float64CellOf(cell);
  const { states } = float64Cell;
  const G = float64Cell.gates.length;
  const T = ids.length;
  const { W, Wb, direction } = parameters;
  const rows = G * H;
  const bias = Wb.length > 0 ? Wb : new Float64Array(rows);
  const own = {
    layer,
    parameters,
    direction,
    // What an LSTM's h reads is not cut: so ONNX Runtime computes it, whatever the operator's text leaves open.
    activations: parameters.activations.map((form, i) => activationOf(form, i < 2 ? layer.clip : null)),
    states: states.map(() => new Float64Array((T + 1) * H)),
    gates: new Float64Array(T * rows),
    preActivations: new Float64Array(T * rows),
    recurrentCandidate: new Float64Array(float64Cell.hasRecurrentCandidate ? T * H : 0),
    scratch: new Float64Array(rows),
  };
  const first = rowsOf(parameters, direction === 'forward' ? 0 : T - 1).before;
  parameters.initialStates.forEach((initial, state) => {
    if (initial) own.states[state].set(initial, first * H);
  });
  for (let visited = 0; visited < T; visited++) {
    const t = direction === 'forward' ? visited : T - 1 - visited;
    for (let j = 0; j < rows; j++) own.preActivations[t * rows + j] = bias[j] + (input ? 0 : W[j * I + ids[t]]);
    if (input) addMatrixVector(own.preActivations, t * rows, W, input, t * I, rows, I);
    const { before, after } = rowsOf(parameters, t);
    float64Cell.forward(own, t, before, after);
  }
  return own;
}

/** Softmax of W top + b. */
function predict(
  { output: { W, b }, vocabularySize: V }: GeneralModel,
  top: Float64Array,
  targets: Int32Array,
): Pick<Float64Trace, 'probabilities' | 'targetLogProbabilities' | 'loss'> {
  const T = targets.length;
  const width = W.length / V;
  const probabilities = new Float64Array(T * V);
  const targetLogProbabilities = new Float64Array(T);
  let loss = 0;
  for (let t = 0; t < T; t++) {
    const row = probabilities.subarray(t * V, (t + 1) * V);
    row.set(b);
    addMatrixVector(row, 0, W, top, t * width, V, width);
    let largest = -Infinity;
    for (const logit of row) largest = Math.max(largest, logit);
    let sum = 0;
    for (const logit of row) sum += Math.exp(logit - largest);
    const logOfSum = largest + Math.log(sum);
    targetLogProbabilities[t] = row[targets[t]] - logOfSum;
    loss -= targetLogProbabilities[t] / T;
    for (let i = 0; i < V; i++) row[i] = Math.exp(row[i] - logOfSum);
  }
  return { probabilities, targetLogProbabilities, loss };
}
