/** From the editor's settings, which can hold anything, to the protocol's, which hold what they say. */
import { activations } from '../layers/activation';
import { cellNames, layerOptions } from '../layers/catalog';
import { norms } from '../layers/norm';
import { checkOption, type LayerOptions } from '../layers/options';
import { initializations, maxFlossed, objectives, optimizers, schedules, type ObjectiveName } from '../terms/choices';
import type { Thresholds } from '../terms/regions';
import { UserError } from '../userError';
import { readLayers } from '../protocol/layerList';
import {
  completeModel,
  defaultModelSettings,
  defaultThresholds,
  defaultTrainingSettings,
  defaultVocabularySettings,
  type ModelSettings,
  type OpenModelSettings,
  type StackSettings,
  type TrainingSettings,
  type VocabularySettings,
} from '../protocol/settings';

/** Reads a setting by its name behind "backflow."; undefined if it has no value. */
export type SettingReader = (name: string) => unknown;

/** Most input tokens of a probe. */
export const maxProbeTokens = 256;
const minProbeTokens = 16;

/*
 * All of these throw a UserError for a name that is none of a setting's choices: another one would not be what was asked for.
 */

export function modelSettings(read: SettingReader): ModelSettings {
  return completeModel({ ...openModel(read), layers: layers(read) });
}

/** The same with as many layers, all of the kind and size that the settings have for layers that are alike. */
export function stackSettings(read: SettingReader): StackSettings {
  const listed = layers(read);
  return completeModel({ ...openModel(read), layers: typeof listed === 'number' ? listed : listed.length });
}

/** The settings for a text of sequences of numbers: what is predicted are numbers, unless something else is chosen. */
export function settingsForNumbers(read: SettingReader): SettingReader {
  return (name) => {
    const value = read(name);
    return name === 'model.objective' && (value === undefined || value === 'auto') ? 'squaredError' : value;
  };
}

function openModel(read: SettingReader): Omit<OpenModelSettings, 'layers'> {
  const defaults = defaultModelSettings;
  return {
    cell: oneOf(read, 'model.cell', cellNames, defaults.cell),
    activation: oneOf(read, 'model.activation', activations, defaults.activation),
    bidirectional: flag(read('model.bidirectional'), defaults.bidirectional),
    hiddenSize: integer(read('model.hiddenSize'), 1, defaults.hiddenSize),
    embeddingSize: noneAtZero(integer(read('model.embeddingSize'), 0, 0)),
    tied: flag(read('model.tied'), defaults.tied),
    objective: objective(read),
    norm: usualOr(oneOf(read, 'model.norm', ['usual', ...norms], 'usual')),
    finalNorm: usualOr(oneOf(read, 'model.finalNorm', ['usual', ...norms], 'usual')),
    residual: residual(read),
    options: options(read),
  };
}

/** How many, or a list of those that differ. */
function layers(read: SettingReader): OpenModelSettings['layers'] {
  const list = layerList(read);
  return list === null ? integer(read('model.layers'), 1, defaultModelSettings.layers) : readLayers(list);
}

/** What is written of layers that differ; null where all are alike. It may stand in the place of their number too, as on the command line. */
export function layerList(read: SettingReader): string | null {
  const found = [read('model.mixture'), read('model.layers')].find(isList);
  return found ?? null;
}

/** A text without a letter is no list, and as much nonsense as another text where a number is wanted. */
function isList(value: unknown): value is string {
  return typeof value === 'string' && /\p{L}/u.test(value);
}

/** Null leaves it to the kind of layer. */
function usualOr<Name extends string>(name: Name | 'usual'): Name | null {
  return name === 'usual' ? null : name;
}

function residual(read: SettingReader): boolean | null {
  const chosen = usualOr(oneOf(read, 'model.residual', ['usual', 'on', 'off'], 'usual'));
  return chosen === null ? null : chosen === 'on';
}

/** Of every kind, since another one than is set may be trained; those that are as by default go without saying. */
function options(read: SettingReader): LayerOptions {
  return Object.fromEntries(
    layerOptions.flatMap((option) => {
      const value = read(`model.${option.name}`);
      return value === undefined || value === option.default ? [] : [[option.name, checkOption(option, value)]];
    }),
  );
}

export function vocabularySettings(read: SettingReader): VocabularySettings {
  return {
    unit: oneOf(read, 'corpus.tokens', ['codePoint', 'grapheme', 'word', 'byte'], defaultVocabularySettings.unit),
    size: noneAtZero(integer(read('corpus.vocabularySize'), 0, 0)),
  };
}

