/**
 * Per-target gradients in float64: ∂ℓ_τ/∂h_t through every layer, direction and step, and ∂ℓ_τ/∂x_t of what the lowest layer reads. What travels is
 * kept at about unit length beside the logarithm of its scale, so that nothing underflows or overflows however far it goes. Exactly zero stays exactly zero.
 */
import { lengthOf } from '../numeric';
import type { PerTargetNorms } from '../analysis/perTarget';
import { layerOutputSize } from '../model/generalModel';
import { stepBackBuffers } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { addLossGradient } from './float64Backward';
import { rowsOf, type Float64Layer, type Float64Trace } from './float64Trace';
import type { LowestInput } from './lowestInput';
import { addRowsMatrix } from './products';

/** What reaches the outputs of a layer at each step, or the pre-activations of the lowest one. */
export interface Arrivals {
  /** T × F, each row of unit length beside the logarithm of its scale; −Infinity where it is zero. */
  readonly values: Float64Array;
  readonly logScales: Float64Array;
  /** 1 where something can arrive at all, even if zero. */
  readonly isReached: Uint8Array;
}

export interface Float64PerTarget {
  /** Of every layer and direction. */
  readonly norms: PerTargetNorms[][];
  /** ∂ℓ_τ/∂a_t of the lowest layer as W sees it, T × Σ_d G·H, its directions side by side: what ∂ℓ_τ/∂x_t is made of. */
  readonly lowest: Arrivals;
}

/** @param target a step */
export function perTargetInFloat64(trace: Float64Trace, target: number): Float64PerTarget {
  const { steps: T, layers, model } = trace;
  let above = arrivals(T, model.output.W.length / model.vocabularySize);
  above.isReached[target] = 1;
  const width = above.values.length / T;
  addLossGradient(trace, target, 1, above.values, target * width);
  above.logScales[target] = rescale(above.values, target * width, width, 0);
  const norms: PerTargetNorms[][] = [];
  for (const [l, layer] of Array.from(layers.entries()).reverse()) {
    const { inputSize } = layer.directions[0].layer;
    const below = arrivals(T, l > 0 ? inputSize : layer.directions.length * rowsOfGates(layer));
    norms.unshift(layer.directions.map((_, d) => backDirection(layer, d, T, above, below, l === 0)));
    above = below;
  }
  return { norms, lowest: above };
}

/** log₁₀‖∂ℓ_τ/∂x_t‖ of what the lowest layer reads: NaN where x_t cannot reach τ, −Infinity for exactly zero. */
export function lowestInputFlow({ values, logScales, isReached }: Arrivals, input: LowestInput): Float64Array {
  return logScales.map((logScale, t) => {
    if (isReached[t] === 0) return NaN;
    return logScale === -Infinity ? -Infinity : log10Of(input.lengthOf(values, t * input.width), logScale);
  });
}

function rowsOfGates({ cell, hiddenSize }: Float64Layer): number {
  return float64CellOf(cell).gates.length * hiddenSize;
}

function arrivals(T: number, width: number): Arrivals {
  return { values: new Float64Array(T * width), logScales: new Float64Array(T).fill(-Infinity), isReached: new Uint8Array(T) };
}

/** Adds what goes down to `below`: to the input, or of the lowest layer to the pre-activations. */
function backDirection({ directions, hiddenSize: H, cell: name }: Float64Layer, d: number, T: number, above: Arrivals, below: Arrivals, isLowest: boolean): PerTargetNorms {
  const own = directions[d];
  const { layer, parameters } = own;
  const cell = float64CellOf(name);
  const rows = cell.gates.length * H;
  const I = layer.inputSize;
  const width = layerOutputSize(layer);
  const norms = cell.states.map(() => new Float64Array(T).fill(NaN));
  const back = { n: 1, ...stepBackBuffers(1, H, rows, cell.states.length) };
  const down = new Float64Array(below.values.length / T);
  let logScale = -Infinity;
  let isReached = false;
  for (let visited = 0; visited < T; visited++) {
    const t = parameters.direction === 'forward' ? T - 1 - visited : visited;
    isReached ||= above.isReached[t] === 1;
    if (!isReached) continue;
    below.isReached[t] = 1;
    const common = Math.max(logScale, above.logScales[t]);
    if (common === -Infinity) {
      for (const own of norms) own[t] = -Infinity;
      continue;
    }
    const carriedFactor = Math.exp(logScale - common);
    const aboveFactor = Math.exp(above.logScales[t] - common);
    for (let u = 0; u < H; u++) back.hidden[u] = carriedFactor * back.previous[u] + aboveFactor * above.values[t * width + d * H + u];
    for (let i = 0; i < back.further.length; i++) back.further[i] *= carriedFactor;
    norms[0][t] = log10Of(lengthOf(back.hidden, 0, H), common);
    cell.back(own, { ...back, step: t, ...rowsOf(parameters, t) });
    for (let state = 1; state < norms.length; state++) norms[state][t] = log10Of(lengthOf(back.furtherTotal, (state - 1) * H, H), common);
    down.fill(0);
    if (isLowest) down.set(back.preActivations, d * rows);
    else addRowsMatrix(down, back.preActivations, 0, rows, parameters.W, 1, rows, I);
    addArrival(below, t, down, common);
    const length = Math.hypot(lengthOf(back.previous, 0, H), lengthOf(back.further, 0, back.further.length));
    logScale = length === 0 ? -Infinity : common + Math.log(length);
    const factor = length === 0 ? 0 : 1 / length;
    for (const values of [back.previous, back.further]) for (let i = 0; i < values.length; i++) values[i] *= factor;
  }
  return norms;
}

/** Adds a row of some scale to what reaches step t. */
function addArrival({ values, logScales }: Arrivals, t: number, row: Float64Array, logScale: number): void {
  const start = t * row.length;
  const common = Math.max(logScale, logScales[t]);
  const [newFactor, oldFactor] = [Math.exp(logScale - common), Math.exp(logScales[t] - common)];
  for (let i = 0; i < row.length; i++) values[start + i] = newFactor * row[i] + oldFactor * values[start + i];
  logScales[t] = rescale(values, start, row.length, common);
}

/** Brings a row to unit length; returns the logarithm of its scale. */
function rescale(values: Float64Array, start: number, width: number, logScale: number): number {
  const length = lengthOf(values, start, width);
  if (length === 0) return -Infinity;
  for (let i = start; i < start + width; i++) values[i] /= length;
  return logScale + Math.log(length);
}

export function log10Of(length: number, logScale: number): number {
  return length === 0 ? -Infinity : Math.log10(length) + logScale * Math.LOG10E;
}
