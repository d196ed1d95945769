/** What a model is, before it has parameters. */
import { activations, type Activation } from '../../layers/activation';
import { checkCell, type CellName } from '../../layers/catalogue';
import type { Direction } from '../../layers/direction';
import { objectives, type ObjectiveName } from '../../terms/choices';
import { UserError } from '../../userError';

export interface ModelConfig {
  readonly cell: CellName;
  /** Of a vanilla RNN; ignored by the gated cells. */
  readonly activation: Activation;
  readonly layers: number;
  /** Every layer also reads the window from its end; both directions' states side by side are its output. */
  readonly bidirectional: boolean;
  /** H. */
  readonly hiddenSize: number;
  /** V. */
  readonly vocabularySize: number;
  /** E, of a learned embedding of the tokens; null reads them one-hot. */
  readonly embeddingSize: number | null;
  /** The output's weights are the embedding's: both are one parameter. */
  readonly tied: boolean;
  /** What is predicted: each next token, or tokens that were masked in the input. */
  readonly objective: ObjectiveName;
}

/** A one-directional stack that reads one-hot tokens and predicts the next: what a model is where nothing else is said. */
export const plainStack = { bidirectional: false, embeddingSize: null, tied: false, objective: 'next' } as const;

const limits = { layers: 8, hiddenSize: 4096, vocabularySize: 200_000 } as const;

/** Returns the config and nothing else, its settings in this order; or throws a UserError naming the one that is wrong, its value and what is allowed. */
export function checkConfig(config: ModelConfig): ModelConfig {
  checkCell(config.cell);
  if (!activations.includes(config.activation)) throw new UserError('The activation “{0}” is unknown; choose tanh or relu.', config.activation);
  checkInteger('layers', config.layers, 1, limits.layers);
  checkInteger('hidden size', config.hiddenSize, 1, limits.hiddenSize);
  checkInteger('vocabulary size', config.vocabularySize, 2, limits.vocabularySize);
  if (config.embeddingSize !== null) checkInteger('embedding size', config.embeddingSize, 1, limits.hiddenSize);
  if (config.tied && config.embeddingSize !== outputSize(config)) {
    throw new UserError('A tied output needs an embedding of the size of the top layer’s output, {0}; it is {1}.', outputSize(config), config.embeddingSize ?? 'one-hot');
  }
  if (!objectives.includes(config.objective)) throw new UserError('The objective “{0}” is unknown; choose next or masked.', config.objective);
  const { cell, activation, layers, bidirectional, hiddenSize, vocabularySize, embeddingSize, tied, objective } = config;
  return { cell, activation, layers, bidirectional, hiddenSize, vocabularySize, embeddingSize, tied, objective };
}

/** Throws a UserError unless `value` is an integer between the limits, both included. */
export function checkInteger(what: string, value: number, minimum: number, maximum: number): void {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return;
  throw new UserError('The {0} is {1}; it must be a whole number from {2} to {3}.', what, isMissing(value) ? 'missing' : String(value), minimum, maximum);
}

/** Of what was read from a file, whatever its type says. */
function isMissing(value: unknown): boolean {
  return value === undefined;
}

export function directionsOf({ bidirectional }: Pick<ModelConfig, 'bidirectional'>): readonly Direction[] {
  return bidirectional ? ['forward', 'backward'] : ['forward'];
}

/** Size of what a layer gives: the states of its directions side by side, D·H. */
export function outputSize(config: ModelConfig): number {
  return directionsOf(config).length * config.hiddenSize;
}

/** Size of what layer `layer` reads: tokens, one-hot or embedded, at the bottom; what the layer below gives elsewhere. */
export function inputSize(config: ModelConfig, layer: number): number {
  return layer === 0 ? (config.embeddingSize ?? config.vocabularySize) : outputSize(config);
}
