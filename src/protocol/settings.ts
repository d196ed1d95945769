/** What a person chooses before a run. Names follow PyTorch's; DESIGN words are defined in docs/architecture.md. */
import { defaultCell, kindOf, optionsOf, type CellName } from '../layers/catalog';
import { bare, type Surroundings } from '../layers/mixer';
import { isSameLayer, type LayerConfig } from '../layers/layerConfig';
import type { NormName } from '../layers/norm';
import type { LayerOptions } from '../layers/options';
import {
  isOfNumbers,
  type InitializationName,
  type ObjectiveName,
  type OptimizerName,
  type ScheduleName,
} from '../terms/choices';
import type { Thresholds } from '../terms/regions';
import type { TokenUnit } from '../tokens/tokenUnit';

export type BackendName = 'ort' | 'wasm';
/** How the corpus is read: on and on, the state carried along, or sequence by sequence. */
export type ReadingMode = 'stream' | 'sequences';
export type SequenceSplit = 'lines' | 'paragraphs';
export type { TokenUnit };

/** What a model has besides its layers. */
interface AroundLayers {
  /** Of a learned embedding of the tokens; null reads them one-hot. */
  readonly embeddingSize: number | null;
  /** The output's weights are the embedding's. */
  readonly tied: boolean;
  /** `squaredError` reads and predicts numbers, in sequences, whatever vocabulary and mode are chosen. */
  readonly objective: ObjectiveName;
  /** What stands between the top layer and the output. */
  readonly finalNorm: NormName;
}

/** A model whose layers are alike, and what each of them is. */
export interface StackSettings extends LayerConfig, AroundLayers {
  /** How many. */
  readonly layers: number;
}

/** One whose layers differ. */
export interface MixtureSettings extends AroundLayers {
  /** The lowest first. */
  readonly layers: readonly LayerConfig[];
}

export type ModelSettings = StackSettings | MixtureSettings;

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
  /** Weight of Pascanu's regularizer Ω, the mean over the streams, beside the loss; null for none. See src/core/backward/omega.ts. */
  readonly omega: number | null;
  /** Largest spectral radius of a recurrent matrix's blocks after an update, or null for none. */
  readonly radiusCap: number | null;
  /** Weight of gradient flossing beside the loss, at the steps that have it; null for none. See src/core/spectra/flossing.ts. */
  readonly flossing: number | null;
  /** It has a part in one of so many steps, and is of so many exponents of each layer. */
  readonly flossingEvery: number;
  readonly flossingExponents: number;
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

export const defaultModelSettings: StackSettings = {
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
  omega: null,
  radiusCap: null,
  flossing: null,
  flossingEvery: 10,
  flossingExponents: 4,
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

/** What stands around the layers of a stack of this kind, unless something else is chosen. */
export function surroundingsOf(cell: CellName): Surroundings {
  return kindOf(cell).mixer?.surroundings ?? bare;
}

/** Every layer of a model, the lowest first. */
export function layersOf(model: ModelSettings): readonly LayerConfig[] {
  if (isMixture(model)) return model.layers;
  const { cell, activation, hiddenSize, bidirectional, norm, residual, options, layers } = model;
  const layer = { cell, activation, hiddenSize, bidirectional, norm, residual, options };
  return Array<LayerConfig>(layers).fill(layer);
}

export function isMixture<Model extends ModelSettings>(model: Model): model is Extract<Model, MixtureSettings> {
  return typeof model.layers !== 'number';
}

/** Whether some layer also reads from the end. */
export function readsBothWays(model: ModelSettings): boolean {
  return layersOf(model).some(({ bidirectional }) => bidirectional);
}

/** One of the layers of which a list says kind and size alone. */
export interface ListedLayer {
  readonly cell: CellName;
  /** Null for that of the stack. */
  readonly hiddenSize: number | null;
}

type Open = 'objective' | keyof Surroundings;

/** A model of which some is left open. Where layers are listed, cell and hidden size count for what the list leaves out. */
export type OpenModelSettings = Omit<StackSettings, Open | 'layers'> & {
  readonly [Name in Open]: StackSettings[Name] | null;
} & { readonly layers: number | readonly ListedLayer[] };

/**
 * What is left open follows from the rest: what stands around a layer is as usual for its kind, and before the output as usual for that of the top layer; a
 * bidirectional stack is trained on masked tokens; a tied output has an embedding of the top layer's size, a residual connection around the lowest layer, a norm
 * before it and a mixer there one of the lowest layer's; a model of numbers has none.
 */
export function completeModel(model: OpenModelSettings & { readonly layers: number }): StackSettings;
export function completeModel(model: OpenModelSettings): ModelSettings;
export function completeModel(model: OpenModelSettings): ModelSettings {
  const { tied, finalNorm, embeddingSize, objective } = model;
  const layers = completeLayers(model);
  const [lowest, top] = [layers[0], layers[layers.length - 1]];
  const readsNumbers = objective !== null && isOfNumbers(objective);
  const around = {
    tied,
    finalNorm: finalNorm ?? surroundingsOf(top.cell).finalNorm,
    objective: objective ?? (layers.some(({ bidirectional }) => bidirectional) ? 'masked' : 'next'),
    embeddingSize: embeddingSize ?? (readsNumbers ? null : embeddingSizeOf(lowest, top, tied)),
  } as const;
  return layers.every((layer) => isSameLayer(layer, lowest))
    ? { ...lowest, ...around, layers: layers.length }
    : { ...around, layers };
}

/** Of a list, each layer has of the options those of its kind. */
function completeLayers(model: OpenModelSettings): readonly LayerConfig[] {
  const { activation, bidirectional, options, layers } = model;
  const complete = (cell: CellName, hiddenSize: number, own: LayerOptions): LayerConfig => {
    const usual = surroundingsOf(cell);
    const norm = model.norm ?? usual.norm;
    const residual = model.residual ?? usual.residual;
    return { cell, activation, hiddenSize, bidirectional, norm, residual, options: own };
  };
  if (typeof layers === 'number')
    return Array<LayerConfig>(layers).fill(complete(model.cell, model.hiddenSize, options));
  return layers.map(({ cell, hiddenSize }) => complete(cell, hiddenSize ?? model.hiddenSize, optionsOf(cell, options)));
}

/** Null where tokens can be read one-hot. */
function embeddingSizeOf(lowest: LayerConfig, top: LayerConfig, tied: boolean): number | null {
  const outputSize = ({ bidirectional, hiddenSize }: LayerConfig) => (bidirectional ? 2 : 1) * hiddenSize;
  if (tied) return outputSize(top);
  return isEmbeddingOfLayerSize(lowest) || lowest.norm !== 'none' ? outputSize(lowest) : null;
}

/** Whether the embedding has to be as large as what the lowest layer gives. */
function isEmbeddingOfLayerSize({ cell, residual }: Pick<LayerConfig, 'cell' | 'residual'>): boolean {
  return residual || kindOf(cell).mixer !== undefined;
}

/** The embedding of such a stack has to be as large as what its layers give. */
export function isEmbeddingOfTopSize({
  cell,
  tied,
  residual,
}: Pick<StackSettings, 'cell' | 'tied' | 'residual'>): boolean {
  return tied || isEmbeddingOfLayerSize({ cell, residual });
}
