/** The report of a whole text by a stack of layers. */
import type { CellName, StateName } from '../layers/catalog';
import type { Direction } from '../layers/direction';
import type { FlowReport } from './flowReport';
import type { LayerRegion } from './frame';
import type { NonFinite, Underflow } from './nonFinite';

/** A state s that a layer carries from step to step; T values each. */
export interface StateReport {
  readonly name: StateName;
  readonly width: number;
  /** ‖s_t‖₂. */
  readonly norm: Float64Array;
  /** ‖∂L/∂s_t‖₂, L the mean loss. */
  readonly total: Float64Array;
  readonly flow: FlowReport;
}

/**
 * What is read at one boundary between layers, x^(l)_t: at l = 0 the one-hot token, its embedding, or numbers, elsewhere what layer l gives, its directions side by
 * side. Its gradient goes through everything that depends on it: where layer l is recurrent that is its state, and so also its own next step.
 */
export interface InputReport {
  /** l, 0 to the number of layers. */
  readonly boundary: number;
  /** ‖∂L/∂x^(l)_t‖₂. */
  readonly total: Float64Array;
  readonly flow: FlowReport;
}

export interface LayerReport {
  readonly layer: number;
  readonly direction: Direction;
  readonly kind: CellName;
  /** In the order of the kind's states: the first is what the layer gives. */
  readonly states: readonly StateReport[];
}

/** L2 norms of ∂L/∂parameter, by role, in the order of the kind's list. */
export interface ParameterReport {
  readonly layer: number;
  readonly direction: Direction;
  readonly norms: Readonly<Record<string, number>>;
}

/** What a model of numbers predicts when it has read all steps, and what it should. */
export interface PredictedNumbers {
  readonly predicted: Float64Array;
  readonly target: Float64Array;
}

/** The answer of `inspect`; the command line prints it as JSON. */
export interface InspectReport {
  readonly loss: number;
  /** Of a model of numbers; `loss` is then the mean of their squared differences. */
  readonly numbers?: PredictedNumbers;
  /** Symbols of the T inputs. */
  readonly tokens: readonly string[];
  /** Where each of them begins and ends in the text, and behind them the last target: T + 1 places, in UTF-16 units. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly layers: readonly LayerReport[];
  readonly parameters: readonly ParameterReport[];
  readonly output: { readonly W: number; readonly b: number };
  readonly embedding: number | null;
  /** ‖∂L/∂parameter‖₂ of every parameter by the name under which it is exported, PyTorch's or that of the library that published the model; a tied output is the embedding. */
  readonly parameterNorms: Readonly<Record<string, number>>;
  /** Of every boundary, the lowest first. */
  readonly inputs: readonly InputReport[];
  readonly regions: readonly LayerRegion[];
  /** The first number of the pass that is not finite, or leaves float32; null where there is none. */
  readonly nonFinite: NonFinite | null;
  /** Where the gradient of a state becomes subnormal in float32; null where it does not. */
  readonly underflow: Underflow | null;
  /** T × T, row τ, column t, log₁₀, top layer, forward direction; NaN where t > τ. */
  readonly matrix: Float64Array | null;
  /** The same of the lowest boundary: log₁₀‖∂ℓ_τ/∂x^(0)_t‖; NaN where x_t cannot reach τ. */
  readonly inputMatrix: Float64Array | null;
}

/** And which training step the model had come to: it learns meanwhile. */
export interface InspectAnswer extends InspectReport {
  readonly trainingStep: number;
}
