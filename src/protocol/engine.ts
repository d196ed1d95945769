/**
 * The link between the editor (or the command line) and the engine. The two interfaces *are* the protocol: `rpc.ts` types
 * every message from them. One engine process has at most one model, training or not.
 */
import type { ReadUnit } from '../tokens/tokenUnit';
import type { Contribution, Prediction } from './flowReport';
import type { HeadChoice, Frame, LaneChoice, UnitMapChoice } from './frame';
import type { GraphReport, GraphRequest, GraphSummary, GraphTokenReport, GraphTokenRequest } from './graph';
import type { InspectAnswer, PredictedNumbers } from './inspectReport';
import type { Architecture, Examination, MatrixChoice, ModelSummary, Spectrum, Verification } from './model';
import type { FlowLane, FlowOverTraining } from './overTraining';
import type { RunOverflow } from './nonFinite';
import type { PlaygroundResult, PlaygroundSettings } from './playground';
import type { KeysOf, Message } from '../messages';
import type { RecordingReport, RecordingRequest, RecordingSummary } from './recording';
import type { Progress, RunDescription, RunStatus, RunSummary } from './run';
import type { ModelSample, SampleRequest, SampleResult, SampleWatch } from './sample';
import type { SpectrumReport, SpectrumRequest } from './spectrum';
import type { Direction } from '../layers/direction';
import type { NormName } from '../layers/norm';
import type { WeightChange } from '../terms/choices';
import type { Thresholds } from '../terms/regions';
import type { BackendName, ModelSettings, TrainingSettings, VocabularySettings } from './settings';
import type { MatrixRequest, TargetMatrix } from './targetMatrix';
import type { TruncationReport } from './truncation';

export type {
  InputReport,
  InspectAnswer,
  InspectReport,
  LayerReport,
  ParameterReport,
  PredictedNumbers,
  StateReport,
} from './inspectReport';

/** The text to train on: a file the engine reads itself, or the text of a document that is not (or not as shown) on disk. */
export type CorpusSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string; readonly name: string };

/** A model to continue training from. */
export interface StartingModel {
  /** As `OpenRequest.path`. */
  readonly path: string;
  /** As `OpenRequest.vocabulary`. */
  readonly vocabulary: string | null;
  readonly architecture: Architecture;
  /** As `OpenRequest.tokens`. */
  readonly tokens?: 'byte';
}

export interface TrainRequest {
  readonly corpus: CorpusSource;
  /** Null begins with a new model. With a model to begin with, `model` and `vocabulary` are its own, and what stands here is not used. */
  readonly from: StartingModel | null;
  readonly vocabulary: VocabularySettings;
  readonly model: ModelSettings;
  readonly training: TrainingSettings;
  /** Absolute path of the folder for the run; made by the engine, must not exist or be empty. */
  readonly folder: string;
}

export interface ResumeRequest {
  /** A run's folder. */
  readonly folder: string;
  /** Steps in all; null keeps the run's own. */
  readonly steps: number | null;
}

/** A run that goes on from a checkpoint of another one, beside it. */
export interface BranchRequest {
  /** The other run's folder, which is only read. */
  readonly run: string;
  /** Of which checkpoint; null for the newest. */
  readonly step: number | null;
  /** As `TrainRequest.folder`. */
  readonly folder: string;
  /** What differs from the other run's settings. With another window the text is read from its beginning. */
  readonly training: Partial<TrainingSettings>;
  readonly weights: WeightChange | null;
  /** Not null where it begins anew, with weights of the same seed. */
  readonly fresh: FreshStart | null;
}

/** What a model that begins anew has around its layers; null leaves it as it was. */
export interface FreshStart {
  /** Null reads tokens one-hot. */
  readonly embeddingSize: number | null;
  readonly norm: NormName | null;
  readonly residual: boolean | null;
}

