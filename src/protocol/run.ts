/** How a run is described to the editor and the panel. */
import type { GraphSummary } from './graph';
import type { Message } from '../messages';
import type { RecordingSummary } from './recording';
import type { TokenizerDefinition } from '../tokens/tokenizer/tokenizer';
import type { NumberUnit, ReadUnit } from '../tokens/tokenUnit';
import type { BackendName, ModelSettings, TokenUnit, TrainingSettings } from './settings';

export type RunState = 'starting' | 'running' | 'paused' | 'stopped' | 'finished' | 'failed';

export interface RunDescription {
  /** The run's folder name. */
  readonly name: string;
  /** Absolute path of the run's folder. */
  readonly folder: string;
  readonly corpus: CorpusDescription;
  readonly model: ModelSettings & RunSizes & { readonly parameterCount: number };
  readonly training: TrainingSettings;
  /** The backend that runs, which is not the chosen one where ONNX Runtime cannot be loaded. */
  readonly backend: BackendName;
  /** What its unit `tokenizer` is, of a run that an engine has opened: run.json leaves it to the checkpoints. */
  readonly tokenizer?: TokenizerDefinition;
  /** Only of a model that is open in graph mode: `model` then says no more than how large it is. */
  readonly graph?: GraphSummary;
  /** Only of a recording of a training elsewhere: `training` then says nothing, and `graph` is there where its model is none that is known. */
  readonly recording?: RecordingSummary;
}

/** What an opened run's model takes for a token. */
export function readUnitOf({ corpus: { unit }, tokenizer }: RunDescription): ReadUnit {
  if (unit !== 'tokenizer') return unit;
  if (!tokenizer) throw new Error('the run is not opened');
  return tokenizer;
}

/** What losses are in: nats per token, or of sequences of numbers mean squared errors; null of a training elsewhere, which gives whatever it minimizes. */
export type LossUnit = 'nats' | 'squaredError' | null;

export function lossUnitOf({ model, recording }: Pick<RunDescription, 'model' | 'recording'>): LossUnit {
  if (recording) return null;
  return model.features === undefined ? 'nats' : 'squaredError';
}

/** What a run's model reads and predicts. */
export interface RunSizes {
  /** V; of a model of numbers how many it predicts. */
  readonly vocabularySize: number;
  /** How many numbers it reads at a step; only of a model of numbers. */
  readonly features?: number;
}

export interface CorpusDescription {
  /** File name, or the title of an unsaved document. */
  readonly name: string;
  /** Absolute path, or null for a text that is no file. */
  readonly path: string | null;
  readonly tokens: number;
  /** What one of them is; `tokenizer`: what a tokenizer.json makes one; `numbers`: a step of a sequence of numbers. */
  readonly unit: TokenUnit | NumberUnit | 'tokenizer';
}

export interface RunStatus {
  readonly state: RunState;
  readonly step: number;
  /** Why it paused or failed, when that was not asked for. */
  readonly message: Message | null;
}

/** One row of `Progress.rows`, in this order. `loss` in nats per token, of a model of numbers the mean squared error; `clippedFraction`: of the gradient's entries, those cut by value. */
export const progressColumns = [
  'step',
  'loss',
  'gradientNorm',
  'clippedNorm',
  'tokens',
  'tokensPerSecond',
  'clippedFraction',
] as const;
export type ProgressColumn = (typeof progressColumns)[number];

export interface ValidationPoint {
  readonly step: number;
  /** As in a row. */
  readonly loss: number;
}

/** Every step since the last progress message: rows × progressColumns, row-major. */
export interface Progress {
  readonly rows: Float64Array;
  readonly validation: readonly ValidationPoint[];
}

/** How a run ended. `loss` is of the last step, as in a row of progress. */
export interface RunSummary {
  readonly run: string;
  /** Absolute path of the last checkpoint. */
  readonly model: string;
  readonly step: number;
  readonly loss: number;
  readonly validationLoss: number | null;
  readonly tokensPerSecond: number;
  readonly backend: BackendName;
}
