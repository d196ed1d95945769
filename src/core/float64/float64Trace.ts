/** A general model's forward pass over one stream of tokens, all in float64, and what it leaves for the ways back. */
import { at } from '../../kernels/arena';
import {
  layerOutputSize,
  sizesOfLayer,
  type GeneralDirection,
  type GeneralLayer,
  type GeneralModel,
  type Norm,
} from '../model/generalModel';
import type { DirectionTrace, Floats, LayerTrace, MixerValues, Trace } from '../model/trace';
import { kindOf } from '../../layers/catalog';
import { activationOf } from './activations';
import type { Float64Direction } from '../layers/float64Cell';
import type { Float64Mixer, Float64MixerLayer, Float64MixerTrace } from '../layers/float64Mixer';
import { float64CellOf, mixerOf } from '../layers/registry';
import { takeRows, type NumberRows } from '../model/numberRows';
import { objectiveOf } from '../objectives/registry';
import { newDoubles, type TakeDoubles } from './doubles';
import { matrix, setProductOfTransposed } from './matrixProduct';
import { normalize } from './norm';
import { workspace } from './workspace';

/** A mixer's sublayer that has been run. */
export interface MixerRun {
  readonly code: Float64Mixer;
  readonly layer: Float64MixerLayer;
  readonly trace: Float64MixerTrace;
}

/** One part of a layer, with what stands around it. */
export interface Float64Sublayer {
  /** Empty of the only one. */
  readonly name: string;
  readonly norm: Norm | null;
  readonly residual: boolean;
  /** Names of its states. */
  readonly states: readonly string[];
  readonly inputSize: number;
  /** T × I: what it reads, before its norm and after it; null where that is one-hot tokens. */
  readonly input: Float64Array | null;
  readonly read: Float64Array | null;
  /** Null of a recurrent layer. */
  readonly mixer: MixerRun | null;
  /** T × O: 0 or 1/(1 − p) for each number that it gives; null without dropout. */
  readonly dropout: Floats | null;
  /** T × O: what is read next. */
  readonly output: Float64Array;
}

export interface Float64Layer extends LayerTrace {
  /** Of a recurrent layer; none of a mixer. */
  readonly directions: readonly (Float64Direction & DirectionTrace)[];
  readonly sublayers: readonly Float64Sublayer[];
  /** T × O: what the layer above reads. */
  readonly output: Float64Array;
}

/** What a window of a training has beside its tokens; of one stream. */
export interface Float64Window {
  /** By layer and state, of the directions that read forward: before the first step; null for zeros. Of layers behind the list's end too. */
  readonly carried: readonly (readonly (Floats | null)[])[];
  /** By layer and sublayer, T × O; null without dropout. */
  readonly dropout: readonly (readonly (Floats | null)[])[];
  /** n: what the loss is the mean over, which may be more than this stream predicts. */
  readonly predicted: number;
  /** k2, or 0. */
  readonly truncation: number;
  /** Of a model of numbers: those that its ids stand for. */
  readonly numbers?: NumberRows;
}

/** What a text has that is read from its beginning. @param targets T ids */
export function windowOfText({ length }: Int32Array): Float64Window {
  return { carried: [], dropout: [], predicted: length, truncation: 0 };
}

export interface Float64Trace extends Trace {
  readonly model: GeneralModel;
  readonly window: Float64Window;
  readonly layers: readonly Float64Layer[];
  /** T × O: what the output layer reads. */
  readonly top: Float64Array;
  readonly probabilities: Float64Array;
  readonly targetNumbers: Float64Array;
  readonly targetLogProbabilities: Float64Array;
}

/** Row of a direction's states before and after a step, as on the tape. */
export function rowsOf(
  { direction }: { readonly direction: 'forward' | 'backward' },
  step: number,
): { before: number; after: number } {
  return direction === 'forward' ? { before: step, after: step + 1 } : { before: step + 1, after: step };
}

/** @param inputs T ids  @param targets T ids; less than 0 where nothing is to be predicted  @param take gives most of the trace's arrays */
export function readInFloat64(
  model: GeneralModel,
  inputs: Int32Array,
  targets: Int32Array,
  window: Float64Window = windowOfText(targets),
  take: TakeDoubles = newDoubles,
): Float64Trace {
  const T = inputs.length;
  let x = denseRows(model, inputs, window);
  const layers: Float64Layer[] = [];
  for (const layer of model.layers.keys()) {
    const read = readLayer(model, layer, x, inputs, window, take);
    layers.push(read);
    x = read.output;
  }
  const states = x ?? new Float64Array(0);
  const top = model.norm ? normalize(states, model.norm, take) : states;
  return { model, window, steps: T, layers, inputs, targets, top, ...predict(model, top, targets, window) };
}

