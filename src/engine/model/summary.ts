/** What a model is, in few words. */
import type { GeneralModel } from '../../core/model/generalModel';
import { parameterCount } from '../../core/model/plainModel';
import type { GraphLanguageModel } from '../../modelFiles/onnx/graphMode/recognize';
import type { GraphSummary } from '../../protocol/graph';
import type { ModelSummary } from '../../protocol/model';
import type { UserError } from '../../userError';
import { choiceOf, defaultSeries } from '../inspect/graph/graphInspector';

/** @param producer who wrote its file, as that says */
export function summaryOf(model: GeneralModel, producer: string | null): ModelSummary {
  const { layers, embedding, output, vocabularySize } = model;
  return {
    mode: 'stack',
    layers: layers.map(({ cell, hiddenSize, directions, options }) => ({
      cell,
      hiddenSize,
      directions: directions.map(({ direction }) => direction),
      activation: directions[0].activations.at(0)?.name === 'relu' ? 'relu' : 'tanh',
      options,
    })),
    vocabularySize,
    ...(model.isOfNumbers === true && { features: layers[0].inputSize }),
    embeddingSize: embedding && embedding.length / vocabularySize,
    tied: embedding !== null && output.W === embedding,
    hasNorm: model.norm !== null,
    parameterCount: parameterCount(model),
    producer,
  };
}

/** The same of a model in graph mode. @param refusal why it is no stack of known layers */
export function graphSummaryOf(
  { use, vocabularySize, readsLaterTokens, series, parameterCount: count }: GraphLanguageModel,
  { key, args }: UserError,
  producer: string | null,
): GraphSummary {
  return {
    mode: 'graph',
    vocabularySize,
    parameterCount: count,
    producer,
    stackRefusal: { key, args },
    readsLaterTokens,
    maxSteps: use.way === 'single' ? null : use.ids.length,
    hasScores: use.scores !== null,
    tensors: series.map(choiceOf),
    defaultSeries: defaultSeries(series).map(({ name }) => name),
  };
}