export interface OpenRequest {
  /** An ONNX model (.onnx), weights (.safetensors, .pt, .keras), a run's folder, whose newest checkpoint is opened, or a recording's. */
  readonly path: string;
  /** A vocabulary file; null takes the model's own or, where it has none, the symbols of `text`. */
  readonly vocabulary: string | null;
  /** Says that the model's tokens are bytes, which its file may not. */
  readonly tokens?: 'byte';
  /** The text that it is opened for: it is what the verification reads. Null where there is none yet. */
  readonly text: string | null;
  /** Answers to what a file of bare weights does not say. */
  readonly architecture: Architecture;
  /** Whether an ONNX model that is no stack of known layers may open in graph mode; where not, it is refused with the sentence that says why it is none. */
  readonly allowsGraph: boolean;
  readonly backend: BackendName;
  readonly threads: number | null;
}

export interface ExamineRequest {
  /** An ONNX model, or weights. */
  readonly path: string;
  readonly architecture: Architecture;
}

export interface OpenResult {
  /**
   * In graph mode `inspectGraph` and `describeGraph` answer, `watch`, `targetMatrix`, `sample` and `watchSamples`, and `attribute` by gradient × input; every
   * other call that needs a model is refused.
   */
  readonly model: ModelSummary | GraphSummary;
  /** Null for a model of Backflow's own, which needs none, and where ONNX Runtime cannot be loaded. */
  readonly verification: Verification | null;
  /** What was noticed on reading it. */
  readonly notices: readonly Message[];
  /** Why training cannot continue from it; null where it can. */
  readonly trainingRefusal: Message | null;
  readonly trainingStep: number;
  /** What its vocabulary takes for a token. */
  readonly unit: ReadUnit;
  readonly backend: BackendName;
  /** Of a recording, which is open on its newest step. `inspectRecording` answers, `watch`, `overTraining`, `frameAt` and `targetMatrix`; nothing else. */
  readonly recording?: RecordingSummary;
  /** What the run's folder says, when the checkpoint lies in one. */
  readonly run: {
    readonly description: RunDescription;
    readonly history: Progress;
    /** How the run overflowed behind this checkpoint; null where it did not. */
    readonly overflow: RunOverflow | null;
  } | null;
}

/** What frames to make, and when: the probe's text, its tokens whole, inputs all but the last. */
export interface Watch {
  readonly text: string;
  /** Step whose loss is traced back; 'last' is the last input. */
  readonly target: number | 'last';
  readonly thresholds: Thresholds;
  readonly unitMap: UnitMapChoice;
  /** Also the total gradient, which costs another pass back. */
  readonly total: boolean;
  /** Also the input gradient at every boundary, which a frame of a model without states has anyway. */
  readonly inputs?: boolean;
  /** One more series, if it is wanted. */
  readonly lane?: LaneChoice;
  /** The attention weights of one head, and its layer's gradients by keys and values; of a layer without heads it is not answered. */
  readonly head?: HeadChoice;
  /** Only in graph mode: names of the tensors to show, in place of the usual ones. */
  readonly series?: readonly string[];
  /**
   * While the model is trained, a frame at each of the steps of `isCommonStep`, and at no others but the first: runs that are compared are then seen at equal steps.
   */
  readonly atCommonSteps?: boolean;
  /** Frames a second at most, besides the rules that two frames are under way at most and that frames take a small share of training. */
  readonly maxRate: number;
}

export interface InspectRequest {
  readonly text: string;
  readonly target: number | 'last';
  readonly thresholds: Thresholds;
  /** Also the source × target matrix. */
  readonly matrix: boolean;
}

/** Rows of one of a report's two matrices, which together can be larger than what can be held. */
export interface MatrixRowsRequest {
  readonly text: string;
  readonly matrix: 'matrix' | 'inputMatrix';
  /** First row; 0 begins anew, then come those behind the last. */
  readonly from: number;
}

export interface DescribeRequest {
  readonly text: string;
  /** Which of the probe's tokens, 0 … number of tokens − 1 (the last is only a target, and has no state): those that stand at one place. */
  readonly tokens: readonly number[];
  /** Step whose loss is traced back for the gradient and its factor. */
  readonly target: number | 'last';
  readonly thresholds: Thresholds;
}

