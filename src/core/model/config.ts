/** What a model is, before it has parameters. */
import { UserError } from '../userError';

export type CellName = 'rnn' | 'lstm' | 'gru';
export type Activation = 'tanh' | 'relu';
export type Direction = 'forward' | 'backward';

export interface ModelConfig {
  readonly cell: CellName;
  /** Of a vanilla RNN; ignored by the gated cells. */
  readonly activation: Activation;
  readonly layers: number;
  /** H. */
  readonly hiddenSize: number;
  /** V. */
  readonly vocabularySize: number;
}

const limits = { layers: 8, hiddenSize: 4096, vocabularySize: 200_000 } as const;

/** Returns the config, or throws a UserError naming the setting, its value and what is allowed. */
export function checkConfig(config: ModelConfig): ModelConfig {
  if (!['rnn', 'lstm', 'gru'].includes(config.cell)) throw new UserError('The cell “{0}” is unknown; choose rnn, lstm or gru.', config.cell);
  if (!['tanh', 'relu'].includes(config.activation)) throw new UserError('The activation “{0}” is unknown; choose tanh or relu.', config.activation);
  checkInteger('layers', config.layers, 1, limits.layers);
  checkInteger('hidden size', config.hiddenSize, 1, limits.hiddenSize);
  checkInteger('vocabulary size', config.vocabularySize, 2, limits.vocabularySize);
  return config;
}

/** Throws a UserError unless `value` is an integer between the limits, both included. */
export function checkInteger(what: string, value: number, minimum: number, maximum: number): void {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return;
  throw new UserError('The {0} is {1}; it must be a whole number from {2} to {3}.', what, String(value), minimum, maximum);
}

/** Size of what layer `layer` reads: one-hot tokens at the bottom, the hidden state below elsewhere. */
export function inputSize(config: ModelConfig, layer: number): number {
  return layer === 0 ? config.vocabularySize : config.hiddenSize;
}
