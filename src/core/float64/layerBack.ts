/** One layer's way back of a gradient that reaches every step of its output, in float64. */
import { sizesOfLayer } from '../model/generalModel';
import { byRole, shapeOf, zerosOf, type ByRole } from '../model/directionParameters';
import { kindOf, type CellName } from '../../layers/catalog';
import { stepBackBuffers, type Float64Direction, type StepBack, type TraceGradient } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { lengthOf } from '../numeric';
import type { TotalNorms } from '../backward/totals';
import { rowsOf, type Float64Sublayer, type Float64Trace } from './float64Trace';
import { addNormGradient, normalizeBack, zeroNormGradient, type NormGradient } from './norm';
import { addOuter, addRowsMatrix } from './products';

/** Gradients of one direction's parameters; of a mixer all that its layer has are its own. */
export interface DirectionGradient extends ByRole<Float64Array> {
  /** [3·H], of i, o and f; null without peepholes. */
  readonly P: Float64Array | null;
}

export interface LayerBack {
  /** T × I: what reaches the layer's input; null of one-hot tokens. */
  readonly below: Float64Array | null;
  /** Of each direction; of a mixer of its only one. */
  readonly totals: readonly TotalNorms[];
  readonly gradient: readonly DirectionGradient[];
  /** Of the norms before its sublayers; null where there is none. */
  readonly norms: readonly (NormGradient | null)[];
}

/** Called on the way back: with each step of each direction, as the cell's `back` leaves it, and with what each sublayer sends down. */
export interface LayerWatch {
  step(layer: number, d: number, step: StepBack): void;
  /** @param below T × I, whole  @param states ‖∂L/∂s_t‖ of a mixer's, by name */
  sublayer(layer: number, index: number, below: Float64Array, states: ReadonlyMap<string, Float64Array>): void;
}

/**
 * @param above T × O; it is lost
 * @param wantsParameters whether its parameters' gradients are wanted; else they stay zero, or are not there
 * @param besides of each direction of a recurrent layer: what reaches its states and pre-activations besides; null for nothing
 * @param lowest filled with the gradients of a recurrent layer's pre-activations, T × Σ_d G·H, its directions side by side; null where they are not wanted
 */
export function layerBack(
  trace: Float64Trace,
  index: number,
  above: Float64Array,
  lowest: Float64Array | null,
  wantsParameters = true,
  watch: LayerWatch | null = null,
  besides: readonly TraceGradient[] | null = null,
): LayerBack {
  const { sublayers, cell } = trace.layers[index];
  const isMixer = sublayers.some(({ mixer }) => mixer);
  let found: Pick<LayerBack, 'totals' | 'gradient'> = isMixer
    ? {
        totals: [kindOf(cell).states.map(() => new Float64Array(trace.steps))],
        gradient: wantsParameters ? [zeroGradient(trace, index)] : [],
      }
    : { totals: [], gradient: [] };
  const norms: (NormGradient | null)[] = [];
  let current: Float64Array | null = above;
  for (const [place, sublayer] of Array.from(sublayers.entries()).reverse()) {
    const { norm, residual, input, inputSize: I, mixer, dropout } = sublayer;
    const from: Float64Array = current ?? new Float64Array(0);
    const through = dropout ? from.map((value, i) => value * dropout[i]) : from;
    const below: Float64Array = new Float64Array(input ? trace.steps * I : 0);
    if (mixer) mixerBack(trace, index, sublayer, through, below, found);
    else found = recurrentBack(trace, index, sublayer, through, below, lowest, wantsParameters, watch, besides);
    norms.unshift(norm && input ? normBack(sublayer, below) : null);
    if (residual) for (let i = 0; i < below.length; i++) below[i] += from[i];
    watch?.sublayer(index, place, below, mixer ? statesOf(cell, sublayer, found) : noStates);
    current = input ? below : null;
  }
  return { below: current, ...found, norms };
}

const noStates: ReadonlyMap<string, Float64Array> = new Map();

function statesOf(
  cell: CellName,
  { states }: Float64Sublayer,
  { totals: [norms] }: Pick<LayerBack, 'totals'>,
): ReadonlyMap<string, Float64Array> {
  const { states: ofKind } = kindOf(cell);
  return new Map(states.map((name) => [name, norms[ofKind.findIndex((state) => state.name === name)]]));
}

/** In place; returns the gradients of γ and β. */
function normBack({ norm, input }: Float64Sublayer, gradient: Float64Array): NormGradient | null {
  if (!norm || !input) return null;
  const sum = zeroNormGradient(norm);
  const F = norm.gamma.length;
  for (let t = 0; t * F < input.length; t++) {
    addNormGradient(sum, input, t, gradient, t * F, norm);
    normalizeBack(input, t, gradient, t * F, norm);
  }
  return sum;
}

function mixerBack(
  trace: Float64Trace,
  index: number,
  { mixer, states }: Float64Sublayer,
  above: Float64Array,
  below: Float64Array,
  { totals: [norms], gradient }: Pick<LayerBack, 'totals' | 'gradient'>,
): void {
  const { states: ofKind } = kindOf(trace.layers[index].cell);
  const own = states.map((name) => norms[ofKind.findIndex((state) => state.name === name)]);
  mixer?.code.backward(mixer.layer, mixer.trace, above, below, gradient.at(0)?.own ?? {}, own, trace.window.truncation);
}

