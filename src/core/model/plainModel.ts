/** Which general models are also a `ModelConfig`: those can be trained, and the fast kernels compute them. */
import { activationsOf, kindOf } from '../../layers/catalog';
import { normEpsilon, type NormName } from '../../layers/norm';
import type { LayerSizes } from '../../layers/parameters';
import { UserError } from '../../userError';
import { checkConfig, directionsOf, inputSize, isMixer, type LayerConfig, type ModelConfig } from './config';
import { unusualForm } from './generalForm';
import { eachRole, ofRole } from './directionParameters';
import { sizesOfLayer, weightsOf, type GeneralLayer, type GeneralModel, type Norm } from './generalModel';
import { Parameters, type NormWeights } from './parameters';
import { sublayersOf } from './sublayers';

export interface PlainModel {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
}

/** The same model with its parameters in one array, in float32. Throws a UserError that says what stands in the way. */
export function plainModelOf(model: GeneralModel): PlainModel {
  const { layers, embedding, output, vocabularySize } = model;
  const configs = layers.map((layer, index) => layerConfigOf(layer, sizesOfLayer(model, index)));
  const config = checkConfig({
    layers: configs,
    finalNorm: normNameOf(model.norm),
    vocabularySize,
    features: model.isOfNumbers === true ? layers[0].inputSize : null,
    embeddingSize: embedding && embedding.length / vocabularySize,
    tied: output.W === embedding,
    objective:
      model.isOfNumbers === true
        ? 'squaredError'
        : configs.some(({ bidirectional }) => bidirectional)
          ? 'masked'
          : 'next',
  });
  const parameters = new Parameters(config);
  if (embedding) parameters.embedding?.set(embedding);
  layers.forEach(({ cell, directions }, l) => {
    directions.forEach((weights, d) => {
      for (const [{ role }, values] of eachRole(cell, parameters.layers[l][d])) values.set(ofRole(weights, role));
    });
  });
  layers.forEach(({ sublayers }, l) => {
    sublayers.forEach(({ norm }, s) => {
      copyNorm(parameters.norms[l][s], norm);
    });
  });
  copyNorm(parameters.finalNorm, model.norm);
  parameters.output.W.set(output.W);
  parameters.output.b.set(output.b);
  return { config, parameters };
}

/** Throws a UserError that says what stands in the way. */
function layerConfigOf(layer: GeneralLayer, sizes: LayerSizes): LayerConfig {
  const { cell, hiddenSize, options, directions, source } = layer;
  const form = unusualForm(layer);
  if (form.length > 0) throw new UserError('error.trainFrom.layerForm', source, form.join(', '));
  if (directions[0].direction === 'backward') throw new UserError('error.trainFrom.backwardOnly', source);
  const [activation, ...others] = new Set(directions.map(({ activations: forms }) => forms.at(0)?.name));
  if (others.length > 0) throw new UserError('error.trainFrom.activationsDiffer', source);
  return {
    cell,
    activation: activation === 'relu' ? 'relu' : 'tanh',
    hiddenSize,
    bidirectional: directions.length > 1,
    options,
    ...aroundOf(layer, sizes),
  };
}

/** What stands around all sublayers of a layer, but for those around which the same stands always. */
function aroundOf(
  { cell, sublayers, source }: GeneralLayer,
  sizes: LayerSizes,
): { readonly norm: NormName; readonly residual: boolean } {
  const described = kindOf(cell).mixer?.sublayers(sizes) ?? [];
  const own = sublayers
    .filter((_, s) => !described.at(s)?.around)
    .map(({ norm, residual }) => ({ norm: normNameOf(norm), residual }));
  const [first] = own;
  if (own.some(({ norm, residual }) => norm !== first.norm || residual !== first.residual))
    throw new UserError('error.trainFrom.aroundDiffers', source);
  return first;
}

/** Throws a UserError for an ε that models of ours do not have. */
function normNameOf(norm: Norm | null): NormName {
  if (!norm) return 'none';
  if (Math.abs(norm.epsilon - normEpsilon) > 1e-6 * normEpsilon)
    throw new UserError('error.trainFrom.normEpsilon', norm.epsilon, normEpsilon);
  return norm.kind;
}

function copyNorm(ours: NormWeights | null, norm: Norm | null): void {
  ours?.gamma.set(norm?.gamma ?? []);
  ours?.beta.set(norm?.beta ?? []);
}

/** The same model in the general form, over the same parameters. */
export function generalModelOf(config: ModelConfig, parameters: Parameters): GeneralModel {
  const layers = config.layers.map(({ cell, activation, hiddenSize, bidirectional, options }, layer) => {
    const activations = activationsOf(cell, activation).map((name) => ({ name, alpha: 1, beta: 0 }));
    return {
      cell,
      options,
      hiddenSize,
      inputSize: inputSize(config, layer),
      directions: parameters.layers[layer].map((weights, d) => ({
        direction: directionsOf({ bidirectional })[d],
        ...weights,
        peepholes: null,
        activations,
        initialStates: [],
      })),
      clip: null,
      linearBeforeReset: true,
      inputForget: false,
      sublayers: sublayersOf(config, layer).map(({ name, norm, residual, states }, s) => ({
        name,
        norm: normOf(norm, parameters.norms[layer][s]),
        residual,
        isMixer: isMixer({ cell }),
        states,
      })),
      source: `layer${layer}`,
    };
  });
  return {
    vocabularySize: config.vocabularySize,
    ...(config.features !== null && { isOfNumbers: true }),
    embedding: parameters.embedding,
    layers,
    norm: normOf(config.finalNorm, parameters.finalNorm),
    output: parameters.output,
  };
}

function normOf(kind: NormName, weights: NormWeights | null): Norm | null {
  return kind === 'none' || !weights ? null : { kind, ...weights, epsilon: normEpsilon };
}

/** Numbers in all parameters; a tied output counts once. */
export function parameterCount({ embedding, layers, norm, output }: GeneralModel): number {
  const ofLayers = layers.flatMap(({ directions, sublayers }) => [
    ...directions.flatMap(weightsOf),
    ...sublayers.flatMap((sublayer) => (sublayer.norm ? [sublayer.norm.gamma, sublayer.norm.beta] : [])),
  ]);
  const all = [
    embedding,
    ...ofLayers,
    norm && norm.gamma,
    norm && norm.beta,
    output.W === embedding ? null : output.W,
    output.b,
  ];
  return all.reduce((sum, each) => sum + (each?.length ?? 0), 0);
}
