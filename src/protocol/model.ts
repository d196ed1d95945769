/** What the engine says of a model that was opened: its shape, whether it was read rightly, and what its matrices are like. */
import type { Message } from '../messages';
import type { Activation } from '../layers/activation';
import type { GraphSummary } from './graph';
import type { CellName } from '../layers/catalog';
import type { Direction } from '../layers/direction';
import type { LayerOptions } from '../layers/options';

export interface LayerShape {
  readonly cell: CellName;
  /** H, of each direction. */
  readonly hiddenSize: number;
  /** Of its kind, all of them. */
  readonly options: LayerOptions;
  /** Seldom only `backward`. */
  readonly directions: readonly Direction[];
}

/** One layer of a model that was opened. */
export interface DescribedLayer extends LayerShape {
  /** Of a vanilla RNN, where it is one that we train; tanh otherwise. */
  readonly activation: Activation;
}

/** A model of any tool that is a stack of known layers; they need not be alike. What is none has a `GraphSummary`. */
export interface ModelSummary {
  readonly mode: 'stack';
  /** The lowest first. */
  readonly layers: readonly DescribedLayer[];
  /** V; of a model of numbers how many it predicts. */
  readonly vocabularySize: number;
  /** How many numbers it reads at a step; only of a model of numbers. */
  readonly features?: number;
  /** Null where tokens are read one-hot, and of a model of numbers. */
  readonly embeddingSize: number | null;
  readonly tied: boolean;
  /** A LayerNorm stands before the output. */
  readonly hasNorm: boolean;
  readonly parameterCount: number;
  /** Who wrote the file, as it says: `pytorch 2.15`; null where it does not. */
  readonly producer: string | null;
}

/** What a file of bare weights does not say; null: not specified yet. */
export interface Architecture {
  /** Of vanilla RNN layers. */
  readonly activation: Activation | null;
  /** Which tensors are what, where the file leaves that open: `embedding=C.weight,output=proj.weight`. */
  readonly tensors?: string | null;
}

/** The file's own graph, and what it is read as, both run on the same tokens. */
export interface Verification {
  /** What ran the file's graph: ONNX Runtime, or our own float64 evaluation of it. */
  readonly by: 'onnxRuntime' | 'graph';
  /** What the file was read as: a stack of known layers, or the graph as it stands, differentiated in graph mode. */
  readonly of: 'stack' | 'graph';
  readonly tokens: number;
  /** Largest difference of a log-probability, in nats, relative to the root mean square of the graph's. */
  readonly difference: number;
  /** What it must not exceed. */
  readonly limit: number;
  readonly agrees: boolean;
  /** Where they differ first, from the tokens up; null where they agree, or where the graph does not let it be seen. */
  readonly disagreement: { readonly node: string; readonly operator: string; readonly difference: number } | null;
}

/** One block of H rows of a recurrent matrix: that of one gate. */
export interface MatrixReport {
  /** `R.forgetGate`; of a vanilla RNN `R`. */
  readonly name: string;
  /** Root of the sum of squares. */
  readonly norm: number;
}

/** What a recurrent matrix does to lengths, in the long run and at once. */
export interface Spectrum {
  /** ρ, the largest |eigenvalue|. */
  readonly spectralRadius: number;
  /** ‖R‖₂, the largest singular value. */
  readonly spectralNorm: number;
}

/** Which recurrent matrix of an examined model: one of `layers[recurrent].matrices`. */
export interface MatrixChoice {
  readonly recurrent: number;
  readonly matrix: number;
}

/** One direction of a recurrent layer. */
export interface RecurrentReport {
  readonly layer: number;
  readonly direction: Direction;
  readonly cell: CellName;
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** The node or tensors it was read from. */
  readonly source: string;
  /** What differs from the usual form, as ONNX names it: `clip = 3`, `linear_before_reset = 0`, `activations = Sigmoid, Relu, Tanh`. */
  readonly form: readonly string[];
  /** Root of the sum of squares of each parameter, in ONNX roles; 0 of one that the kind lacks. */
  readonly norms: { readonly W: number; readonly R: number; readonly Wb: number; readonly Rb: number };
  readonly matrices: readonly MatrixReport[];
}

/** A model file looked into without a text. */
export interface Examination {
  /** Null where no language model was found in the file. */
  readonly model: ModelSummary | null;
  /** Of all recurrent layers that could be read, also where the whole could not. */
  readonly layers: readonly RecurrentReport[];
  /** Its own vocabulary is in the file. */
  readonly hasVocabulary: boolean;
  /** What was noticed: parts that were not understood, and what was assumed. */
  readonly notices: readonly Message[];
  /** Why the model is no stack of known layers, and so cannot be inspected as one; null when it can. */
  readonly refusal: Message | null;
  /** What opens in graph mode all the same; null of a stack, and where `refusal` is the last word. */
  readonly graph: GraphSummary | null;
}
