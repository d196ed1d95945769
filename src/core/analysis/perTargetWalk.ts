/**
 * Per-target gradients: δ_{τ→t} = ∂ℓ_τ/∂h_t, the loss of one step traced back through every layer, direction and step. What
 * travels is kept at unit length beside the logarithm of its length, so that nothing underflows or overflows however far it
 * goes. Exactly zero stays exactly zero. The walk is the same in every precision; what computes it is a `Walked`.
 */
import type { Direction } from '../../layers/direction';
import { addArrival, arrivals, isSent, rescale, type Arithmetic, type Arrivals } from './arrivals';

/** log₁₀‖∂ℓ_τ/∂s_t‖ of one layer and direction: for each of its states T values, NaN where τ cannot depend on it, −Infinity for exactly zero. */
export type PerTargetNorms = readonly Float64Array[];

interface Vector {
  fill(value: number): unknown;
}

/** What stands around a part of a layer. */
export interface WalkedSublayer {
  readonly inputSize: number;
  readonly hasNorm: boolean;
  readonly residual: boolean;
}

export interface WalkedLayer {
  /** H, and I. */
  readonly hiddenSize: number;
  readonly inputSize: number;
  /** D·H, or what a mixer gives. */
  readonly outputSize: number;
  /** S. */
  readonly states: number;
  /** G·H: of what goes down, before W; 0 of a mixer. */
  readonly width: number;
  /** None of a mixer. */
  readonly directions: readonly Direction[];
  readonly sublayers: readonly WalkedSublayer[];
}

/** One step back of one direction; all at one scale. */
export interface WalkStep<V> {
  /** [H], in: ∂ℓ/∂h_t. */
  readonly hidden: V;
  /** [(S − 1)·H]: in what comes through the states behind the first of the step after, out ∂ℓ/∂s_{t−1}; and out ∂ℓ/∂s_t, whole. */
  readonly further: V;
  readonly furtherTotal: V;
  /** [H], out: ∂ℓ/∂h_{t−1}. */
  readonly previous: V;
}

/** A model that has read a text, and what computes the steps back through it. */
export interface Walked<V> extends Arithmetic<V> {
  /** T, of the text that has been read last. */
  readonly steps: number;
  /** The lowest first. */
  readonly layers: readonly WalkedLayer[];
  /** Whether the inputs at boundary 0 … N have gradients that no state has: see `hasInputRows`. */
  readonly inputRows: readonly boolean[];
  /** Writes what the loss of a step sends to the top layer's output; returns the logarithm of its scale, −Infinity where nothing is to be predicted. */
  lossGradient(target: number, out: V, outAt: number): Promise<number>;
  /** Called before the first step of a direction. */
  begin?(layer: number, d: number): void;
  /** @param preActivations out, [G·H] from `from`: ∂ℓ/∂a_t as W sees it */
  stepBack(layer: number, d: number, t: number, step: WalkStep<V>, preActivations: V, from: number): void;
  /** out [count, I] = Wᵀ ∂ℓ/∂a of `count` steps from `first`; rows at which nothing was sent hold anything. */
  down(layer: number, d: number, preActivations: V, first: number, count: number, out: V): Promise<void>;
  /** In place at [at, at + I): from what reaches the output of the norm before a sublayer at step t to what reaches its input. */
  normBack(layer: number, sublayer: number, t: number, gradient: V, at: number): void;
  /** A mixer's sublayer, as `Float64Mixer.flow`; the norms of the kind's states, null of those that another sublayer has. There are mixers in float64 only. */
  mixerFlow?(layer: number, sublayer: number, above: Arrivals<V>, below: Arrivals<V>): readonly (Float64Array | null)[];
}

/** What travels along time. */
interface Carried<V> {
  readonly hidden: V;
  /** (S − 1)·H: the share of the states behind the first, at the same scale. */
  readonly further: V;
  logScale: number;
  /** The target has been passed: something can travel, even if zero. */
  isReached: boolean;
}

/** What a direction sends to its layer's input, before W. */
export interface SentDown<V> {
  /** T × G·H, a row for each step: ∂ℓ_τ/∂a_t as W sees it, … */
  readonly preActivations: V;
  /** … times e^logScale; −Infinity where nothing arrives. */
  readonly logScales: Float64Array;
}

export class PerTargetWalk<V extends Vector> {
  private above: Arrivals<V>;
  private below: Arrivals<V>;
  /**
   * Of the last call: log₁₀‖∂ℓ_τ/∂x_t‖ of what each layer reads, and of what the output reads, N + 1 in all; NaN where x_t cannot reach τ. Null where another variable is the
   * same.
   */
  readonly inputs: (Float64Array | null)[];
  /** Of each layer and direction what comes from the step that was visited before. */
  private readonly carried: readonly (readonly Carried<V>[])[];
  private readonly hidden: V;
  /** (S − 1)·H. */
  private readonly furtherTotal: V;
  /** Of each direction of the layer that was run last. */
  private readonly sent: readonly SentDown<V>[];
  /** T × D·H: what a direction sends down, at the scales of its steps. */
  private readonly down: V;

