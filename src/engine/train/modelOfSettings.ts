/** The model that a person has chosen. */
import { checkConfig, uniformModel, type ModelConfig } from '../../core/model/config';
import { isMixture, type ModelSettings } from '../../protocol/settings';

/** Throws a UserError for settings of which no model can be made. */
export function modelOfSettings(model: ModelSettings, vocabularySize: number): ModelConfig {
  return isMixture(model) ? checkConfig({ ...model, vocabularySize }) : uniformModel({ ...model, vocabularySize });
}

/** The settings with all the options that each layer has of its kind, and no others. */
export function settingsInFull(model: ModelSettings, { layers }: ModelConfig): ModelSettings {
  return isMixture(model) ? { ...model, layers } : { ...model, options: layers[0].options };
}