/** What the hover over one token says. */
export interface TokenReport {
  readonly token: number;
  readonly symbol: string;
  /** −ln p of this token given those before it, nats, or of numbers the squared error; null for one that nothing predicts, as the first. */
  readonly loss: number | null;
  /** Of a model of numbers, what it predicts for this place; only of the token that is predicted. */
  readonly numbers?: PredictedNumbers;
  /** The five likeliest symbols for this place, best first; empty for the first token, and of a model of numbers. */
  readonly predictions: readonly Prediction[];
  /** State after reading this token, layer by layer; empty for the last token, which is not read. */
  readonly layers: readonly {
    readonly layer: number;
    readonly direction: Direction;
    /** ‖h_t‖ and ‖h_t − h_{t−1}‖. */
    readonly hiddenNorm: number;
    readonly hiddenChange: number;
    /** log₁₀(‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_τ‖); null where h_t cannot reach τ. */
    readonly gradient: number | null;
    /** ‖∂ℓ_τ/∂h_t‖ / ‖∂ℓ_τ/∂h_{t+1}‖; null at and after the target. */
    readonly gain: number | null;
    readonly region: 'vanishing' | 'exploding' | null;
    /** log₁₀(‖∂ℓ_τ/∂x_t‖ / ‖∂ℓ_τ/∂x_τ‖), x what the layer reads, by all its directions; null where x_t cannot reach τ. */
    readonly inputGradient: number | null;
  }[];
  /** Of layers that are no recurrent ones, the same of what they read of this token; empty for the last token. */
  readonly inputs: readonly {
    readonly layer: number;
    /** log₁₀(‖∂ℓ_τ/∂x_t‖ / ‖∂ℓ_τ/∂x_τ‖); null where x_t cannot reach τ. */
    readonly gradient: number | null;
    readonly region: 'vanishing' | 'exploding' | null;
  }[];
  /**
   * What each earlier token has of this one's logit, in the form that is complete for the cell: of gated cells what it left in the top
   * layer's state, the gates held fixed; of mixers in all that they add to what the output layer reads; of a vanilla RNN integrated gradients. Null for the first token, where there is no such form,
   * and where it would take longer than a hover may.
   */
  readonly contributions: {
    readonly method: Exclude<AttributionMethod, 'gradientTimesInput'>;
    /** Strongest first, at most eight. */
    readonly strongest: readonly Contribution[];
    /** The sum over all tokens, and what no token has: the state carried in, or the logit of an input of zeros. Together logit − bias. */
    readonly whole: number;
    /** Of `additive`: what the layers choose and is not divided up, a sentence for each. */
    readonly heldFixed: readonly KeysOf<'hover'>[];
  } | null;
}

/** `additive`: what each token left in the state with the gates held fixed. The other two go through every gate and layer. */
export type AttributionMethod = 'additive' | 'integratedGradients' | 'gradientTimesInput';

export interface AttributeRequest {
  readonly text: string;
  /** Which of the probe's tokens: its logit is divided up. Not the first, which nothing predicts. */
  readonly token: number;
  readonly method: AttributionMethod;
}

export interface AttributionReport {
  readonly method: AttributionMethod;
  /** Part of each input token of the probe, nats; 0 where it cannot have any. */
  readonly parts: Float64Array;
  /** What no token has: the state carried in, or the logit of an input of zeros; null in graph mode, where it is not known. */
  readonly rest: number | null;
  /** Logit − bias, in graph mode the score itself. `parts` and `rest` sum to it, but for `gradientTimesInput`. */
  readonly whole: number;
}

