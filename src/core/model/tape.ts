/**
 * What the forward pass of one window leaves behind for the backward pass. Everything is time-major: element (t, b, u) of a
 * series lies at (t·B + b)·H + u. Hidden and cell states have one row more: row 0 is the state carried in, row t + 1 the state
 * after step t. The arrays are made once, in an arena that kernels can reach, and used for window after window.
 */
import { Arena } from '../../kernels/arena';
import { cellOf } from './cells/registry';
import type { ModelConfig } from './config';

export interface LayerTape {
  /** (T + 1) × B × H. */
  readonly hidden: Float32Array;
  /** (T + 1) × B × H for an LSTM, empty otherwise. */
  readonly cellState: Float32Array;
  /** Activations by the names in `Cell.saved`, each T × B × H. */
  readonly saved: Readonly<Record<string, Float32Array>>;
}

export class Tape {
  /** Of the states and activations, and of whoever works with them. */
  readonly arena: Arena;
  readonly layers: readonly LayerTape[];
  /** T × B token ids: what is read … */
  readonly inputs: Int32Array;
  /** … and what is to be predicted. */
  readonly targets: Int32Array;
  /** T × B × V. */
  readonly probabilities: Float32Array;
  /** T × B: ln p(target). */
  readonly targetLogProbabilities: Float32Array;

  /** @param room lengths of the arrays that others will ask of the arena: `Backward.lengths`, `ItemisedGradient.lengths` */
  constructor(
    readonly config: ModelConfig,
    readonly steps: number,
    readonly batch: number,
    room: readonly number[] = [],
  ) {
    const { hiddenSize, vocabularySize, layers } = config;
    const cell = cellOf(config.cell);
    const rows = steps * batch;
    const stateLength = (steps + 1) * batch * hiddenSize;
    const ofLayer = [...Array<number>(cell.hasCellState ? 2 : 1).fill(stateLength), ...cell.saved.map(() => rows * hiddenSize)];
    this.arena = new Arena([...Array<number[]>(layers).fill(ofLayer).flat(), ...room]);
    const states = () => this.arena.floats(stateLength);
    this.layers = Array.from({ length: layers }, () => ({
      hidden: states(),
      cellState: cell.hasCellState ? states() : new Float32Array(0),
      saved: Object.fromEntries(cell.saved.map((name) => [name, this.arena.floats(rows * hiddenSize)])),
    }));
    this.inputs = new Int32Array(rows);
    this.targets = new Int32Array(rows);
    this.probabilities = new Float32Array(rows * vocabularySize);
    this.targetLogProbabilities = new Float32Array(rows);
  }

  /** L = −mean ln p(target), nats per token. */
  get loss(): number {
    let sum = 0;
    for (const value of this.targetLogProbabilities) sum -= value;
    return sum / this.targetLogProbabilities.length;
  }

  /** Makes the state after the last step the one carried into the next window. */
  carryState(): void {
    const size = this.batch * this.config.hiddenSize;
    for (const { hidden, cellState } of this.layers) {
      hidden.copyWithin(0, this.steps * size);
      cellState.copyWithin(0, this.steps * size);
    }
  }

  clearState(): void {
    const size = this.batch * this.config.hiddenSize;
    for (const { hidden, cellState } of this.layers) {
      hidden.fill(0, 0, size);
      cellState.fill(0, 0, size);
    }
  }
}

/** The forward pass, whoever computes it: reads the tape's inputs, targets and carried-in state, and fills the rest. */
export interface Forward {
  readonly backend: 'ort' | 'wasm';
  run(tape: Tape): Promise<void>;
}
