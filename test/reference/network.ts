/** The whole model over one stream: forward, and backpropagation through every step and layer. */
import { add, addOuter, addTo, multiply, multiplyTransposed, oneHot, scale } from './algebra';
import { referenceCell, type ReferenceStep } from './cells';
import {
  vocabularySizeOf,
  zerosLike,
  type ReferenceModel,
  type ReferenceParameters,
  type ReferenceState,
  type Vector,
} from './model';

export interface ReferenceTrace {
  /** [t][layer]. */
  readonly steps: readonly (readonly ReferenceStep[])[];
  /** [t], each [V]. */
  readonly scores: readonly Vector[];
  /** Per layer, after the last step. */
  readonly final: readonly ReferenceState[];
}

/** Layer l reads h of layer l − 1, the first a one-hot token; score = V h_top + b. */
export function forward(
  model: ReferenceModel,
  inputs: readonly number[],
  initial: readonly ReferenceState[],
): ReferenceTrace {
  const cell = referenceCell(model.cell, model.activation);
  let states = initial;
  const steps: ReferenceStep[][] = [];
  const scores: Vector[] = [];
  for (const id of inputs) {
    let x = oneHot(id, vocabularySizeOf(model));
    const column = model.layers.map((layer, l) => {
      const step = cell.forward(layer, x, states[l]);
      x = step.after.h;
      return step;
    });
    states = column.map((step) => step.after);
    steps.push(column);
    scores.push(add(multiply(model.output.W, x), model.output.b));
  }
  return { steps, scores, final: states };
}

/** p = softmax(score). */
export function softmax(score: Vector): Vector {
  const largest = Math.max(...score);
  const weights = score.map((entry) => Math.exp(entry - largest));
  return scale(1 / weights.reduce((sum, weight) => sum + weight, 0), weights);
}

/** ℓ = −ln p(target) = ln Σ exp(score) − score(target), nats. */
export function crossEntropy(score: Vector, target: number): number {
  const largest = Math.max(...score);
  return Math.log(score.reduce((sum, entry) => sum + Math.exp(entry - largest), 0)) + (largest - score[target]);
}

/** ∂ℓ/∂score = p − onehot(target). */
export function crossEntropyGradient(score: Vector, target: number): Vector {
  return add(softmax(score), scale(-1, oneHot(target, score.length)));
}

export interface ReferenceBackward {
  readonly gradients: ReferenceParameters;
  /** [layer][t]: with respect to h_t, through every later step and every layer above. */
  readonly hidden: readonly (readonly Vector[])[];
  /** [layer][t]: with respect to c_t, also through h_t; empty vectors except for lstm. */
  readonly cell: readonly (readonly Vector[])[];
  /** [layer]: with respect to the initial state. */
  readonly initial: readonly ReferenceState[];
}

/** Full backpropagation through time of any loss given by its gradient with respect to each step's scores. */
export function backward(
  model: ReferenceModel,
  trace: ReferenceTrace,
  scoreGradients: readonly Vector[],
): ReferenceBackward {
  const gradients = zerosLike(model);
  const hidden: Vector[][] = model.layers.map(() => []);
  const cell: Vector[][] = model.layers.map(() => []);
  // What reaches each layer's state from the step after.
  let carried: readonly ReferenceState[] = trace.final.map(({ h, c }) => ({
    h: new Float64Array(h.length),
    c: new Float64Array(c.length),
  }));
  for (let t = trace.steps.length - 1; t >= 0; t--) {
    const top = trace.steps[t][model.layers.length - 1].after.h;
    addOuter(gradients.output.W, scoreGradients[t], top);
    addTo(gradients.output.b, scoreGradients[t]);
    const fromAbove = multiplyTransposed(model.output.W, scoreGradients[t]);
    const column = backwardColumn(model, trace.steps[t], fromAbove, carried, gradients);
    for (let l = 0; l < model.layers.length; l++) {
      hidden[l][t] = column.hidden[l];
      cell[l][t] = column.cell[l];
    }
    carried = column.before;
  }
  return { gradients, hidden, cell, initial: carried };
}

/**
 * One time step of every layer, from the top down. `fromAbove`: gradient of the top layer's h from this step's scores;
 * `carried`: of each layer's state from the next step. Adds to `gradients`.
 */
