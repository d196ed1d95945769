/** How the flow of one target changed while the model learned: lag × training step, kept by the engine. */
import type { StateName } from '../layers/catalog';
import type { Direction } from '../layers/direction';

/** The flow through one state of one layer, or, of a model without states, through what is read at one boundary. */
export interface FlowLane {
  /** Of a boundary its number: what layer `layer` + 1 reads. */
  readonly layer: number;
  readonly direction: Direction;
  /** Null of a boundary. */
  readonly state: StateName | null;
}

/** What the spectrum of the carried state comes to at one training step. */
export interface SpectrumSample {
  readonly step: number;
  /** The largest Lyapunov exponent of the text that the rows are of, nats per token, from a few random directions; −Infinity where they are lost. */
  readonly exponent: number;
  /** ρ and ‖·‖₂ of the top layer's recurrent matrix, of several gates the largest; null where it has none, or too many units. */
  readonly radius: number | null;
  readonly norm: number | null;
  /** Part of the gate activations, or units, that were saturated in the training step; null where none can be. */
  readonly saturated: number | null;
}

/** One lane of every row that is kept, in order of training steps. */
export interface FlowOverTraining {
  readonly lane: FlowLane;
  /** The text, its inputs in order, and the target that every row is of; null without rows, and where each has its own. */
  readonly of: { readonly tokens: readonly string[]; readonly target: number } | null;
  /** Every row has a text of its own, as the steps of a recording, which read a batch each: they are compared by lag. */
  readonly hasOwnTexts: boolean;
  /** Training step of each row. */
  readonly steps: Float64Array;
  /** Horizon of each row, in tokens; NaN where the gradient never falls below the vanishing threshold, and where it is level, so that a horizon says nothing. */
  readonly horizons: Float64Array;
  /** Columns of `values`: the largest lag and 1. */
  readonly lags: number;
  /** rows × lags: log₁₀ of the gradient relative to the target's own step; NaN where that text has no step so far back. */
  readonly values: Float32Array;
  /** In order of training steps; fewer than rows. */
  readonly spectra: readonly SpectrumSample[];
  /** Training steps whose loss or gradient was not finite. */
  readonly overflows: readonly number[];
}
