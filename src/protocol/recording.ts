/**
 * What the engine says of a recording: a folder that the recorder for PyTorch writes while a model is trained (docs/recording.md). Its steps' files have series
 * that were measured there; where their weights are a model that is known here, it is read again too, on the recorded tokens.
 */
import type { Message } from '../messages';
import type { Thresholds } from '../terms/regions';
import type { SeriesReport } from './graph';
import type { InspectReport } from './inspectReport';
import type { ModelSummary } from './model';
import type { NonFinite, Underflow } from './nonFinite';

/** On which side of the user's clipping the gradients were read. */
export type RecordingSide = 'before-clipping' | 'after-clipping';

export interface RecordedModule {
  /** Its path in the model. */
  readonly name: string;
  readonly class: string;
  /** Of `nn.RNN`: tanh or relu. */
  readonly nonlinearity: string | null;
}

/** What `open` says of it, beside a model's summary. */
export interface RecordingSummary {
  /** The model's class. */
  readonly model: string;
  readonly modules: readonly RecordedModule[];
  readonly side: RecordingSide;
  readonly every: number;
  readonly script: string | null;
  /** Version of PyTorch. */
  readonly torch: string | null;
  /** Updates that were recorded so far, in order. */
  readonly steps: readonly number[];
}

/** What the recorder noted of one update; null where it did not see it. */
export interface RecordedMetrics {
  readonly step: number;
  /** As the user's loop gave it. */
  readonly loss: number | null;
  /** L2 norms over all parameters, before and after clipping. */
  readonly gradientNorm: number | null;
  readonly clippedNorm: number | null;
  /** The GradScaler's, by which the gradients were divided. */
  readonly scale: number | null;
}

/** How the recorded series and the model, read again in float64, agree: differences of log₁₀, of norms, and of gradients relative to the target's own step. */
export interface RecordingAgreement {
  /** Series that were compared. */
  readonly series: number;
  readonly difference: number;
  /** What it must not exceed. */
  readonly limit: number;
  readonly agrees: boolean;
  /** Where the difference is. */
  readonly at: { readonly series: string; readonly quantity: 'norm' | 'flow'; readonly step: number };
}

export interface RecordingRequest {
  /** Null for the newest. */
  readonly step: number | null;
  /** Read with the recorded weights in place of the recorded tokens; null for these. */
  readonly text: string | null;
  /** τ; null for the one that was recorded. */
  readonly target: number | 'last' | null;
  readonly thresholds: Thresholds;
  readonly matrix: boolean;
}

/** The answer of `inspectRecording`. */
export interface RecordingReport {
  readonly summary: RecordingSummary;
  /** Of the step that is inspected. */
  readonly metrics: RecordedMetrics;
  /** T symbols, numbers where there is no vocabulary; null where no tokens were recorded. */
  readonly tokens: readonly string[] | null;
  /** What is to be predicted at the target; null where it is not known. */
  readonly predicted: string | null;
  readonly target: number;
  readonly thresholds: Thresholds;
  /** What the recorder measured on the recorded tokens. */
  readonly series: readonly SeriesReport[];
  /** T × T of the first series that has one; null unless asked for, and where none was recorded. */
  readonly matrix: Float64Array | null;
  /** The model read again; null where it is none that is known, or the recorder measured something else. */
  readonly stack: { readonly model: ModelSummary; readonly report: InspectReport } | null;
  /** Null where there was nothing to compare. */
  readonly agreement: RecordingAgreement | null;
  /** As of an `InspectReport`; of lengths, where only these are known. */
  readonly nonFinite: NonFinite | null;
  readonly underflow: Underflow | null;
  readonly notices: readonly Message[];
}
