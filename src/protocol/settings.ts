/** What a person chooses before a run. Names follow PyTorch's; DESIGN words are defined in docs/architecture.md. */
import type { Activation } from '../layers/activation';
import { defaultCell, kindOf, type CellName } from '../layers/catalog';
import type { NormName } from '../layers/norm';
import type { LayerOptions } from '../layers/options';
import type { InitializationName, ObjectiveName, OptimizerName, ScheduleName } from '../terms/choices';
import type { Thresholds } from '../terms/regions';
import type { TokenUnit } from '../tokens/tokenUnit';

export type BackendName = 'ort' | 'wasm';
/** How the corpus is read: on and on, the state carried along, or sequence by sequence. */
export type ReadingMode = 'stream' | 'sequences';
export type SequenceSplit = 'lines' | 'paragraphs';
export type { TokenUnit };

export interface ModelSettings {
  readonly cell: CellName;
  /** Of a vanilla RNN; the gated cells have their own. */
  readonly activation: Activation;
  readonly layers: number;
  /** Every layer also reads from the end of the text to its beginning. */
  readonly bidirectional: boolean;
  readonly hiddenSize: number;
  /** Of a learned embedding of the tokens; null reads them one-hot. */
  readonly embeddingSize: number | null;
  /** The output's weights are the embedding's. */
  readonly tied: boolean;
  readonly objective: ObjectiveName;
  /** What stands before every layer, … */
  readonly norm: NormName;
  /** … and between the top layer and the output. */
  readonly finalNorm: NormName;
  /** What a layer reads is added to what it gives. */
  readonly residual: boolean;
  /** What else can be chosen for some kind; other kinds ignore it. */
  readonly options: LayerOptions;
}

export interface VocabularySettings {
  readonly unit: TokenUnit;
  /** Symbols at most, special ones included: rarer ones become the unknown token. Null for no limit. */
  readonly size: number | null;
}

export interface TrainingSettings {
  readonly mode: ReadingMode;
  /** Of `sequences`: what a sequence is. */
  readonly split: SequenceSplit;
  /** Of `sequences`: most tokens of one; a text with a longer one is refused. */
  readonly longestSequence: number;
  /** Of `stream`, T: steps of text over which one gradient is taken. */
  readonly window: number;
  /** B: parallel streams over the corpus, or sequences in one step. */
  readonly batch: number;
  /** k2: inside a window gradients do not pass from step t to t − 1 where k2 divides t; null for no such cut. */
  readonly truncation: number | null;
  /** Probability that an output of a layer, but not of the top one, is dropped in training. */
  readonly dropout: number;
  /** Steps in all, or null to continue until stopped. */
  readonly steps: number | null;
  /** Passes over the text instead of `steps`; a run's own settings have the steps it makes. */
  readonly epochs: number | null;
  readonly optimizer: OptimizerName;
  /** The largest, which the warm-up leads to. */
  readonly learningRate: number;
  /** Of SGD and RMSProp; the others have none. */
  readonly momentum: number;
  /** Nesterov's form of SGD's momentum. */
  readonly nesterov: boolean;
  /** Null is PyTorch's own for the optimizer: 0.01 for AdamW, 0 for the others. */
  readonly weightDecay: number | null;
  /** The learning rate after the warm-up. */
  readonly schedule: ScheduleName;
  /** Steps over which the learning rate rises linearly; 0 for none. */
  readonly warmupSteps: number;
  /** Schedule `cosine`: what the learning rate falls to at the end of the run, as a fraction of `learningRate`. */
  readonly finalFraction: number;
  /** Schedule `step`: after this many steps the learning rate is multiplied by `decayFactor`, again and again. */
  readonly decaySteps: number;
  readonly decayFactor: number;
  /** Largest global gradient norm, or null for none. */
  readonly clipNorm: number | null;
  /** Largest magnitude of one entry of the gradient, or null for none. Entries are cut before the norm is clipped. */
  readonly clipValue: number | null;
  readonly initialization: InitializationName;
  /** Scale of the recurrent matrices at the start; not of `pytorch`. */
  readonly initScale: number;
  /** Of an LSTM: the sum of the forget gate's two biases at the start; null leaves what the initialization gives. */
  readonly forgetBias: number | null;
  readonly seed: number;
  /** Checkpoint after this many steps. */
  readonly checkpointEvery: number;
  /** Checkpoint also after so many seconds with steps that are not saved: what a crash can cost at most. */
  readonly checkpointSeconds: number;
  /** The newest checkpoints that are kept, besides the one with the lowest validation loss. */
  readonly keptCheckpoints: number;
  /** Validation loss after this many steps. */
  readonly validateEvery: number;
  readonly backend: BackendName;
  /** Threads of ONNX Runtime; null lets the engine choose. */
  readonly threads: number | null;
}

export const defaultModelSettings: ModelSettings = {
  cell: defaultCell,
  activation: 'tanh',
  layers: 1,
  bidirectional: false,
  hiddenSize: 128,
  embeddingSize: null,
  tied: false,
  objective: 'next',
  norm: 'none',
  finalNorm: 'none',
  residual: false,
  options: {},
};

export const defaultVocabularySettings: VocabularySettings = { unit: 'codePoint', size: null };

export const defaultTrainingSettings: TrainingSettings = {
  mode: 'stream',
  split: 'lines',
  longestSequence: 10_000,
  window: 64,
  batch: 16,
  truncation: null,
  dropout: 0,
  steps: null,
  epochs: null,
  optimizer: 'adam',
  learningRate: 0.002,
  momentum: 0,
  nesterov: false,
  weightDecay: null,
  schedule: 'constant',
  warmupSteps: 0,
  finalFraction: 0,
  decaySteps: 1000,
  decayFactor: 0.1,
  clipNorm: 1,
  clipValue: null,
  initialization: 'pytorch',
  initScale: 1,
  forgetBias: null,
  seed: 1,
  checkpointEvery: 500,
  checkpointSeconds: 30,
  keptCheckpoints: 3,
  validateEvery: 200,
  backend: 'ort',
  threads: null,
};

export const defaultThresholds: Thresholds = { vanishing: -3, exploding: 2 };

/**
 * What is left open follows from the rest: a bidirectional stack is trained on masked tokens; a tied output, a residual connection, a norm before the lowest layer
 * and a mixer have an embedding of the top layer's size.
 */
export function completeModel(
  model: Omit<ModelSettings, 'objective'> & { readonly objective: ObjectiveName | null },
): ModelSettings {
  const { cell, bidirectional, hiddenSize, embeddingSize, objective, norm } = model;
  const needsEmbedding = isEmbeddingOfTopSize(model) || norm !== 'none' || kindOf(cell).mixer !== undefined;
  return {
    ...model,
    objective: objective ?? (bidirectional ? 'masked' : 'next'),
    embeddingSize: embeddingSize ?? (needsEmbedding ? (bidirectional ? 2 : 1) * hiddenSize : null),
  };
}

/** The embedding has to be as large as what a layer gives. */
export function isEmbeddingOfTopSize({ tied, residual }: Pick<ModelSettings, 'tied' | 'residual'>): boolean {
  return tied || residual;
}
