/** From the editor's settings, which can hold anything, to the protocol's, which hold what they say. */
import {
  defaultModelSettings,
  defaultThresholds,
  defaultTrainingSettings,
  type ModelSettings,
  type Thresholds,
  type TrainingSettings,
} from '../protocol/settings';

/** Reads a setting by its name behind "backflow."; undefined if it has no value. */
export type SettingReader = (name: string) => unknown;

/** Most input tokens of a probe. */
export const longestProbe = 256;
const shortestProbe = 16;

export function modelSettings(read: SettingReader): ModelSettings {
  const defaults = defaultModelSettings;
  return {
    cell: oneOf(read('model.cell'), ['rnn', 'lstm', 'gru'], defaults.cell),
    activation: oneOf(read('model.activation'), ['tanh', 'relu'], defaults.activation),
    layers: integer(read('model.layers'), 1, defaults.layers),
    hiddenSize: integer(read('model.hiddenSize'), 1, defaults.hiddenSize),
  };
}

export function trainingSettings(read: SettingReader): TrainingSettings {
  const defaults = defaultTrainingSettings;
  return {
    window: integer(read('training.window'), 2, defaults.window),
    batch: integer(read('training.batch'), 1, defaults.batch),
    steps: noneAtZero(integer(read('training.steps'), 0, 0)),
    optimizer: oneOf(read('training.optimizer'), ['adam', 'sgd'], defaults.optimizer),
    learningRate: positive(read('training.learningRate'), defaults.learningRate),
    // No setting yet: only a command's argument can give it.
    momentum: atLeastZero(read('training.momentum'), defaults.momentum),
    clipNorm: noneAtZero(atLeastZero(read('training.clipNorm'), defaults.clipNorm ?? 0)),
    seed: integer(read('training.seed'), 0, defaults.seed),
    checkpointEvery: integer(read('training.checkpointEvery'), 1, defaults.checkpointEvery),
    validateEvery: integer(read('training.validateEvery'), 1, defaults.validateEvery),
    backend: oneOf(read('training.backend'), ['ort', 'wasm'], defaults.backend),
    threads: noneAtZero(integer(read('training.threads'), 0, 0)),
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
  return Math.min(longestProbe, integer(read('probe.tokens'), shortestProbe, longestProbe));
}

function oneOf<const T extends string>(value: unknown, choices: readonly T[], fallback: T): T {
  return choices.find((choice) => choice === value) ?? fallback;
}

function integer(value: unknown, least: number, fallback: number): number {
  return Number.isSafeInteger(value) && (value as number) >= least ? (value as number) : fallback;
}

function positive(value: unknown, fallback: number): number {
  return isNumber(value) && value > 0 ? value : fallback;
}

function atLeastZero(value: unknown, fallback: number): number {
  return isNumber(value) && value >= 0 ? value : fallback;
}

function noneAtZero(value: number): number | null {
  return value === 0 ? null : value;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
