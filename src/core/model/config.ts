/** What a model is, before it has parameters. */
import { activations, type Activation } from '../../layers/activation';
import { checkCell, optionsOf, type CellName } from '../../layers/catalog';
import type { Direction } from '../../layers/direction';
import type { KeysOf } from '../../messages';
import { areSameOptions, type LayerOptions } from '../../layers/options';
import { objectives, type ObjectiveName } from '../../terms/choices';
import { UserError } from '../../userError';

export interface LayerConfig {
  readonly cell: CellName;
  /** Of a kind that leaves it open; ignored by the others. */
  readonly activation: Activation;
  /** H. */
  readonly hiddenSize: number;
  /** It also reads the window from its end; what both directions give side by side is its output. */
  readonly bidirectional: boolean;
  /** What else can be chosen for its kind, all of it; what other kinds have is dropped. */
  readonly options: LayerOptions;
}

/** What a model has besides its layers. */
interface AroundLayers {
  /** V. */
  readonly vocabularySize: number;
  /** E, of a learned embedding of the tokens; null reads them one-hot. */
  readonly embeddingSize: number | null;
  /** The output's weights are the embedding's: both are one parameter. */
  readonly tied: boolean;
  /** What is predicted: each next token, or tokens that were masked in the input. */
  readonly objective: ObjectiveName;
}

export interface ModelConfig extends AroundLayers {
  /** The lowest first. */
  readonly layers: readonly LayerConfig[];
}

/** A model whose layers are alike: what can be chosen, and what files keep of one. */
export interface StackConfig extends LayerConfig, AroundLayers {
  /** How many. */
  readonly layers: number;
}

/** A one-directional stack that reads one-hot tokens and predicts the next: what a model is by default. */
export const plainStack = {
  bidirectional: false,
  options: {},
  embeddingSize: null,
  tied: false,
  objective: 'next',
} as const;

const limits = { layers: 8, hiddenSize: 4096, vocabularySize: 200_000 } as const;

/** The same as a list of layers; throws a UserError as `checkConfig`. */
export function uniformModel({
  layers,
  cell,
  activation,
  hiddenSize,
  bidirectional,
  options,
  ...around
}: StackConfig): ModelConfig {
  const layer = checkLayer({ cell, activation, hiddenSize, bidirectional, options }, () => {
    checkInteger('quantity.layers', layers, 1, limits.layers);
  });
  return checkConfig({ ...around, layers: Array<LayerConfig>(layers).fill(layer) });
}

/** Null of a model whose layers differ. */
export function uniformStack({
  layers,
  vocabularySize,
  embeddingSize,
  tied,
  objective,
}: ModelConfig): StackConfig | null {
  const [{ cell, activation, hiddenSize, bidirectional, options }] = layers;
  const isAlike = layers.every(
    (layer) =>
      layer.cell === cell &&
      layer.activation === activation &&
      layer.hiddenSize === hiddenSize &&
      layer.bidirectional === bidirectional &&
      areSameOptions(layer.options, options),
  );
  return isAlike
    ? {
        cell,
        activation,
        layers: layers.length,
        bidirectional,
        hiddenSize,
        options,
        vocabularySize,
        embeddingSize,
        tied,
        objective,
      }
    : null;
}

/** Returns the config and nothing else, its settings in this order; or throws a UserError naming the one that is wrong, its value and what is allowed. */
export function checkConfig(config: ModelConfig): ModelConfig {
  checkInteger('quantity.layers', config.layers.length, 1, limits.layers);
  const layers = config.layers.map((layer) => checkLayer(layer));
  checkInteger('quantity.vocabularySize', config.vocabularySize, 2, limits.vocabularySize);
  if (config.embeddingSize !== null) checkInteger('quantity.embeddingSize', config.embeddingSize, 1, limits.hiddenSize);
  if (config.tied && config.embeddingSize !== topSize(config)) {
    throw new UserError(
      'error.setting.tiedEmbeddingSize',
      topSize(config),
      config.embeddingSize ?? { key: 'quantity.oneHot', args: [] },
    );
  }
  if (!objectives.includes(config.objective)) throw new UserError('error.setting.objectiveUnknown', config.objective);
  const { vocabularySize, embeddingSize, tied, objective } = config;
  return { layers, vocabularySize, embeddingSize, tied, objective };
}

/** @param between what is checked before the size */
function checkLayer(
  { cell, activation, hiddenSize, bidirectional, options }: LayerConfig,
  between = () => {},
): LayerConfig {
  checkCell(cell);
  if (!activations.includes(activation)) throw new UserError('error.setting.activationUnknown', activation);
  between();
  checkInteger('quantity.hiddenSize', hiddenSize, 1, limits.hiddenSize);
  return { cell, activation, hiddenSize, bidirectional, options: optionsOf(cell, options) };
}

/** Throws a UserError unless `value` is an integer between the limits, both included. */
export function checkInteger(what: KeysOf<'quantity'>, value: number, minimum: number, maximum: number): void {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return;
  throw new UserError(
    'error.setting.notWholeNumberInRange',
    { key: what, args: [] },
    isMissing(value) ? { key: 'quantity.missing', args: [] } : String(value),
    minimum,
    maximum,
  );
}

/** Of what was read from a file, whatever its type says. */
function isMissing(value: unknown): boolean {
  return value === undefined;
}

export function directionsOf({ bidirectional }: Pick<LayerConfig, 'bidirectional'>): readonly Direction[] {
  return bidirectional ? ['forward', 'backward'] : ['forward'];
}

/** Size of what a layer gives: the first states of its directions side by side, D·H. */
export function outputSize(layer: LayerConfig): number {
  return directionsOf(layer).length * layer.hiddenSize;
}

export function topLayer({ layers }: ModelConfig): LayerConfig {
  return layers[layers.length - 1];
}

/** Size of what the output layer reads. */
export function topSize(config: ModelConfig): number {
  return outputSize(topLayer(config));
}

/** Of the largest output of all layers. */
export function largestOutput({ layers }: ModelConfig): number {
  return Math.max(...layers.map(outputSize));
}

/** Size of what layer `layer` reads: tokens, one-hot or embedded, at the bottom; what the layer below gives elsewhere. */
export function inputSize({ layers, embeddingSize, vocabularySize }: ModelConfig, layer: number): number {
  return layer === 0 ? (embeddingSize ?? vocabularySize) : outputSize(layers[layer - 1]);
}

export function readsBothWays({ layers }: ModelConfig): boolean {
  return layers.some(({ bidirectional }) => bidirectional);
}

/** Of each layer what `make` gives, once for all that are of one kind and size: they take turns with it. */
export function ofEachShape<T>({ layers }: ModelConfig, make: (layer: LayerConfig) => T): readonly T[] {
  const made = new Map<string, T>();
  return layers.map((layer) => {
    const shape = `${layer.cell} ${layer.hiddenSize}`;
    const own = made.get(shape) ?? make(layer);
    made.set(shape, own);
    return own;
  });
}