export function trainingSettings(read: SettingReader): TrainingSettings {
  const defaults = defaultTrainingSettings;
  return {
    ...readingSettings(read),
    dropout: within(read('training.dropout'), 0, 1, defaults.dropout),
    steps: noneAtZero(integer(read('training.steps'), 0, 0)),
    epochs: noneAtZero(integer(read('training.epochs'), 0, 0)),
    optimizer: oneOf(read, 'training.optimizer', optimizers, defaults.optimizer),
    learningRate: positive(read('training.learningRate'), defaults.learningRate),
    momentum: within(read('training.momentum'), 0, 1, defaults.momentum),
    nesterov: flag(read('training.nesterov'), defaults.nesterov),
    weightDecay: numberOrNull(read('training.weightDecay'), 0, defaults.weightDecay),
    schedule: oneOf(read, 'training.schedule', schedules, defaults.schedule),
    warmupSteps: integer(read('training.warmupSteps'), 0, defaults.warmupSteps),
    finalFraction: within(read('training.finalFraction'), 0, 1, defaults.finalFraction),
    decaySteps: integer(read('training.decaySteps'), 1, defaults.decaySteps),
    decayFactor: Math.min(1, positive(read('training.decayFactor'), defaults.decayFactor)),
    clipNorm: limit(read('training.clipNorm'), defaults.clipNorm),
    clipValue: limit(read('training.clipValue'), defaults.clipValue),
    omega: limit(read('training.omega'), defaults.omega),
    radiusCap: limit(read('training.radiusCap'), defaults.radiusCap),
    flossing: limit(read('training.flossing'), defaults.flossing),
    flossingEvery: integer(read('training.flossingEvery'), 1, defaults.flossingEvery),
    flossingExponents: Math.min(maxFlossed, integer(read('training.flossingExponents'), 1, defaults.flossingExponents)),
    initialization: oneOf(read, 'training.initialization', initializations, defaults.initialization),
    initScale: positive(read('training.initScale'), defaults.initScale),
    forgetBias: numberOrNull(read('training.forgetBias'), -Infinity, defaults.forgetBias),
    seed: integer(read('training.seed'), 0, defaults.seed),
    checkpointEvery: integer(read('training.checkpointEvery'), 1, defaults.checkpointEvery),
    checkpointSeconds: Math.min(86_400, integer(read('training.checkpointSeconds'), 1, defaults.checkpointSeconds)),
    keptCheckpoints: Math.min(10_000, integer(read('training.keptCheckpoints'), 1, defaults.keptCheckpoints)),
    validateEvery: integer(read('training.validateEvery'), 1, defaults.validateEvery),
    ...backendSettings(read),
  };
}

/** What an engine needs to know where nothing is trained. */
export function backendSettings(read: SettingReader): Pick<TrainingSettings, 'backend' | 'threads'> {
  return {
    backend: oneOf(read, 'training.backend', ['ort', 'wasm'], defaultTrainingSettings.backend),
    threads: noneAtZero(integer(read('training.threads'), 0, 0)),
  };
}

function readingSettings(
  read: SettingReader,
): Pick<TrainingSettings, 'mode' | 'split' | 'longestSequence' | 'window' | 'batch' | 'truncation'> {
  const defaults = defaultTrainingSettings;
  return {
    mode: oneOf(read, 'corpus.mode', ['stream', 'sequences'], defaults.mode),
    split: oneOf(read, 'corpus.split', ['lines', 'paragraphs'], defaults.split),
    longestSequence: integer(read('corpus.longestSequence'), 1, defaults.longestSequence),
    window: integer(read('training.window'), 2, defaults.window),
    batch: integer(read('training.batch'), 1, defaults.batch),
    truncation: noneAtZero(integer(read('training.truncation'), 0, 0)),
  };
}

export function thresholds(read: SettingReader): Thresholds {
  const vanishing = read('thresholds.vanishing');
  const exploding = read('thresholds.exploding');
  return {
    vanishing: isNumber(vanishing) && vanishing < 0 ? vanishing : defaultThresholds.vanishing,
    exploding: positive(exploding, defaultThresholds.exploding),
  };
}

/** Input tokens of a probe. */
export function probeTokens(read: SettingReader): number {
  return Math.min(maxProbeTokens, integer(read('probe.tokens'), minProbeTokens, maxProbeTokens));
}

/** Of generated text. */
export function temperature(read: SettingReader): number {
  return within(read('generate.temperature'), 0, 10, 0.8);
}

/** Null is what the rest of the model asks for. */
function objective(read: SettingReader): ObjectiveName | null {
  const name = oneOf(read, 'model.objective', ['auto', ...objectives], 'auto');
  return name === 'auto' ? null : name;
}

/** The fallback where nothing is said. Throws a UserError for what is not one of the choices. */
function oneOf<const T extends string>(read: SettingReader, name: string, choices: readonly T[], fallback: T): T {
  const value = read(name);
  if (value === undefined) return fallback;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new UserError('error.setting.valueUnknown', `backflow.${name}`, inWords(value), choices.join(', '));
}

function inWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function integer(value: unknown, min: number, fallback: number): number {
  return Number.isSafeInteger(value) && (value as number) >= min ? (value as number) : fallback;
}

function positive(value: unknown, fallback: number): number {
  return isNumber(value) && value > 0 ? value : fallback;
}

function within(value: unknown, min: number, max: number, fallback: number): number {
  return isNumber(value) && value >= min && value <= max ? value : fallback;
}

function flag(value: unknown, fallback: boolean): boolean {
  return typeof value === 'boolean' ? value : fallback;
}

/** Null is a value of its own here, and not 0. */
function numberOrNull(value: unknown, min: number, fallback: number | null): number | null {
  if (value === null) return null;
  return isNumber(value) && value >= min ? value : fallback;
}

/** The most that is allowed; 0 and null are "no limit". */
function limit(value: unknown, fallback: number | null): number | null {
  if (value === 0 || value === null) return null;
  return isNumber(value) && value > 0 ? value : fallback;
}

function noneAtZero(value: number): number | null {
  return value === 0 ? null : value;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
