/**
 * Per-target gradients: δ_{τ→t} = ∂ℓ_τ/∂h_t, the loss of one step traced back through every layer, direction and step. What
 * travels is kept at unit length beside the logarithm of its length, so that nothing underflows or overflows however far it
 * goes. Exactly zero stays exactly zero.
 */
import { at } from '../../kernels/arena';
import { FixedMatrix } from '../../kernels/fixedMatrix';
import { cellOf } from '../layers/registry';
import { inputSize, largestOutput, ofEachShape, readsBothWays, topSize } from '../model/config';
import type { Parameters } from '../model/parameters';
import type { DirectionTape } from '../model/directionTape';
import type { Tape } from '../model/tape';
import type { Products } from '../products';
import { restoreTargets } from './lossErrors';
import { lengthOf, log10Of, normalize, scaledVector, type Scaled } from './scaled';

/** log₁₀‖∂ℓ_τ/∂s_t‖ of one layer and direction: for each of its states T values, NaN where τ cannot depend on it, −Infinity for exactly zero. */
export type PerTargetNorms = readonly Float64Array[];

/** What reaches a layer's outputs, step by step. */
interface Arrivals {
  /** T × D·H, each row of unit length, and the logarithms of the lengths. */
  readonly values: Float32Array;
  readonly logScales: Float64Array;
  /** 1 where something can arrive at all, even if zero. */
  readonly isReached: Uint8Array;
}

/** What travels along time. */
interface Carried {
  readonly hidden: Scaled;
  /** F·H: the share of the states behind the first, at the same scale. */
  readonly further: Float32Array;
  /** The target has been passed: something can travel, even if zero. */
  isReached: boolean;
}

/** What a direction sends to its layer's input, before W. */
export interface SentDown {
  /** T × G·H, a row for each step: ∂ℓ_τ/∂a_t as W sees it, … */
  readonly preActivations: Float32Array;
  /** … times e^logScale; −Infinity where nothing arrives. */
  readonly logScales: Float64Array;
}

export class PerTargetGradient {
  private fromAbove: Arrivals;
  private toBelow: Arrivals;
  /** Of each layer and direction what comes from the step that was visited before. */
  private readonly carried: readonly (readonly Carried[])[];
  private readonly hidden: Float32Array;
  /** F·H. */
  private readonly furtherTotal: Float32Array;
  /** Of each direction of the layer that was run last. */
  private readonly sent: readonly SentDown[];
  private readonly recurrentPreActivations: Float32Array;
  /** T × D·H: what a direction sends down, at the scales of its steps. */
  private readonly down: Float32Array;
  private readonly error: Float32Array;
  /** Of each layer the way back through R. */
  private readonly R: readonly FixedMatrix[];

  /** @param tape of one stream (B = 1)  @param parameters in its arena */
  constructor(
    private readonly tape: Tape,
    private readonly parameters: Parameters,
    private readonly products: Products,
  ) {
    const { config, arena, maxSteps } = tape;
    const largest = Math.max(...config.layers.map(({ hiddenSize }) => hiddenSize));
    const widest = Math.max(...config.layers.map(({ cell, hiddenSize }) => cellOf(cell).gates.length * hiddenSize));
    const furthest = Math.max(...config.layers.map(({ cell, hiddenSize }) => (cellOf(cell).states.length - 1) * hiddenSize));
    const arrivals = (): Arrivals => ({
      values: arena.floats(maxSteps * largestOutput(config)),
      logScales: new Float64Array(maxSteps),
      isReached: new Uint8Array(maxSteps),
    });
    this.fromAbove = arrivals();
    this.toBelow = arrivals();
    this.carried = tape.layers.map(({ directions, cell, hiddenSize: H }) =>
      directions.map(() => ({ hidden: scaledVector(arena, H), further: arena.floats((cellOf(cell).states.length - 1) * H), isReached: false })));
    this.hidden = arena.floats(largest);
    this.furtherTotal = arena.floats(furthest);
    this.sent = Array.from({ length: readsBothWays(config) ? 2 : 1 }, () => ({ preActivations: arena.floats(maxSteps * widest), logScales: new Float64Array(maxSteps) }));
    this.recurrentPreActivations = arena.floats(config.layers.some(({ cell }) => cellOf(cell).linearBeforeReset) ? widest : 0);
    this.down = arena.floats(config.layers.length > 1 ? maxSteps * largestOutput(config) : 0);
    this.error = arena.floats(config.vocabularySize);
    this.R = ofEachShape(config, ({ cell, hiddenSize: H }) => new FixedMatrix(arena, cellOf(cell).gates.length * H, H));
  }

