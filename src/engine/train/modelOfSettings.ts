/** The model that a person has chosen. */
import { checkConfig, uniformModel, uniformStack, type ModelConfig } from '../../core/model/config';
import type { RunSizes } from '../../protocol/run';
import { isMixture, type ModelSettings } from '../../protocol/settings';

/** What a model reads and predicts: symbols, or numbers. */
export type CorpusSizes = Pick<ModelConfig, 'vocabularySize' | 'features'>;

/** Throws a UserError for settings of which no model can be made. */
export function modelOfSettings(model: ModelSettings, { vocabularySize, features }: CorpusSizes): ModelConfig {
  const sizes = { vocabularySize, features };
  return isMixture(model) ? checkConfig({ ...model, ...sizes }) : uniformModel({ ...model, ...sizes });
}

/** What a person would have chosen for a model that is there: without its sizes, which a corpus decides. */
export function settingsOfModel(config: ModelConfig): ModelSettings {
  const { embeddingSize, tied, objective, finalNorm, layers } = config;
  const around = { embeddingSize, tied, objective, finalNorm };
  const stack = uniformStack(config);
  return stack ? { ...layers[0], ...around, layers: stack.layers } : { ...around, layers };
}

/** As a run's description has them: older runs, and those of tokens, say nothing of numbers. */
export function sizesInRun({ vocabularySize, features }: ModelConfig): RunSizes {
  return { vocabularySize, ...(features !== null && { features }) };
}

/** The settings with all the options that each layer has of its kind, and no others. */
export function settingsInFull(model: ModelSettings, { layers }: ModelConfig): ModelSettings {
  return isMixture(model) ? { ...model, layers } : { ...model, options: layers[0].options };
}
