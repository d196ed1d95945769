/** What a model is, before it has parameters. */
import { activations } from '../../layers/activation';
import { checkCell, kindOf, optionsOf } from '../../layers/catalog';
import type { Direction } from '../../layers/direction';
import type { KeysOf } from '../../messages';
import { isSameLayer, type LayerConfig } from '../../layers/layerConfig';
import { isNormName, norms, type NormName } from '../../layers/norm';
import { noOptions } from '../../layers/options';
import type { LayerSizes } from '../../layers/parameters';
import { isOfNumbers, maxHiddenSize, maxLayers, objectives, type ObjectiveName } from '../../terms/choices';
import { UserError } from '../../userError';

export type { LayerConfig };

/** What a model has besides its layers. */
interface AroundLayers {
  /** V; of a model of numbers how many it predicts. */
  readonly vocabularySize: number;
  /** How many numbers it reads at a step, dense and without an embedding; null of a model of tokens. */
  readonly features: number | null;
  /** E, of a learned embedding of the tokens; null reads them one-hot. */
  readonly embeddingSize: number | null;
  /** The output's weights are the embedding's: both are one parameter. */
  readonly tied: boolean;
  /** What is predicted: each next token, or tokens that were masked in the input. */
  readonly objective: ObjectiveName;
  /** What stands between the top layer and the output. */
  readonly finalNorm: NormName;
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
  norm: 'none',
  residual: false,
  options: noOptions,
  features: null,
  embeddingSize: null,
  tied: false,
  objective: 'next',
  finalNorm: 'none',
} as const;

/** What a layer has by default besides its kind and size. */
export const plainLayer = {
  bidirectional: plainStack.bidirectional,
  norm: plainStack.norm,
  residual: plainStack.residual,
  options: plainStack.options,
} as const;

/** What a `LayerConfig` may leave out: older files do, and the settings of a person who has not chosen it. */
export type Around = 'norm' | 'residual' | 'options';
/** The same of what a model has besides its layers. */
type AroundModel = 'finalNorm' | 'features';
/** A stack as files and settings have it. */
export type GivenStack = Omit<StackConfig, Around | AroundModel> & Partial<Pick<StackConfig, Around | AroundModel>>;

/** A model whose `features` may be left out: it is of tokens then. */
type GivenModel = Omit<ModelConfig, 'features'> & Partial<Pick<ModelConfig, 'features'>>;

/** Of numbers at a step, and of those that are predicted: as many as a layer can have units. */
const maxNumbers = maxHiddenSize;
const limits = { layers: maxLayers, hiddenSize: maxHiddenSize, vocabularySize: 200_000 } as const;

/** The same as a list of layers; throws a UserError as `checkConfig`. */
export function uniformModel({
  layers,
  vocabularySize,
  features = plainStack.features,
  embeddingSize,
  tied,
  objective,
  ...given
}: GivenStack): ModelConfig {
  const { finalNorm = plainStack.finalNorm, ...own } = given;
  const layer = checkLayer({ ...plainLayer, ...own }, () => {
    checkInteger('quantity.layers', layers, 1, limits.layers);
  });
  return checkConfig({
    layers: Array<LayerConfig>(layers).fill(layer),
    vocabularySize,
    features,
    embeddingSize,
    tied,
    objective,
    finalNorm,
  });
}

/** Null of a model whose layers differ. */
export function uniformStack({ layers, ...around }: ModelConfig): StackConfig | null {
  const [first] = layers;
  return layers.every((layer) => isSameLayer(layer, first)) ? { ...first, layers: layers.length, ...around } : null;
}

/** Returns the config and nothing else, its settings in this order; or throws a UserError naming the one that is wrong, its value and what is allowed. */
export function checkConfig(given: GivenModel): ModelConfig {
  const config = { ...given, features: given.features ?? plainStack.features };
  checkInteger('quantity.layers', config.layers.length, 1, limits.layers);
  const layers = config.layers.map((layer) => checkLayer(layer));
  if (!objectives.includes(config.objective)) throw new UserError('error.setting.objectiveUnknown', config.objective);
  if (isOfNumbers(config.objective)) checkNumbers(config);
  else checkInteger('quantity.vocabularySize', config.vocabularySize, 2, limits.vocabularySize);
  if (config.embeddingSize !== null) checkInteger('quantity.embeddingSize', config.embeddingSize, 1, limits.hiddenSize);
  if (config.tied && config.embeddingSize !== topSize(config)) {
    throw new UserError(
      'error.setting.tiedEmbeddingSize',
      topSize(config),
      config.embeddingSize ?? { key: 'quantity.oneHot', args: [] },
    );
  }
  const { vocabularySize, embeddingSize, tied, objective, finalNorm } = config;
  checkNorm(finalNorm);
  const features = isOfNumbers(objective) ? config.features : null;
  const checked = { layers, vocabularySize, features, embeddingSize, tied, objective, finalNorm };
  for (const layer of layers.keys()) checkPlace(checked, layer);
  return checked;
}

/** A model that reads numbers as they are, and predicts some when it has read them all. */
function checkNumbers({ layers, features, vocabularySize, embeddingSize, tied }: ModelConfig): void {
  checkInteger('quantity.features', features ?? 0, 1, maxNumbers);
  checkInteger('quantity.targetNumbers', vocabularySize, 1, maxNumbers);
  if (embeddingSize !== null || tied) throw new UserError('error.setting.numbersEmbedding');
  if (layers.some(({ bidirectional }) => bidirectional)) throw new UserError('error.setting.numbersBidirectional');
  const mixer = layers.find(isMixer);
  if (mixer) throw new UserError('error.setting.numbersMixer', kindOf(mixer.cell).label);
}

