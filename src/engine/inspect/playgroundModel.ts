/** The playground's models: weights that are drawn once and stay as they are while a slider moves, so that the picture moves and does not jump. */
import { sizesOf, uniformModel, type ModelConfig } from '../../core/model/config';
import type { GeneralModel } from '../../core/model/generalModel';
import { fillBetween, fillFirst } from '../../core/model/initialize';
import { randomOrthogonal } from '../../core/model/orthogonal';
import { Parameters, type ParameterEntry } from '../../core/model/parameters';
import { generalModelOf, type PlainModel } from '../../core/model/plainModel';
import { Random } from '../../core/model/random';
import { isActivation } from '../../layers/activation';
import { isRecurrentByMatrix, kindOf, optionsOf } from '../../layers/catalog';
import { always, normalWith } from '../../layers/parameters';
import { activationControl, choiceAt, gainControl, matrixControl, numberAt } from '../../layers/playground';
import { surroundingsOf, type PlaygroundSettings } from '../../protocol/playground';
import { matrixSpectrumOf } from '../../core/spectra/matrixSpectrum';

export const letters = Array.from('abcdefghijklmnopqrstuvwxyz');

export interface PlaygroundModel {
  readonly general: GeneralModel;
  /** The same for the kernels; null of what they do not compute. */
  readonly plain: PlainModel | null;
  /** ‖R‖₂, the largest over gates and layers; 0 without R. */
  readonly spectralNorm: number;
}

interface Drawn {
  /** What it was drawn for. */
  readonly key: string;
  readonly parameters: Parameters;
  /** ‖R‖₂ at a spectral radius of 1. */
  readonly norm: number;
}

export class PlaygroundWeights {
  private drawn: Drawn | null = null;

  /** Whatever the values of the controls are: whether they are within their limits is checked before. Throws a UserError for sizes that do not go together. */
  model(settings: PlaygroundSettings): PlaygroundModel {
    const { cell, values, seed } = settings;
    const { playground } = kindOf(cell);
    const config = configOf(settings);
    const matrix = isRecurrentByMatrix(cell) ? choiceAt(values, matrixControl) : '';
    const key = JSON.stringify([config, matrix, seed]);
    if (this.drawn?.key !== key) this.drawn = { key, ...draw(config, matrix, seed) };
    const { parameters: drawn, norm } = this.drawn;
    const parameters = new Parameters(config, drawn.values.slice());
    parameters.layers.forEach(([{ W, R, Wb, Rb, own }], layer) => {
      playground.adjust({ W, R, Wb, Rb, ...own }, values, sizesOf(config, layer));
    });
    const general = generalModelOf(config, parameters);
    return {
      ...(isLinear(settings) ? { general: linear(general), plain: null } : { general, plain: { config, parameters } }),
      spectralNorm: norm === 0 ? 0 : norm * numberAt(values, gainControl),
    };
  }
}

function configOf(settings: PlaygroundSettings): ModelConfig {
  const { cell, values, layers } = settings;
  const { playground } = kindOf(cell);
  const hiddenSize = settings.hiddenSize ?? playground.hiddenSize;
  const activation = choiceAt(values, activationControl);
  return uniformModel({
    cell,
    activation: isActivation(activation) ? activation : 'tanh',
    layers,
    hiddenSize,
    bidirectional: false,
    ...surroundingsOf(settings),
    options: optionsOf(cell, playground.options(values)),
    // As wide as what the layers give, so that it can be added to that.
    embeddingSize: hiddenSize,
    tied: false,
    objective: 'next',
    vocabularySize: letters.length,
  });
}

function isLinear({ cell, values }: PlaygroundSettings): boolean {
  return kindOf(cell).activation === 'chosen' && choiceAt(values, activationControl) === 'linear';
}

/** The same with y = x for an activation, which no model that is trained has. */
function linear(model: GeneralModel): GeneralModel {
  const layers = model.layers.map((layer) => ({
    ...layer,
    directions: layer.directions.map((direction) => ({
      ...direction,
      activations: direction.activations.map((form) => ({ ...form, name: 'affine' as const })),
    })),
  }));
  return { ...model, layers };
}

/**
 * Matrices that keep the variance of what they multiply, biases of zero, recurrent matrices of spectral radius 1, and what the kind says otherwise. Every
 * tensor has draws of its own, so that another layer or norm leaves the others as they are.
 */
function draw(config: ModelConfig, matrix: string, seed: number): Omit<Drawn, 'key'> {
  const parameters = new Parameters(config);
  let norm = 0;
  for (const entry of parameters.layout.entries) {
    const values = parameters.view(entry);
    const random = Random.forDrawing(seedOf(entry.name, seed));
    if (entry.parameter?.initialization === 'recurrent')
      norm = Math.max(norm, fillRecurrent(values, entry, matrix, random));
    else fill(values, entry, config, random);
  }
  return { parameters, norm };
}

function fill(
  values: Float32Array,
  { parameter, role, shape, layer }: ParameterEntry,
  config: ModelConfig,
  random: Random,
): void {
  const { playground } = kindOf(config.layers[0].cell);
  const sizes = sizesOf(config, Math.max(0, layer));
  const [, columns] = shape as readonly [number, number?];
  const own = Object.hasOwn(playground.first, role) ? { first: playground.first[role] } : parameter?.initialization;
  if (role === 'embedding') fillFirst(values, normalWith(playground.deviation), random);
  else if (typeof own === 'object' && 'between' in own) fillBetween(values, own.between, random);
  else if (typeof own === 'object') fillFirst(values, own.first(sizes), random);
  else fillFirst(values, columns === undefined ? always(0) : normalWith(1 / Math.sqrt(columns)), random);
}

/** Gate by gate. Returns the largest 2-norm. */
function fillRecurrent(
  values: Float32Array,
  { shape: [rows, H] }: ParameterEntry,
  matrix: string,
  random: Random,
): number {
  let largest = 0;
  for (let row = 0; row < rows; row += H) {
    const { block, norm } =
      matrix === 'orthogonal' ? { block: randomOrthogonal(H, random), norm: 1 } : gaussianOfRadiusOne(H, random);
    values.set(block, row * H);
    largest = Math.max(largest, norm);
  }
  return largest;
}

function gaussianOfRadiusOne(H: number, random: Random): { block: Float64Array; norm: number } {
  const block = Float64Array.from({ length: H * H }, () => random.normal());
  const spectrum = matrixSpectrumOf(block, H, 0);
  if (!spectrum) throw new Error('the matrix is too large for its eigenvalues');
  const { spectralRadius, spectralNorm } = spectrum;
  return { block: block.map((value) => value / spectralRadius), norm: spectralNorm / spectralRadius };
}

/** Of a tensor's draws: FNV-1a over its name, beginning at the seed. */
function seedOf(name: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash;
}