function zeroGradient({ model }: Float64Trace, index: number, d = 0): DirectionGradient {
  const { cell, directions, hiddenSize } = model.layers[index];
  const { peepholes } = directions[d];
  const sizes = sizesOfLayer(model, index);
  const zeros = byRole(cell, (parameter) => zerosOf(shapeOf(parameter, cell, sizes)), new Float64Array(0));
  return { ...zeros, P: peepholes && new Float64Array(3 * hiddenSize) };
}

function recurrentBack(
  trace: Float64Trace,
  index: number,
  sublayer: Float64Sublayer,
  above: Float64Array,
  below: Float64Array,
  lowest: Float64Array | null,
  wantsParameters: boolean,
  watch: LayerWatch | null,
  besides: readonly TraceGradient[] | null,
): Pick<LayerBack, 'totals' | 'gradient'> {
  const found = trace.layers[index].directions.map((_, d) =>
    directionBack(trace, index, sublayer, d, above, below, lowest, wantsParameters, watch, besides && besides[d]),
  );
  return { totals: found.map(({ norms }) => norms), gradient: found.map(({ gradient }) => gradient) };
}

/** Adds what goes down to `below`, T × I. */
function directionBack(
  trace: Float64Trace,
  index: number,
  { read, inputSize: I }: Float64Sublayer,
  d: number,
  above: Float64Array,
  below: Float64Array,
  lowest: Float64Array | null,
  wantsParameters: boolean,
  watch: LayerWatch | null,
  besides: TraceGradient | null,
): { norms: TotalNorms; gradient: DirectionGradient } {
  const {
    steps: T,
    inputs,
    window: { truncation },
  } = trace;
  const { directions, hiddenSize: H, cell: name } = trace.layers[index];
  const own = directions[d];
  const { parameters } = own;
  const cell = float64CellOf(name);
  const rows = cell.gates.length * H;
  const gradient = zeroGradient(trace, index, d);
  const norms = cell.states.map(() => new Float64Array(T));
  const back = { n: 1, ...stepBackBuffers(1, H, rows, cell.states.length) };
  const width = directions.length * H;
  for (let visited = 0; visited < T; visited++) {
    const t = parameters.direction === 'forward' ? T - 1 - visited : visited;
    const { before, after } = rowsOf(parameters, t);
    for (let u = 0; u < H; u++) back.hidden[u] = back.previous[u] + above[t * width + d * H + u];
    besides?.states.forEach((rows, state) => {
      const reached = state === 0 ? back.hidden : back.further.subarray((state - 1) * H, state * H);
      for (let u = 0; u < H; u++) reached[u] += rows[after * H + u];
    });
    norms[0][t] = lengthOf(back.hidden, 0, H);
    const step = { ...back, step: t, before, after };
    cell.back(own, step);
    if (besides)
      for (let j = 0; j < rows; j++) {
        step.preActivations[j] += besides.preActivations[t * rows + j];
        step.recurrent[j] += besides.recurrent[t * rows + j];
      }
    for (let state = 1; state < norms.length; state++)
      norms[state][t] = lengthOf(back.furtherTotal, (state - 1) * H, H);
    watch?.step(index, d, step);
    lowest?.set(back.preActivations, (t * directions.length + d) * rows);
    if (read) addRowsMatrix(below.subarray(t * I, (t + 1) * I), back.preActivations, 0, rows, parameters.W, 1, rows, I);
    if (wantsParameters) addParameters(gradient, own, step, read ? { x: read, at: t * I } : inputs[t]);
    // The border to the step that comes next on the way back.
    if (truncation > 0 && before % truncation === 0) {
      back.previous.fill(0);
      back.further.fill(0);
    }
  }
  return { norms, gradient };
}

/** Adds a step's share to the gradients of a direction's parameters. @param step as `back` of the cell leaves it, of one gradient  @param read what W multiplies, or which one-hot token */
function addParameters(
  gradient: DirectionGradient,
  own: Float64Direction,
  step: StepBack,
  read: { readonly x: Float64Array; readonly at: number } | number,
): void {
  const { preActivations, recurrent } = step;
  const { hiddenSize: H, inputSize: I, cell: name } = own.layer;
  const cell = float64CellOf(name);
  const rows = preActivations.length;
  const hidden = own.scratch.subarray(0, H);
  for (let gate = 0; cell.hasR && gate < cell.gates.length; gate++) {
    cell.recurrentInput?.(own, gate, step.step, step.before, hidden);
    addOuter(gradient.R.subarray(gate * H * H, (gate + 1) * H * H), recurrent, gate * H, hidden, 0, H, H);
  }
  for (let j = 0; j < gradient.Wb.length; j++) gradient.Wb[j] += preActivations[j];
  for (let j = 0; j < gradient.Rb.length; j++) gradient.Rb[j] += recurrent[j];
  cell.addOwn?.(gradient.own, own, step);
  if (gradient.P) cell.addPeepholes?.(gradient.P, own, step);
  if (typeof read === 'number') for (let j = 0; j < rows; j++) gradient.W[j * I + read] += preActivations[j];
  else addOuter(gradient.W, preActivations, 0, read.x, read.at, rows, I);
}
