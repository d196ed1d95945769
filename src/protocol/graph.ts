/**
 * What the engine says of a model in graph mode: an ONNX graph that is a language model, differentiated as it stands. It has no layers, only series:
 * tensors of the graph with a value for every step of the text.
 */
import type { Message } from '../messages';
import type { Region, Thresholds } from '../terms/regions';
import type { Contribution, FlowReport, Prediction } from './flowReport';
import type { NonFinite, Underflow } from './nonFinite';

/**
 * `embedding`: what is read of each token first. `state`: what one step hands to the next. `residual`: a sum x + f(x) between two blocks. `tensor`: every
 * tensor with a time axis that is none of these.
 */
export type SeriesRole = 'embedding' | 'state' | 'residual' | 'tensor';

/** A series that can be asked for. */
export interface SeriesChoice {
  /** The tensor's name in the graph; of a series of several tensors, that of the first; of an operator's state `node:state`. No two have one name. */
  readonly name: string;
  readonly role: SeriesRole;
  /** Elements at each step. */
  readonly width: number;
  /** It is read from the last step to the first, so that later steps are what it remembers. */
  readonly isReversed: boolean;
}

/** What `open` says of it, in place of a `ModelSummary`. */
export interface GraphSummary {
  readonly mode: 'graph';
  readonly vocabularySize: number;
  /** Elements of the constants that are floats. */
  readonly parameterCount: number;
  /** Who wrote the file, as it says; null where it does not. */
  readonly producer: string | null;
  /** Why it is no stack of known layers, and so cannot be trained further and has no gates by name. */
  readonly stackRefusal: Message;
  /** An answer depends on later tokens: the model reads in both directions, or is no language model. */
  readonly readsLaterTokens: boolean;
  /** The longest text it reads, in input tokens; null where there is no limit. */
  readonly maxSteps: number | null;
  /** False where nodes are in the way that cannot be computed: there are then no losses and no gradients, only sizes. */
  readonly hasScores: boolean;
  /** Every series there is, in the order of the graph. */
  readonly tensors: readonly SeriesChoice[];
  /** Names of those that are shown unless others are asked for: the embedding and the states and residual sums that were found. */
  readonly defaultSeries: readonly string[];
}

export interface GraphRequest {
  readonly text: string;
  /** τ, the step whose loss is traced back. */
  readonly target: number | 'last';
  readonly thresholds: Thresholds;
  /** Names of series; null for the default ones. */
  readonly series: readonly string[] | null;
  /** Also the gradient of the mean loss, which costs another pass back. */
  readonly total: boolean;
  /** Also the source × target matrix of the first series; `matrixProgress` says how far it is. */
  readonly matrix: boolean;
}

/** One series of a text: T values of each quantity. */
export interface SeriesReport extends SeriesChoice {
  /** ‖s_t‖₂. */
  readonly norm: Float64Array;
  /** ‖∂L/∂s_t‖₂ of the mean loss; of states through every later step. Null unless asked for, and where there are no scores. */
  readonly total: Float64Array | null;
  /** Of the target; null where there are no scores. */
  readonly flow: FlowReport | null;
  /** Of the flow. */
  readonly regions: readonly Region[];
  /** Mean of ln of the gradient factor over the reachable steps, nats per token; null with fewer than two such steps. */
  readonly slope: number | null;
}

/** The answer of `inspectGraph`. */
export interface GraphReport {
  /** L, nats per token; null where there are no scores. */
  readonly loss: number | null;
  /** ℓ_t of each step, nats; null where there are no scores. */
  readonly losses: Float64Array | null;
  /** Symbols of the T inputs that the model reads: the text's, or as many of its first as it can read. */
  readonly tokens: readonly string[];
  /** Symbol that follows the last input. */
  readonly lastTarget: string;
  /** Where each of them begins and ends in the text, and behind them the last target: T + 1 places, in UTF-16 units. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly target: number;
  readonly thresholds: Thresholds;
  readonly series: readonly SeriesReport[];
  /** T × T, row τ, column t, log₁₀‖∂ℓ_τ/∂s_t‖ of the first series; NaN where s_t cannot reach τ, −Infinity where it is exactly zero. */
  readonly matrix: Float64Array | null;
  /** As of an `InspectReport`; of lengths, where only these are known. */
  readonly nonFinite: NonFinite | null;
  readonly underflow: Underflow | null;
  /** What holds of this text alone, as that the end of it is not read. */
  readonly notices: readonly Message[];
}

export interface GraphTokenRequest {
  readonly text: string;
  /** Which of the text's tokens, 0 … number of tokens − 1. */
  readonly tokens: readonly number[];
  readonly target: number | 'last';
  readonly thresholds: Thresholds;
  readonly series: readonly string[] | null;
}

/** What the hover over one token says. */
export interface GraphTokenReport {
  readonly token: number;
  readonly symbol: string;
  /** −ln p of this token given those before it, nats; null for the first, which nothing predicts, and where there are no scores. */
  readonly loss: number | null;
  /** The five likeliest symbols for this place, best first; empty where `loss` is null. */
  readonly predictions: readonly Prediction[];
  /** After reading this token; empty for the last token, which is not read. */
  readonly series: readonly {
    readonly name: string;
    readonly role: SeriesRole;
    readonly norm: number;
    /** log₁₀(‖∂ℓ_τ/∂s_t‖ / ‖∂ℓ_τ/∂s_τ‖); null where s_t cannot reach τ. */
    readonly gradient: number | null;
    readonly region: Region['kind'] | null;
  }[];
  /**
   * Gradient times input: what each earlier token has of this one's score (logit or log-probability), to first order, by the first series that is an
   * embedding. Strongest first, at most eight; null for the first token, and where no embedding was found.
   */
  readonly contributions: readonly Contribution[] | null;
}