/** T × E, or the numbers that are read, T × I; null for one-hot tokens. */
function denseRows(
  { embedding, vocabularySize, isOfNumbers }: GeneralModel,
  inputs: Int32Array,
  { numbers }: Float64Window,
): Float64Array | null {
  if (isOfNumbers === true) {
    if (!numbers) throw new Error('a model of numbers has been given none');
    const { inputs: table, inputSize: I } = numbers;
    return takeRows(new Float64Array(inputs.length * I), table, I, inputs);
  }
  if (!embedding) return null;
  const E = embedding.length / vocabularySize;
  const x = new Float64Array(inputs.length * E);
  inputs.forEach((id, t) => {
    x.set(embedding.subarray(id * E, (id + 1) * E), t * E);
  });
  return x;
}

function readLayer(
  model: GeneralModel,
  index: number,
  input: Float64Array | null,
  ids: Int32Array,
  window: Float64Window,
  take: TakeDoubles,
): Float64Layer {
  const layer = model.layers[index];
  const carried = window.carried.at(index) ?? [];
  const { cell, hiddenSize } = layer;
  const sublayers: Float64Sublayer[] = [];
  let directions: Float64Layer['directions'] = [];
  let x = input;
  for (const { name, norm, residual, states, isMixer } of layer.sublayers) {
    const I = sublayers.length === 0 ? layer.inputSize : layerOutputSize(layer);
    const read = norm && x ? normalize(x, norm, take) : x;
    let mixer: MixerRun | null = null;
    if (isMixer && read)
      mixer = runMixer(model, index, name, I, read, ids.length, carriedOf(layer, states, carried), take);
    else directions = layer.directions.map((parameters) => readDirection(layer, parameters, read, ids, carried));
    const dropout = window.dropout.at(index)?.at(sublayers.length) ?? null;
    const given = mixer?.trace.output ?? sideBySide(layer, directions, ids.length);
    const own = dropout ? given.map((value, i) => value * dropout[i]) : given;
    const output = residual && x ? sumOf(own, x, take) : own;
    sublayers.push({ name, norm, residual, states, inputSize: I, input: x, read, mixer, dropout, output });
    x = output;
  }
  return {
    cell,
    hiddenSize,
    directions,
    sublayers,
    output: x ?? new Float64Array(0),
    ...(sublayers.some(({ mixer }) => mixer) && { values: valuesOf(sublayers) }),
  };
}

/** Of the kind's states those of one sublayer. */
function carriedOf(
  { cell }: GeneralLayer,
  states: readonly string[],
  carried: readonly (Floats | null)[],
): readonly (Floats | null)[] {
  const ofKind = kindOf(cell).states;
  return states.map((name) => carried.at(ofKind.findIndex((state) => state.name === name)) ?? null);
}

function runMixer(
  model: GeneralModel,
  index: number,
  name: string,
  input: number,
  x: Float64Array,
  steps: number,
  carried: readonly (Floats | null)[],
  take: TakeDoubles,
): MixerRun {
  const { cell, directions } = model.layers[index];
  const { own } = directions[0];
  const parameters: Partial<Record<string, Float64Array>> = {};
  for (const [role, values] of Object.entries(own)) {
    parameters[role] = toDoubles(values, take);
  }
  const layer = { ...sizesOfLayer(model, index), input, parameters, take };
  const code = mixerOf(cell, name).float64;
  return { code, layer, trace: code.forward(layer, x, steps, carried) };
}

/** A loop: `set` of an array of another kind takes many times as long. */
function toDoubles(values: Floats, take: TakeDoubles): Float64Array {
  const copy = take(values.length);
  if (values instanceof Float64Array) copy.set(values);
  else for (let i = 0; i < values.length; i++) copy[i] = values[i];
  return copy;
}

