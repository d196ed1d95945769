/** run.json: what a run is, so that it can be described, resumed and repeated. */
import { activations } from '../../layers/activation';
import { cellNames, kindOf } from '../../layers/catalog';
import type { LayerOptions, OptionDescription, OptionValue } from '../../layers/options';
import { norms } from '../../layers/norm';
import type { LayerConfig } from '../../layers/layerConfig';
import { initializations, maxLayers, objectives, optimizers, schedules } from '../../terms/choices';
import { UserError } from '../../userError';
import type { RunDescription } from '../../protocol/run';
import {
  defaultModelSettings,
  defaultTrainingSettings,
  defaultVocabularySettings,
  type TrainingSettings,
} from '../../protocol/settings';
import { Fields } from './checkedJson';

export interface Versions {
  readonly backflow: string;
  /** Null where the run does not use ONNX Runtime. */
  readonly onnxruntime: string | null;
  readonly node: string;
}

export interface RunRecord {
  readonly description: RunDescription;
  /** SHA-256 of the corpus as UTF-8, in hexadecimal. */
  readonly corpusSha256: string;
  /** When the run was made: ISO 8601, UTC. */
  readonly created: string;
  readonly versions: Versions;
}

/** Grows when a reader of today could not understand what is written. */
const format = 1;

