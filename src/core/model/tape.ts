/**
 * What the forward pass of one window leaves behind for the backward pass. Everything is time-major: element (t, b, u) of a
 * series lies at (t·B + b)·H + u. The arrays are made once, in an arena that kernels can reach, and used for window after window,
 * which may have fewer steps than there is room for.
 */
import { at, type Arena } from '../../kernels/arena';
import { cellOf } from '../layers/registry';
import { directionsOf, outputSize, type ModelConfig } from './config';
import type { CellName } from '../../layers/catalog';
import type { DirectionTape } from './directionTape';

export interface LayerTape {
  readonly cell: CellName;
  /** H. */
  readonly hiddenSize: number;
  readonly directions: readonly DirectionTape[];
  /** T × B × D·H: what each step gives, the directions side by side. */
  readonly output: Float32Array;
  /** What the layer above reads: `output`, after dropout if there is any. */
  readonly passed: Float32Array;
  /** 0 or 1/(1 − p) for each element of `output`; null without dropout. */
  readonly dropout: Float32Array | null;
}

export interface TapeSettings {
  /** Most steps of a window, and its streams. */
  readonly steps: number;
  readonly batch: number;
  /** Dropout between layers, in training only. */
  readonly dropout?: boolean;
  /** Count saturated gates and take the norms of gradients on the way, as always; without, to measure what that costs. */
  readonly records?: boolean;
}

export class Tape {
  readonly batch: number;
  /** Steps of the window that is on the tape. */
  steps: number;
  readonly maxSteps: number;
  readonly layers: readonly LayerTape[];
  readonly records: boolean;
  /** T × B token ids: what is read (−1: nothing, in padding) … */
  readonly inputs: Int32Array;
  /** … and what is to be predicted (−1: nothing). */
  readonly targets: Int32Array;
  /** Steps of each stream; what comes later is padding. */
  readonly lengths: Int32Array;
  /** Some stream is shorter than the window. */
  isPadded = false;
  /** T × B × V. */
  readonly probabilities: Float32Array;
  /** T × B: ln p(target), 0 where there is none. */
  readonly targetLogProbabilities: Float32Array;

  constructor(
    readonly arena: Arena,
    readonly config: ModelConfig,
    { steps, batch, dropout = false, records = true }: TapeSettings,
  ) {
    this.records = records;
    this.steps = steps;
    this.maxSteps = steps;
    this.batch = batch;
    const rows = steps * batch;
    const none = new Float32Array(0);
    this.layers = config.layers.map((own, layer) => {
      const cell = cellOf(own.cell);
      const H = own.hiddenSize;
      const tapes = directionsOf(own).map((direction) => ({
        direction,
        states: cell.states.map(() => arena.floats((steps + 1) * batch * H)),
        gates: arena.floats(rows * cell.gates.length * H),
        recurrentCandidate: cell.linearBeforeReset ? arena.floats(rows * H) : none,
      }));
      const outputs = rows * outputSize(own);
      const output = tapes.length === 1 ? tapes[0].states[0].subarray(batch * H) : arena.floats(outputs);
      const drops = dropout && layer < config.layers.length - 1;
      return {
        cell: own.cell,
        hiddenSize: H,
        directions: tapes,
        output,
        passed: drops ? arena.floats(outputs) : output,
        dropout: drops ? arena.floats(outputs) : null,
      };
    });
    this.inputs = arena.ints(rows);
    this.targets = arena.ints(rows);
    this.lengths = arena.ints(batch).fill(steps);
    this.probabilities = arena.floats(rows * config.vocabularySize);
    this.targetLogProbabilities = arena.floats(rows);
  }

  /** Rows of a series that the window fills: T·B. */
  get rows(): number {
    return this.steps * this.batch;
  }

  /** n: how many tokens are to be predicted. */
  get predicted(): number {
    let count = 0;
    for (let row = 0; row < this.rows; row++) if (this.targets[row] >= 0) count++;
    return count;
  }

  /** L = −(1/n) Σ ln p(target), nats per predicted token. */
  get loss(): number {
    let sum = 0;
    for (let row = 0; row < this.rows; row++) sum -= this.targetLogProbabilities[row];
    return sum / this.predicted;
  }

  /** Address of the streams' lengths for the kernels; 0 where no stream is shorter than the window. */
  get lengthsAddress(): number {
    return this.isPadded ? at(this.lengths) : 0;
  }

  /** Sets the window's size; `lengths` has been filled for it. */
  resize(steps: number): void {
    this.steps = steps;
    this.isPadded = this.lengths.some((length) => length < steps);
  }

  /** Makes the state after the last step the one carried into the next window. Only the forward direction carries one. */
  carryState(): void {
    for (const { directions, hiddenSize } of this.layers) {
      const size = this.batch * hiddenSize;
      const last = this.steps * size;
      for (const states of directions[0].states) states.copyWithin(0, last, last + size);
    }
  }

  clearState(): void {
    for (const { directions, hiddenSize } of this.layers)
      for (const states of directions[0].states) states.fill(0, 0, this.batch * hiddenSize);
  }
}
