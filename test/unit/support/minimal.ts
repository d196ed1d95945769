/** The engine's models made of minGRU's and minLSTM's vectors, or of any numbers. */
import { plainStack, uniformModel, type ModelConfig } from '../../../src/core/model/config';
import { Parameters } from '../../../src/core/model/parameters';
import { listMinimalParameters, type MinimalCase, type MinimalParameters } from '../../reference/minimalVectors';

export function configOfMinimal({
  cell,
  positive,
  layers,
  directions,
  hidden,
  vocabulary,
  embedding,
  tied,
}: Omit<MinimalCase, 'name' | 'truncation' | 'parameters' | 'windows' | 'text'>): ModelConfig {
  return uniformModel({
    ...plainStack,
    cell,
    activation: 'tanh',
    options: { positive },
    layers,
    bidirectional: directions === 2,
    hiddenSize: hidden,
    vocabularySize: vocabulary,
    embeddingSize: embedding,
    tied,
  });
}

export function parametersOfMinimal(config: ModelConfig, source: MinimalParameters): Parameters {
  const parameters = new Parameters(config);
  const views = viewsOf(parameters);
  for (const [name, values] of listMinimalParameters(source)) views.get(name)!.set(values);
  return parameters;
}

/** By the names of the layout. */
export function viewsOf(parameters: Parameters): ReadonlyMap<string, Float32Array> {
  return new Map(parameters.layout.entries.map((entry) => [entry.name, parameters.view(entry)]));
}