function valuesOf(sublayers: readonly Float64Sublayer[]): MixerValues {
  const runs = sublayers.flatMap(({ mixer, states }) => (mixer ? [{ ...mixer, states }] : []));
  return {
    stateNorms(state) {
      for (const { code, layer, trace, states } of runs) {
        const found = states.indexOf(state);
        if (found >= 0) return code.stateNorms(layer, trace)[found];
      }
      throw new Error(`no sublayer has the state ${state}`);
    },
    unitMap(name) {
      for (const { code, layer, trace } of runs) {
        const map = code.unitMap(layer, trace, name);
        if (map) return map;
      }
      throw new Error(`no sublayer has the unit map ${name}`);
    },
    heads: runs.flatMap(({ code, trace }) => code.headWeights?.(trace) ?? []),
  };
}

/** T × D·H: what the directions give. */
function sideBySide(
  layer: GeneralLayer,
  directions: readonly Pick<Float64Direction & DirectionTrace, 'direction' | 'states'>[],
  steps: number,
): Float64Array {
  const { hiddenSize: H } = layer;
  const D = directions.length;
  const output = new Float64Array(steps * layerOutputSize(layer));
  directions.forEach(({ direction, states: [given] }, d) => {
    for (let t = 0; t < steps; t++) {
      const { after } = rowsOf({ direction }, t);
      output.set(given.subarray(after * H, (after + 1) * H), (t * D + d) * H);
    }
  });
  return output;
}

function sumOf(a: Float64Array, b: Float64Array, take: TakeDoubles): Float64Array {
  const sum = take(a.length);
  for (let i = 0; i < a.length; i++) sum[i] = a[i] + b[i];
  return sum;
}

function readDirection(
  layer: GeneralLayer,
  parameters: GeneralDirection,
  input: Float64Array | null,
  ids: Int32Array,
  carried: readonly (Floats | null)[],
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
  if (direction === 'forward')
    carried.forEach((values, state) => {
      if (values) own.states[state].set(values, first * H);
    });
  if (input) setProductOfTransposed(own.preActivations, matrix(input, I), matrix(W, I), T, rows, I, bias);
  // Behind the product, which uses the same memory.
  const stepped = float64Cell.hasR ? { ...own, throughState: throughStateOf(parameters.R, rows, H) } : own;
  for (let visited = 0; visited < T; visited++) {
    const t = direction === 'forward' ? visited : T - 1 - visited;
    if (!input) for (let j = 0; j < rows; j++) own.preActivations[t * rows + j] = bias[j] + W[j * I + ids[t]];
    const { before, after } = rowsOf(parameters, t);
    float64Cell.forward(stepped, t, before, after);
  }
  return own;
}

/** Products with R by the kernels, from its copy in their memory: good until that memory is used for something else. */
function throughStateOf(R: Floats, rows: number, H: number): NonNullable<Float64Direction['throughState']> {
  const space = workspace([R.length, H, rows]);
  const copy = space.room(R.length);
  copy.set(R);
  const [read, given] = [space.room(H), space.room(rows)];
  return (out, outAt, x, xAt, gate, blocks) => {
    const count = blocks * H;
    read.set(x.subarray(xAt, xAt + H));
    given.set(out.subarray(outAt, outAt + count));
    space.kernels.addMatrixVector64(at(given), at(copy, gate * H * H), at(read), count, H);
    out.set(given.subarray(0, count), outAt);
  };
}

/** What the output layer predicts, and the losses. */
function predict(
  { output: { W, b }, vocabularySize: V, isOfNumbers = false }: GeneralModel,
  top: Float64Array,
  targets: Int32Array,
  { predicted, numbers }: Float64Window,
): Pick<Float64Trace, 'probabilities' | 'targetNumbers' | 'targetLogProbabilities' | 'loss'> {
  const T = targets.length;
  const width = W.length / V;
  const probabilities = new Float64Array(T * V);
  setProductOfTransposed(probabilities, matrix(top, width), matrix(W, width), T, V, width, b);
  const targetNumbers = new Float64Array(isOfNumbers ? T * V : 0);
  if (isOfNumbers && numbers) takeRows(targetNumbers, numbers.targets, V, targets);
  const targetLogProbabilities = new Float64Array(T);
  objectiveOf(isOfNumbers).losses64({ rows: T, probabilities, targets, targetNumbers, targetLogProbabilities });
  let loss = 0;
  for (let t = 0; t < T; t++) if (targets[t] >= 0) loss -= targetLogProbabilities[t] / predicted;
  return { probabilities, targetNumbers, targetLogProbabilities, loss };
}