  /** Of the last call: what has reached the pre-activations of the lowest layer, direction by direction. */
  get lowest(): readonly SentDown[] {
    return this.sent;
  }

  /** Of the last call: 1 for the steps whose input can reach the target, even if by zero. */
  get isInputReached(): Uint8Array {
    return this.fromAbove.isReached.subarray(0, this.tape.steps);
  }

  /** Norms of every layer and direction, from what the tape holds now. */
  run(target: number): Promise<PerTargetNorms[][]> {
    for (const carried of this.carried.flat()) {
      carried.hidden.logScale = -Infinity;
      carried.hidden.values.fill(0);
      carried.further.fill(0);
      carried.isReached = false;
    }
    return this.continueRun(target);
  }

  /**
   * The same in a text of several windows, of which the tape holds the one before that of the last call.
   * @param target in this window; null if it lies in a later one
   */
  async continueRun(target: number | null): Promise<PerTargetNorms[][]> {
    const { layers } = this.tape;
    const norms: PerTargetNorms[][] = Array.from(layers, () => []);
    await this.lossGradient(target);
    for (let layer = layers.length - 1; layer >= 0; layer--) {
      this.toBelow.logScales.fill(-Infinity);
      this.toBelow.isReached.fill(0);
      for (const [d, direction] of layers[layer].directions.entries()) {
        norms[layer].push(this.direction(layer, d, direction));
        if (layer > 0) await this.sendDown(layer, d);
      }
      [this.fromAbove, this.toBelow] = [this.toBelow, this.fromAbove];
    }
    return norms;
  }

  /** What reaches the top layer: Vᵀ(p − y) at the target, nothing elsewhere. */
  private async lossGradient(target: number | null): Promise<void> {
    const { fromAbove, error, tape } = this;
    const { config, probabilities, targets, arena } = tape;
    const width = topSize(config);
    fromAbove.logScales.fill(-Infinity);
    fromAbove.isReached.fill(0);
    if (target === null) return;
    fromAbove.isReached[target] = 1;
    if (targets[target] < 0) return;
    arena.kernels.lossGradient(1, config.vocabularySize, at(probabilities, target * config.vocabularySize), at(targets, target), 1, at(error));
    restoreTargets(error, targets.subarray(target, target + 1), config.vocabularySize);
    // Of a sure prediction it is so small that its squares would be lost.
    const size = error.reduce((max, entry) => Math.max(max, Math.abs(entry)), 0);
    if (size > 0) for (let v = 0; v < error.length; v++) error[v] /= size;
    const arrival = { values: fromAbove.values.subarray(target * width, (target + 1) * width), logScale: 0 };
    await this.products.multiply(arrival.values, error, this.parameters.output.W, 1, width, config.vocabularySize);
    normalize(arena, arrival, size > 0 ? Math.log(size) : 0);
    fromAbove.logScales[target] = arrival.logScale;
  }

  /** One direction of one layer, from its last step to its first. */
  private direction(layer: number, d: number, direction: DirectionTape): PerTargetNorms {
    const { steps, layers } = this.tape;
    this.R[layer].load(this.parameters.layers[layer][d].R);
    this.sent[d].logScales.fill(-Infinity);
    const { states } = cellOf(layers[layer].cell);
    const norms = states.map(() => new Float64Array(steps).fill(NaN));
    const carried = this.carried[layer][d];
    for (let visited = 0; visited < steps; visited++) {
      const t = direction.direction === 'forward' ? steps - 1 - visited : visited;
      carried.isReached ||= this.fromAbove.isReached[t] === 1;
      if (carried.isReached) this.step(layer, d, direction, t, norms);
    }
    return norms;
  }

