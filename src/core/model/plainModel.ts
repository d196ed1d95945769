/** Which general models are also a `ModelConfig`: those can be trained, and the fast kernels compute them. */
import { activationsOf } from '../../layers/catalog';
import { normEpsilon, type NormName } from '../../layers/norm';
import { areSameOptions } from '../../layers/options';
import { UserError } from '../../userError';
import { directionsOf, inputSize, isMixer, uniformModel, type ModelConfig } from './config';
import { unusualForm } from './generalForm';
import { eachRole, ofRole } from './directionParameters';
import { weightsOf, type GeneralModel, type Norm } from './generalModel';
import { Parameters, type NormWeights } from './parameters';
import { sublayersOf } from './sublayers';

export interface PlainModel {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
}

/** The same model with its parameters in one array, in float32. Throws a UserError that says what stands in the way. */
export function plainModelOf(model: GeneralModel): PlainModel {
  const { layers, embedding, output, vocabularySize } = model;
  const [first] = layers;
  for (const layer of layers) {
    const form = unusualForm(layer);
    if (form.length > 0) throw new UserError('error.trainFrom.layerForm', layer.source, form.join(', '));
    const isLike =
      layer.cell === first.cell &&
      layer.hiddenSize === first.hiddenSize &&
      areSameOptions(layer.options, first.options) &&
      layer.directions.length === first.directions.length;
    if (!isLike) throw new UserError('error.trainFrom.layersDiffer', first.source, layer.source);
    if (layer.directions[0].direction === 'backward') throw new UserError('error.trainFrom.backwardOnly', layer.source);
  }
  const activations = layers.flatMap(({ directions }) => directions.map(({ activations: forms }) => forms.at(0)?.name));
  if (new Set(activations).size > 1) throw new UserError('error.trainFrom.activationsDiffer');
  if (model.norm) throw new UserError('error.trainFrom.layerNorm');
  const isBidirectional = first.directions.length > 1;
  const config = uniformModel({
    cell: first.cell,
    activation: activations[0] === 'relu' ? 'relu' : 'tanh',
    layers: layers.length,
    bidirectional: isBidirectional,
    hiddenSize: first.hiddenSize,
    options: first.options,
    vocabularySize,
    embeddingSize: embedding && embedding.length / vocabularySize,
    tied: output.W === embedding,
    objective: isBidirectional ? 'masked' : 'next',
  });
  const parameters = new Parameters(config);
  if (embedding) parameters.embedding?.set(embedding);
  layers.forEach(({ cell, directions }, l) => {
    directions.forEach((weights, d) => {
      for (const [{ role }, values] of eachRole(cell, parameters.layers[l][d])) values.set(ofRole(weights, role));
    });
  });
  parameters.output.W.set(output.W);
  parameters.output.b.set(output.b);
  return { config, parameters };
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