/** @param between what is checked before the size */
function checkLayer(layer: LayerConfig, between = () => {}): LayerConfig {
  const { cell, activation, hiddenSize, bidirectional, norm, residual } = layer;
  checkCell(cell);
  if (!activations.includes(activation)) throw new UserError('error.setting.activationUnknown', activation);
  between();
  checkInteger('quantity.hiddenSize', hiddenSize, 1, limits.hiddenSize);
  checkNorm(norm);
  if (typeof residual !== 'boolean') throw new UserError('error.setting.residual', String(residual));
  const options = optionsOf(cell, layer.options);
  return { cell, activation, hiddenSize, bidirectional, norm, residual, options };
}

function checkNorm(norm: NormName): void {
  if (!isNormName(norm)) throw new UserError('error.setting.normUnknown', String(norm), norms.join(', '));
}

/** What a layer can be where it stands. */
function checkPlace(config: ModelConfig, layer: number): void {
  const own = config.layers[layer];
  const { label, mixer } = kindOf(own.cell);
  const place = layer + 1;
  // First of all: what it says of the sizes would be of a layer that cannot be.
  if (mixer && own.bidirectional) throw new UserError('error.setting.mixerBidirectional', place, label);
  if (layer === 0 && readsOneHot(config)) {
    if (mixer) throw new UserError('error.setting.mixerOneHot', label, own.hiddenSize);
    if (own.norm !== 'none') throw new UserError('error.setting.normOneHot', own.norm);
    if (own.residual) throw new UserError('error.setting.residualOneHot', outputSize(own));
  }
  if (own.residual && inputSize(config, layer) !== outputSize(own))
    throw new UserError('error.setting.residualWidth', place, inputSize(config, layer), outputSize(own));
  if (!mixer) return;
  mixer.check(sizesOf(config, layer), { key: 'quantity.layer', args: [place] });
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

/** Size of what layer `layer` reads: tokens, one-hot or embedded, or numbers at the bottom; what the layer below gives elsewhere. */
export function inputSize(config: ModelConfig, layer: number): number {
  if (layer > 0) return outputSize(config.layers[layer - 1]);
  return readsOneHot(config) ? config.vocabularySize : denseSize(config);
}

/** Whether the lowest layer reads one-hot tokens, of which W has a column each; else rows of numbers, which embedded tokens are too. */
export function readsOneHot({ embeddingSize, features }: Pick<ModelConfig, 'embeddingSize' | 'features'>): boolean {
  return embeddingSize === null && features === null;
}

/** Numbers in the rows that the lowest layer reads; 0 of one-hot tokens. */
export function denseSize({ embeddingSize, features }: Pick<ModelConfig, 'embeddingSize' | 'features'>): number {
  return embeddingSize ?? features ?? 0;
}

/** What the shapes of a layer's parameters and states follow from. */
export function sizesOf(config: ModelConfig, layer: number): LayerSizes {
  const { layers } = config;
  const { hiddenSize, options } = layers[layer];
  return {
    input: inputSize(config, layer),
    hidden: hiddenSize,
    options,
    layer,
    layers: layers.length,
    below: layers.slice(0, layer),
  };
}

/** Whether nothing stands around any layer, and each is a recurrent one: the stack is then one module of PyTorch's. */
export function isPlainStack({ layers }: ModelConfig): boolean {
  return layers.every((layer) => layer.norm === 'none' && !layer.residual && !isMixer(layer));
}

/** Most steps that every layer can read at once; null for no limit. */
export function contextOfLayers(layers: readonly Pick<LayerConfig, 'cell' | 'options'>[]): number | null {
  const contexts = layers.flatMap(({ cell, options }) => kindOf(cell).mixer?.context(options) ?? []);
  return contexts.length > 0 ? Math.min(...contexts) : null;
}

/** Whether a layer carries nothing from step to step, so that all it knows of what came before is in the window. */
export function hasStatelessLayer({ layers }: Pick<ModelConfig, 'layers'>): boolean {
  return layers.some(({ cell }) => kindOf(cell).states.length === 0);
}

/**
 * Whether what stands at a boundary (0: what the lowest layer reads, N: what the output reads) has gradients that no state has: a recurrent layer without a
 * residual connection gives its first state itself, and one that reads tokens without a norm gives their gradients by its pre-activations.
 */
export function hasInputRows({ layers }: ModelConfig, boundary: number): boolean {
  if (boundary > 0) return layers[boundary - 1].residual || isMixer(layers[boundary - 1]);
  return layers[0].norm !== 'none' || layers[0].residual || isMixer(layers[0]);
}

export function readsBothWays({ layers }: ModelConfig): boolean {
  return layers.some(({ bidirectional }) => bidirectional);
}

/** It is no recurrent cell. */
export function isMixer({ cell }: Pick<LayerConfig, 'cell'>): boolean {
  return kindOf(cell).mixer !== undefined;
}

/** Of each recurrent layer what `make` gives, once for all that are of one kind and size: they take turns with it; `none` of a mixer. */
export function ofEachShape<T>({ layers }: ModelConfig, make: (layer: LayerConfig) => T, none: T): readonly T[] {
  const made = new Map<string, T>();
  return layers.map((layer) => {
    if (isMixer(layer)) return none;
    const shape = `${layer.cell} ${layer.hiddenSize}`;
    const own = made.get(shape) ?? make(layer);
    made.set(shape, own);
    return own;
  });
}