  /** @param maxSteps of a text */
  constructor(
    private readonly walked: Walked<V>,
    maxSteps: number,
  ) {
    const { layers } = walked;
    const largest = (of: (layer: WalkedLayer) => number) => Math.max(0, ...layers.map(of));
    const widest = largest(({ outputSize, sublayers }) =>
      Math.max(outputSize, ...sublayers.map(({ inputSize }, s) => (s > 0 || walked.inputRows[0] ? inputSize : 0))),
    );
    this.inputs = walked.inputRows.map(() => null);
    this.above = arrivals(walked, maxSteps, widest);
    this.below = arrivals(walked, maxSteps, widest);
    this.carried = layers.map(({ directions, hiddenSize, states }) =>
      directions.map(() => ({
        hidden: walked.zeros(hiddenSize),
        further: walked.zeros((states - 1) * hiddenSize),
        logScale: -Infinity,
        isReached: false,
      })),
    );
    this.hidden = walked.zeros(largest(({ hiddenSize }) => hiddenSize));
    this.furtherTotal = walked.zeros(largest(({ states, hiddenSize }) => (states - 1) * hiddenSize));
    const width = largest((layer) => layer.width);
    this.sent = Array.from({ length: largest(({ directions }) => directions.length) }, () => ({
      preActivations: walked.zeros(maxSteps * width),
      logScales: new Float64Array(maxSteps),
    }));
    this.down = walked.zeros(layers.length > 1 || walked.inputRows[0] ? maxSteps * widest : 0);
  }

  /** Of the last call: what has reached the pre-activations of the lowest layer, direction by direction. */
  get lowest(): readonly SentDown<V>[] {
    return this.sent.slice(0, this.walked.layers[0].directions.length);
  }

  /** Of the last call: 1 for the steps whose input can reach the target, even if by zero. */
  get isInputReached(): Uint8Array {
    return this.above.isReached.subarray(0, this.walked.steps);
  }

  /** Norms of every layer and direction, from what has been read last. */
  run(target: number): Promise<PerTargetNorms[][]> {
    for (const carried of this.carried.flat()) {
      carried.hidden.fill(0);
      carried.further.fill(0);
      carried.logScale = -Infinity;
      carried.isReached = false;
    }
    return this.continueRun(target);
  }

  /**
   * The same in a text of several windows, of which the one before that of the last call has been read.
   * @param target in this window; null if it lies in a later one
   */
  async continueRun(target: number | null): Promise<PerTargetNorms[][]> {
    const { layers } = this.walked;
    const norms: PerTargetNorms[][] = Array.from(layers, () => []);
    await this.arriveAtTop(target);
    for (let layer = layers.length - 1; layer >= 0; layer--) {
      this.takeInput(layer + 1, target);
      for (let s = layers[layer].sublayers.length - 1; s >= 0; s--) await this.sublayer(layer, s, norms[layer]);
    }
    this.takeInput(0, target);
    return norms;
  }

  /** What comes before the target and has no way to it, as an earlier step of what the output reads, is zero like what has lost it on its way. */
  private takeInput(boundary: number, target: number | null): void {
    const { above, walked } = this;
    if (!walked.inputRows[boundary]) return;
    this.inputs[boundary] = Float64Array.from({ length: walked.steps }, (_, t) => {
      if (above.isReached[t] === 0) return target === null || t < target ? -Infinity : NaN;
      return above.logScales[t] === -Infinity ? -Infinity : walked.log10Of(1, above.logScales[t]);
    });
  }

  /** @param norms of the layer, which get those of the sublayer's states */
  private async sublayer(layer: number, s: number, norms: PerTargetNorms[]): Promise<void> {
    const { walked } = this;
    const { directions, sublayers } = walked.layers[layer];
    const { hasNorm, residual, inputSize } = sublayers[s];
    this.below.logScales.fill(-Infinity);
    this.below.isReached.fill(0);
    if (directions.length === 0) this.mixer(layer, s, norms);
    for (let d = 0; d < directions.length; d++) {
      norms.push(this.direction(layer, d));
      if (layer > 0 || walked.inputRows[0]) await this.sendDown(layer, d);
    }
    if (hasNorm) this.normBack(layer, s, inputSize);
    if (residual) this.addPast(inputSize);
    [this.above, this.below] = [this.below, this.above];
  }