/** The text of run.json. The folder is not in it: a run may be moved. */
export function formatRunRecord({ description, corpusSha256, created, versions }: RunRecord): string {
  const { name, corpus, model, training, backend } = description;
  const file = {
    format,
    name,
    created,
    corpus: { ...corpus, sha256: corpusSha256 },
    model,
    training,
    backend,
    versions,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Reads what `formatRunRecord` wrote. `file` is its path, `folder` the run's. Throws a UserError naming file and field. */
export function parseRunRecord(text: string, file: string, folder: string): RunRecord {
  const fields = Fields.parse(file, text);
  const version = fields.integer('format', { min: 1 });
  if (version > format) throw new UserError('error.run.newerVersion', file);
  const corpus = fields.object('corpus');
  const versions = fields.object('versions');
  const description: RunDescription = {
    name: fields.string('name'),
    folder,
    corpus: {
      name: corpus.string('name'),
      path: corpus.nullable('path', (key) => corpus.string(key)),
      tokens: corpus.integer('tokens', { min: 1 }),
      unit: corpus.added('unit', defaultVocabularySettings.unit, (key) =>
        corpus.oneOf(key, ['codePoint', 'grapheme', 'word', 'byte', 'tokenizer', 'numbers']),
      ),
    },
    model: readModel(fields.object('model')),
    training: readTraining(fields.object('training')),
    backend: fields.oneOf('backend', ['ort', 'wasm']),
  };
  return {
    description,
    corpusSha256: corpus.string('sha256'),
    created: fields.string('created'),
    versions: {
      backflow: versions.string('backflow'),
      onnxruntime: versions.nullable('onnxruntime', (key) => versions.string(key)),
      node: versions.string('node'),
    },
  };
}

function readModel(model: Fields): RunDescription['model'] {
  const defaults = defaultModelSettings;
  const features = model.added('features', null, (key) => model.integer(key, { min: 1 }));
  const around = {
    embeddingSize: model.added('embeddingSize', defaults.embeddingSize, (key) =>
      model.nullable(key, () => model.integer(key, { min: 1 })),
    ),
    tied: model.added('tied', defaults.tied, (key) => model.boolean(key)),
    objective: model.added('objective', defaults.objective, (key) => model.oneOf(key, objectives)),
    finalNorm: model.added('finalNorm', defaults.finalNorm, (key) => model.oneOf(key, norms)),
    vocabularySize: model.integer('vocabularySize', { min: 1 }),
    ...(features !== null && { features }),
    parameterCount: model.integer('parameterCount', { min: 1 }),
  };
  if (model.isList('layers')) return { ...around, layers: model.objects('layers', maxLayers).map(readLayer) };
  return { ...around, ...readLayer(model), layers: model.integer('layers', { min: 1, max: maxLayers }) };
}

/** One of a list, or what all of a stack are. */
function readLayer(layer: Fields): LayerConfig {
  const defaults = defaultModelSettings;
  const cell = layer.oneOf('cell', cellNames);
  return {
    cell,
    activation: layer.oneOf('activation', activations),
    hiddenSize: layer.integer('hiddenSize', { min: 1 }),
    bidirectional: layer.added('bidirectional', defaults.bidirectional, (key) => layer.boolean(key)),
    norm: layer.added('norm', defaults.norm, (key) => layer.oneOf(key, norms)),
    residual: layer.added('residual', defaults.residual, (key) => layer.boolean(key)),
    options: layer.added('options', {}, (key) => readOptions(layer.object(key), kindOf(cell).options)),
  };
}

/** Those that the file has of the kind's. */
function readOptions(given: Fields, listed: readonly OptionDescription[]): LayerOptions {
  const values = listed.map((option) => [
    option.name,
    given.added(option.name, option.default, (key) => readOption(given, key, option)),
  ]);
  return Object.fromEntries(values) as LayerOptions;
}

function readOption(given: Fields, key: string, option: OptionDescription): OptionValue {
  switch (option.type) {
    case 'switch':
      return given.boolean(key);
    case 'number':
      return option.isWhole ? given.integer(key, option) : given.number(key, option);
    case 'choice':
      return given.oneOf(key, option.choices);
  }
}

function readTraining(training: Fields): TrainingSettings {
  return {
    window: training.integer('window', { min: 1 }),
    batch: training.integer('batch', { min: 1 }),
    steps: training.nullable('steps', (key) => training.integer(key, { min: 1 })),
    optimizer: training.oneOf('optimizer', optimizers),
    learningRate: training.number('learningRate', { min: 0 }),
    momentum: training.number('momentum', { min: 0 }),
    clipNorm: training.nullable('clipNorm', (key) => training.number(key, { min: 0 })),
    ...readAddedReading(training),
    ...readAddedTraining(training),
    ...readAddedRemedies(training),
    ...readAddedCheckpoints(training),
    seed: training.integer('seed'),
    checkpointEvery: training.integer('checkpointEvery', { min: 1 }),
    validateEvery: training.integer('validateEvery', { min: 1 }),
    backend: training.oneOf('backend', ['ort', 'wasm']),
    threads: training.nullable('threads', (key) => training.integer(key, { min: 1 })),
  };
}

/** What older runs do not say; they did what the defaults say. */
function readAddedReading(training: Fields) {
  const defaults = defaultTrainingSettings;
  const count = (key: string) => training.integer(key, { min: 1 });
  return {
    mode: training.added('mode', defaults.mode, (key) => training.oneOf(key, ['stream', 'sequences'])),
    split: training.added('split', defaults.split, (key) => training.oneOf(key, ['lines', 'paragraphs'])),
    longestSequence: training.added('longestSequence', defaults.longestSequence, count),
    truncation: training.added('truncation', defaults.truncation, (key) => training.nullable(key, count)),
    dropout: training.added('dropout', defaults.dropout, (key) => training.number(key, { min: 0, max: 1 })),
    epochs: training.added('epochs', defaults.epochs, (key) => training.nullable(key, count)),
  };
}

/** The same, of what came with checkpoints by time. */
function readAddedCheckpoints(training: Fields) {
  const defaults = defaultTrainingSettings;
  const count = (key: string) => training.integer(key, { min: 1 });
  return {
    checkpointSeconds: training.added('checkpointSeconds', defaults.checkpointSeconds, count),
    keptCheckpoints: training.added('keptCheckpoints', defaults.keptCheckpoints, count),
  };
}

/** The same, of what came with the remedies for gradients that vanish. */
function readAddedRemedies(training: Fields) {
  const defaults = defaultTrainingSettings;
  const count = (key: string) => training.integer(key, { min: 1 });
  const limit = (key: string) => training.nullable(key, () => training.number(key, { min: 0 }));
  return {
    omega: training.added('omega', defaults.omega, limit),
    radiusCap: training.added('radiusCap', defaults.radiusCap, limit),
    flossing: training.added('flossing', defaults.flossing, limit),
    flossingEvery: training.added('flossingEvery', defaults.flossingEvery, count),
    flossingExponents: training.added('flossingExponents', defaults.flossingExponents, count),
  };
}

/** The same, of what came with schedules and initializations. */
function readAddedTraining(training: Fields) {
  const defaults = defaultTrainingSettings;
  const number = (min?: number) => (key: string) => training.number(key, min === undefined ? {} : { min });
  const integer = (min: number) => (key: string) => training.integer(key, { min });
  const initialization = (key: string) => training.oneOf(key, initializations);
  return {
    nesterov: training.added('nesterov', defaults.nesterov, (key) => training.boolean(key)),
    weightDecay: training.added('weightDecay', defaults.weightDecay, (key) => training.nullable(key, number(0))),
    schedule: training.added('schedule', defaults.schedule, (key) => training.oneOf(key, schedules)),
    warmupSteps: training.added('warmupSteps', defaults.warmupSteps, integer(0)),
    finalFraction: training.added('finalFraction', defaults.finalFraction, number(0)),
    decaySteps: training.added('decaySteps', defaults.decaySteps, integer(1)),
    decayFactor: training.added('decayFactor', defaults.decayFactor, number(0)),
    clipValue: training.added('clipValue', defaults.clipValue, (key) => training.nullable(key, number(0))),
    // Older runs call these two by other names.
    initialization: training.added(
      'initialization',
      training.added('initialisation', defaults.initialization, initialization),
      initialization,
    ),
    initScale: training.added('initScale', training.added('gain', defaults.initScale, number(0)), number(0)),
    forgetBias: training.added('forgetBias', defaults.forgetBias, (key) => training.nullable(key, number())),
  };
}
