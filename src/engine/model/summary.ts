/** What a model is, in few words. */
import type { GeneralModel } from '../../core/model/generalModel';
import { parameterCount } from '../../core/model/plainModel';
import type { ModelSummary } from '../../protocol/model';

/** @param producer who wrote its file, as that says */
export function summaryOf(model: GeneralModel, producer: string | null): ModelSummary {
  const { layers, embedding, output, vocabularySize } = model;
  return {
    mode: 'stack',
    layers: layers.map(({ cell, hiddenSize, directions }) => ({
      cell,
      hiddenSize,
      directions: directions.map(({ direction }) => direction),
    })),
    vocabularySize,
    embeddingSize: embedding && embedding.length / vocabularySize,
    tied: embedding !== null && output.W === embedding,
    hasNorm: model.norm !== null,
    parameterCount: parameterCount(model),
    activation: layers[layers.length - 1].directions[0].activations.at(0)?.name === 'relu' ? 'relu' : 'tanh',
    producer,
  };
}