/** Calls to the engine. Each settles with a value or an error; an aborted one with an error of code 'canceled'. */
export interface EngineCalls {
  /** Starts a run; settles when it is under way. What follows arrives as events. */
  train(request: TrainRequest): RunDescription;
  resumeRun(request: ResumeRequest): RunDescription;
  branchRun(request: BranchRequest): RunDescription;
  /** Loads a model to be inspected and sampled. */
  open(request: OpenRequest): OpenResult;
  /** Looks into a model file; loads nothing. */
  examine(request: ExamineRequest): Examination;
  /** Of a matrix of the model that was examined last; null for one too large. Seconds for a large one. */
  spectrum(request: MatrixChoice): Spectrum | null;
  /** Answers at once: a sign of life. */
  ping(request: null): null;
  pause(request: null): RunStatus;
  resume(request: null): RunStatus;
  /** One training step of a paused run. */
  step(request: null): RunStatus;
  /** Saves a checkpoint and ends the run; the model stays open for inspection. */
  stop(request: null): RunSummary;
  /** Frames of this probe from now on; null ends them. */
  watch(request: Watch | null): null;
  /** The frame with this sequence number has been drawn; the next may come. */
  frameDrawn(request: { readonly sequence: number }): null;
  inspect(request: InspectRequest): InspectAnswer;
  /** Of a model in graph mode. The last text's values are kept, so that another target or series costs one pass back. */
  inspectGraph(request: GraphRequest): GraphReport;
  /** Of a recording: one of its steps. */
  inspectRecording(request: RecordingRequest): RecordingReport;
  /** Of a model in graph mode, token by token. */
  describeGraph(request: GraphTokenRequest): readonly GraphTokenReport[];
  /** Whole rows, T values each, from one on: as many as are best computed at once, at least one. Of a model that does not learn meanwhile. */
  matrixRows(request: MatrixRowsRequest): Float64Array;
  /** Exponents, singular values and radii of the carried state over a text. Seconds for a wide one, `spectrumProgress` says how far it is; training goes on meanwhile. */
  carriedSpectrum(request: SpectrumRequest): SpectrumReport;
  /** Token by token, all of the same weights. */
  describe(request: DescribeRequest): readonly TokenReport[];
  /** Seconds for integrated gradients of a large model; training continues meanwhile. */
  attribute(request: AttributeRequest): AttributionReport;
  /** Text from the model as it is when the text begins. */
  sample(request: SampleRequest): SampleResult;
  /** Samples of the model as it learns, from now on, as events; one of a model that does not; null ends them. */
  watchSamples(request: SampleWatch | null): null;
  /** One lane of the flows that frames have shown while the run trained; without rows where there are none. */
  overTraining(lane: FlowLane): FlowOverTraining;
  /** The frame of an earlier training step, without its unit map; the nearest that is kept, or null where none is. */
  frameAt(request: { readonly trainingStep: number }): Frame | null;
  /** The source × target matrix of a text. Seconds for a long one; `matrixProgress` says how far it is. */
  targetMatrix(request: MatrixRequest): TargetMatrix;
  /** The gradient of a text with these truncations, beside the whole one. */
  truncations(request: { readonly text: string; readonly k2: readonly number[] }): TruncationReport;
  /** The flow through a cell with random weights; needs no model. */
  playground(request: { readonly settings: PlaygroundSettings; readonly thresholds: Thresholds }): PlaygroundResult;
  /** Writes the open model, as it is now, to a file that ends in .onnx or .safetensors. What is to be said of it. */
  exportModel(request: { readonly path: string }): readonly Message[];
}

export interface EngineEvents {
  /** Corpus read and model made. */
  started: RunDescription;
  status: RunStatus;
  progress: Progress;
  frame: Frame;
  /** The watched probe cannot be inspected (say, symbols the model does not know). */
  watchFailed: Message;
  /** Of the target matrix under way: the part that is done, 0 … 1. */
  matrixProgress: number;
  /** Likewise of the spectrum. */
  spectrumProgress: number;
  finished: RunSummary;
  /** Of a recording that is watched: steps have been added to it, or their flows have been read. */
  recorded: RecordingSummary;
  /** A sample that was watched for is whole. */
  sampleDrawn: ModelSample;
  /** Of a sample that asked for it: all its text so far. */
  sampled: { readonly stream: number; readonly text: string };
}
