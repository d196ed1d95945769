/** A model, its trainer and its validator, put together on a backend. */
import type { Corpus } from '../../core/corpus/corpusBuilder';
import type { ModelConfig } from '../../core/model/config';
import type { Parameters } from '../../core/model/parameters';
import { generalModelOf } from '../../core/model/plainModel';
import type { TrainingSettings } from '../../protocol/settings';
import { createBackend, stepWorkOf, windowWorkOf } from '../backend';
import type { ModelLock } from '../modelLock';
import type { Readers } from './readers';
import type { RunParts } from './run';
import { Trainer } from './trainer';
import { Validator } from './validator';
import { yieldingBackend } from './yieldingBackend';

export async function assemble(
  config: ModelConfig,
  parameters: Parameters,
  { vocabulary }: Corpus,
  readers: Readers,
  training: TrainingSettings,
  modelLock: ModelLock,
  cores: number,
): Promise<Pick<RunParts, 'model' | 'plain' | 'trainer' | 'validator'>> {
  const backend = yieldingBackend(
    await createBackend(training, cores, stepWorkOf(config, training.batch), windowWorkOf(config, training.batch)),
    modelLock,
  );
  const trainer = Trainer.create(config, training, parameters, readers.training, backend);
  const validator = readers.validation && Validator.create(config, readers.validation, trainer.parameters, backend);
  const inspecting = await createBackend(training, cores, Infinity);
  const plain = { config, parameters: trainer.parameters };
  return {
    model: {
      general: generalModelOf(config, trainer.parameters),
      plain,
      isLive: true,
      vocabulary,
      backend: inspecting,
    },
    plain,
    trainer,
    validator,
  };
}
