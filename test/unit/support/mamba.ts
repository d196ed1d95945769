/** The engine's models made of the kept cases of Mamba. */
import { uniformModel, type ModelConfig } from '../../../src/core/model/config';
import type { Parameters } from '../../../src/core/model/parameters';
import { kindOptions, type MambaOptions } from '../../reference/mambaVectors';

export function mambaConfig(options: MambaOptions): ModelConfig {
  const { width, layers, vocabulary, norm, residual, tied } = options;
  return uniformModel({
    cell: 'mamba',
    activation: 'tanh',
    layers,
    bidirectional: false,
    hiddenSize: width,
    options: kindOptions(options),
    norm: norm ? 'rmsNorm' : 'none',
    residual,
    finalNorm: norm ? 'rmsNorm' : 'none',
    vocabularySize: vocabulary,
    embeddingSize: width,
    tied,
    objective: 'next',
  });
}

/** @param source by the names of the cases: `embedding`, `layer0.W_in`, `layer0.norm` */
export function setMambaParameters(parameters: Parameters, source: ReadonlyMap<string, ArrayLike<number>>): void {
  const set = (values: Float32Array | undefined | null, name: string) => {
    const given = source.get(name);
    if (values && given) values.set(given);
  };
  const { embedding, output, finalNorm, norms, layers } = parameters;
  set(embedding, 'embedding');
  set(output.W, 'output.W');
  set(output.b, 'output.b');
  set(finalNorm?.gamma, 'finalNorm');
  layers.forEach(([{ own }], layer) => {
    for (const [role, values] of Object.entries(own)) set(values, `layer${layer}.${role}`);
    set(norms[layer][0]?.gamma, `layer${layer}.norm`);
  });
}