  private mixer(layer: number, s: number, norms: PerTargetNorms[]): void {
    const { walked, above, below } = this;
    if (!walked.mixerFlow) throw new Error('a mixer is walked through in float64 only');
    const before = norms.at(0);
    const found = walked.mixerFlow(layer, s, above, below);
    norms[0] = found.map((own, state) => own ?? before?.at(state) ?? new Float64Array(walked.steps).fill(NaN));
  }

  private normBack(layer: number, s: number, width: number): void {
    const { walked, below } = this;
    for (let t = 0; t < walked.steps; t++) {
      if (below.logScales[t] === -Infinity) continue;
      walked.normBack(layer, s, t, below.values, t * width);
      below.logScales[t] = rescale(walked, below.values, t * width, width, below.logScales[t]);
    }
  }

  /** What goes past a sublayer. */
  private addPast(width: number): void {
    const { walked, above, below } = this;
    for (let t = 0; t < walked.steps; t++) {
      if (above.isReached[t] === 1) below.isReached[t] = 1;
      if (isSent(above.logScales[t])) addArrival(walked, below, t, above.values, t * width, width, above.logScales[t]);
    }
  }

  private async arriveAtTop(target: number | null): Promise<void> {
    const { above, walked } = this;
    above.logScales.fill(-Infinity);
    above.isReached.fill(0);
    if (target === null) return;
    above.isReached[target] = 1;
    const { outputSize: width } = walked.layers[walked.layers.length - 1];
    const logScale = await walked.lossGradient(target, above.values, target * width);
    if (isSent(logScale)) above.logScales[target] = rescale(walked, above.values, target * width, width, logScale);
  }

  /** One direction of one layer, from its last step to its first. */
  private direction(layer: number, d: number): PerTargetNorms {
    const { walked } = this;
    const { steps } = walked;
    const { states, directions } = walked.layers[layer];
    walked.begin?.(layer, d);
    this.sent[d].logScales.fill(-Infinity);
    const norms = Array.from({ length: states }, () => new Float64Array(steps).fill(NaN));
    const carried = this.carried[layer][d];
    for (let visited = 0; visited < steps; visited++) {
      const t = directions[d] === 'forward' ? steps - 1 - visited : visited;
      carried.isReached ||= this.above.isReached[t] === 1;
      if (carried.isReached) this.step(layer, d, t, norms);
    }
    return norms;
  }

  private step(layer: number, d: number, t: number, norms: PerTargetNorms): void {
    const { walked, above, below, hidden, furtherTotal, sent } = this;
    const { hiddenSize: H, width, directions } = walked.layers[layer];
    const carried = this.carried[layer][d];
    const { hidden: previous, further } = carried;
    const ofFurther = (norms.length - 1) * H;
    below.isReached[t] = 1;
    const logScale = Math.max(carried.logScale, above.logScales[t]);
    if (logScale === -Infinity) {
      for (const own of norms) own[t] = -Infinity;
      return;
    }
    const carriedFactor = Math.exp(carried.logScale - logScale);
    walked.combine(
      hidden,
      0,
      carriedFactor,
      previous,
      0,
      Math.exp(above.logScales[t] - logScale),
      above.values,
      (t * directions.length + d) * H,
      H,
    );
    walked.combine(further, 0, carriedFactor, further, 0, 0, further, 0, ofFurther);
    norms[0][t] = walked.log10Of(walked.lengthOf(hidden, 0, H), logScale);
    walked.stepBack(layer, d, t, { hidden, further, furtherTotal, previous }, sent[d].preActivations, t * width);
    sent[d].logScales[t] = logScale;
    for (let state = 1; state < norms.length; state++)
      norms[state][t] = walked.log10Of(walked.lengthOf(furtherTotal, (state - 1) * H, H), logScale);
    const length = Math.hypot(walked.lengthOf(previous, 0, H), walked.lengthOf(further, 0, ofFurther));
    carried.logScale = logScale + Math.log(length);
    if (length === 0) return;
    walked.multiply(previous, H, 1 / length);
    walked.multiply(further, ofFurther, 1 / length);
  }

  /** Adds Wᵀ ∂ℓ/∂a_t of all steps to what reaches the layer below: one product, since W is larger than what a processor holds in its cache. */
  private async sendDown(layer: number, d: number): Promise<void> {
    const { walked, down, below, sent } = this;
    const { preActivations, logScales } = sent[d];
    const { inputSize } = walked.layers[layer];
    const first = logScales.findIndex(isSent);
    if (first < 0) return;
    const last = logScales.subarray(0, walked.steps).findLastIndex(isSent);
    await walked.down(layer, d, preActivations, first, last + 1 - first, down);
    for (let t = first; t <= last; t++)
      if (isSent(logScales[t])) addArrival(walked, below, t, down, (t - first) * inputSize, inputSize, logScales[t]);
  }
}
