/** Models of attention layers with the parameters of PyTorch's vectors, as the engine has them. */
import { checkConfig, type ModelConfig } from '../../../src/core/model/config';
import type { GeneralModel } from '../../../src/core/model/generalModel';
import { Parameters } from '../../../src/core/model/parameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { attentionParameters, type AttentionCase } from '../../reference/attentionVectors';
import { nameOf } from './attentionModel';

/** What the model of a case is to the engine. */
export function attentionConfig(given: AttentionCase): ModelConfig {
  const { layers, width, heads, positions, context, biases, norm, residual, vocabulary, tied, finalNorm } = given;
  return checkConfig({
    layers: Array.from({ length: layers }, () => ({
      cell: 'attention',
      activation: 'tanh',
      hiddenSize: width,
      bidirectional: false,
      norm,
      residual,
      options: { heads, positions, context, biases },
    })),
    vocabularySize: vocabulary,
    embeddingSize: width,
    tied,
    objective: 'next',
    finalNorm,
  });
}

/** The vectors' name of a parameter. */
export function vectorName(name: string): string {
  const norm = /^norm\.(gamma|beta)$/.exec(name);
  if (norm) return `final.${norm[1]}`;
  const own = /^layer(\d+)\.forward\.(\w+)$/.exec(name);
  if (own) return nameOf(Number(own[1]), own[2]);
  return name.replace('.norm.', '.');
}

export function attentionGeneralModel(given: AttentionCase): GeneralModel {
  const config = attentionConfig(given);
  const parameters = new Parameters(config);
  const values = attentionParameters(given);
  for (const entry of parameters.layout.entries) parameters.view(entry).set(values.get(vectorName(entry.name))!);
  return generalModelOf(config, parameters);
}