  private step(layer: number, d: number, direction: DirectionTape, t: number, norms: PerTargetNorms): void {
    const { fromAbove, tape } = this;
    const { hidden: carried, further } = this.carried[layer][d];
    const { config, arena } = tape;
    const { cell: name, hiddenSize: H, activation } = config.layers[layer];
    const hidden = this.hidden.subarray(0, H);
    const furtherTotal = this.furtherTotal.subarray(0, further.length);
    this.toBelow.isReached[t] = 1;
    const logScale = Math.max(carried.logScale, fromAbove.logScales[t]);
    if (logScale === -Infinity) {
      for (const own of norms) own[t] = -Infinity;
      return;
    }
    const carriedFactor = Math.exp(carried.logScale - logScale);
    const aboveFactor = Math.exp(fromAbove.logScales[t] - logScale);
    const above = t * tape.layers[layer].directions.length * H + d * H;
    for (let i = 0; i < H; i++) hidden[i] = carriedFactor * carried.values[i] + (aboveFactor === 0 ? 0 : aboveFactor * fromAbove.values[above + i]);
    for (let i = 0; i < further.length; i++) further[i] *= carriedFactor;
    norms[0][t] = log10Of(lengthOf(arena, hidden), logScale);

    const cell = cellOf(name);
    const width = cell.gates.length * H;
    const preActivations = this.sent[d].preActivations.subarray(t * width, (t + 1) * width);
    const recurrentPreActivations = cell.linearBeforeReset ? this.recurrentPreActivations.subarray(0, width) : preActivations;
    carried.values.fill(0);
    cell.stepBack(arena.kernels, {
      tape: direction, step: t, rows: 1, hiddenSize: H, activation, hidden: at(hidden), further: at(further), furtherTotal: at(furtherTotal),
      preActivations: at(preActivations), recurrentPreActivations: at(recurrentPreActivations), previous: at(carried.values),
    });
    for (let state = 1; state < norms.length; state++) norms[state][t] = log10Of(lengthOf(arena, furtherTotal.subarray((state - 1) * H, state * H)), logScale);
    this.R[layer].multiplyAdd(carried.values, 0, recurrentPreActivations, 0, 1);
    normalize(arena, carried, logScale, further);
    this.sent[d].logScales[t] = logScale;
  }

  /** Adds Wᵀ ∂ℓ/∂a_t of all steps to what reaches the layer below: one product, since W is larger than what a processor holds in its cache. */
  private async sendDown(layer: number, d: number): Promise<void> {
    const { down, toBelow, tape } = this;
    const { preActivations, logScales } = this.sent[d];
    const { arena, config, steps } = tape;
    const { cell, hiddenSize } = config.layers[layer];
    const width = cellOf(cell).gates.length * hiddenSize;
    const inputs = inputSize(config, layer);
    const isSent = (logScale: number) => logScale > -Infinity;
    const first = logScales.findIndex(isSent);
    if (first < 0) return;
    const last = logScales.subarray(0, steps).findLastIndex(isSent);
    await this.products.multiply(down, preActivations.subarray(first * width), this.parameters.layers[layer][d].W, last + 1 - first, inputs, width);
    for (let t = first; t <= last; t++) {
      const logScale = logScales[t];
      if (!isSent(logScale)) continue;
      const row = toBelow.values.subarray(t * inputs, (t + 1) * inputs);
      const start = (t - first) * inputs;
      const already = toBelow.logScales[t];
      const common = Math.max(logScale, already);
      const [newFactor, oldFactor] = [Math.exp(logScale - common), Math.exp(already - common)];
      for (let i = 0; i < inputs; i++) row[i] = newFactor * down[start + i] + (oldFactor === 0 ? 0 : oldFactor * row[i]);
      const sum = { values: row, logScale: common };
      normalize(arena, sum, common);
      toBelow.logScales[t] = sum.logScale;
    }
  }
}