export function backwardColumn(
  model: ReferenceModel,
  column: readonly ReferenceStep[],
  fromAbove: Vector,
  carried: readonly ReferenceState[],
  gradients: ReferenceParameters,
): { hidden: Vector[]; cell: Vector[]; before: ReferenceState[] } {
  const cellOfModel = referenceCell(model.cell, model.activation);
  const hidden: Vector[] = [];
  const cell: Vector[] = [];
  const before: ReferenceState[] = [];
  let above = fromAbove;
  for (let l = model.layers.length - 1; l >= 0; l--) {
    // δ_t = from the layer above (or the scores) + from the next step
    hidden[l] = add(above, carried[l].h);
    const gradient = cellOfModel.backward(
      model.layers[l],
      column[l],
      { h: hidden[l], c: carried[l].c },
      gradients.layers[l],
    );
    cell[l] = gradient.totalCell;
    before[l] = gradient.before;
    above = gradient.x;
  }
  return { hidden, cell, before };
}

export interface ReferenceFlow {
  /** Mean of `losses`, nats. */
  readonly loss: number;
  readonly losses: Vector;
  readonly trace: ReferenceTrace;
  /** δ_t = ∂L/∂h_t, ∂L/∂c_t and ∂L/∂parameter. */
  readonly total: ReferenceBackward;
}

/** The mean loss alone, as `inspect` takes it. */
export function meanLoss(model: ReferenceModel, ids: readonly number[], initial: readonly ReferenceState[]): number {
  return mean(lossesOf(forward(model, ids.slice(0, -1), initial), ids.slice(1)));
}

const lossesOf = (trace: ReferenceTrace, targets: readonly number[]): Vector =>
  Float64Array.from(trace.scores, (score, t) => crossEntropy(score, targets[t]));
const mean = (values: Vector): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Inspection of one stream: inputs all ids but the last, targets all but the first. */
export function inspect(
  model: ReferenceModel,
  ids: readonly number[],
  initial: readonly ReferenceState[],
): ReferenceFlow {
  const targets = ids.slice(1);
  const trace = forward(model, ids.slice(0, -1), initial);
  const losses = lossesOf(trace, targets);
  const scoreGradients = trace.scores.map((score, t) =>
    scale(1 / targets.length, crossEntropyGradient(score, targets[t])),
  );
  return { loss: mean(losses), losses, trace, total: backward(model, trace, scoreGradients) };
}

/** δ_{τ→t} = ∂ℓ_τ/∂h_t (and ∂ℓ_τ/∂c_t), plainly: for lags over which float64 neither under- nor overflows. */
export function perTarget(
  model: ReferenceModel,
  trace: ReferenceTrace,
  target: number,
  targetId: number,
): ReferenceBackward {
  const zero = new Float64Array(vocabularySizeOf(model));
  return backward(
    model,
    trace,
    trace.scores.map((score, t) => (t === target ? crossEntropyGradient(score, targetId) : zero)),
  );
}

/** B streams over T steps; the loss is the mean over T·B. inputs, targets [B][T]; initial [B][layer]. */
export function trainingGradient(
  model: ReferenceModel,
  inputs: readonly (readonly number[])[],
  targets: readonly (readonly number[])[],
  initial: readonly (readonly ReferenceState[])[],
): {
  readonly loss: number;
  readonly gradients: ReferenceParameters;
  readonly final: readonly (readonly ReferenceState[])[];
} {
  const count = inputs.length * inputs[0].length;
  const gradients = zerosLike(model);
  const final: (readonly ReferenceState[])[] = [];
  let loss = 0;
  inputs.forEach((ids, b) => {
    const trace = forward(model, ids, initial[b]);
    trace.scores.forEach((score, t) => (loss += crossEntropy(score, targets[b][t]) / count));
    const scoreGradients = trace.scores.map((score, t) => scale(1 / count, crossEntropyGradient(score, targets[b][t])));
    addParameters(gradients, backward(model, trace, scoreGradients).gradients);
    final.push(trace.final);
  });
  return { loss, gradients, final };
}

function addParameters(target: ReferenceParameters, more: ReferenceParameters): void {
  target.layers.forEach((layer, l) => {
    for (const role of ['W', 'R', 'Wb', 'Rb'] as const) addTo(layer[role], more.layers[l][role]);
  });
  addTo(target.output.W, more.output.W);
  addTo(target.output.b, more.output.b);
}
