/** Stacks with layers that are no recurrent cell: mixers that exist in tests only (test/support/mixers.ts), alone and among cells. */
import { readInFloat64, type Float64Trace } from '../../../src/core/float64/float64Trace';
import {
  checkConfig,
  plainLayer,
  plainStack,
  type LayerConfig,
  type ModelConfig,
} from '../../../src/core/model/config';
import { initialize } from '../../../src/core/model/initialize';
import type { Parameters } from '../../../src/core/model/parameters';
import { generalModelOf } from '../../../src/core/model/plainModel';
import { Random } from '../../../src/core/model/random';
import { checkTraining } from '../../../src/engine/train/checkTraining';
import { defaultTrainingSettings, type TrainingSettings } from '../../../src/protocol/settings';
import { leaky, mean } from '../../support/mixers';

export const H = 5;
export const layer = (cell: LayerConfig['cell'], others: Partial<LayerConfig> = {}): LayerConfig => ({
  ...plainLayer,
  cell,
  activation: 'tanh',
  hiddenSize: H,
  ...others,
});
const around = { ...plainStack, vocabularySize: 9, embeddingSize: H } as const;
export const configOf = (layers: readonly LayerConfig[], others: Partial<ModelConfig> = {}): ModelConfig => {
  const { vocabularySize, embeddingSize, tied, objective, finalNorm } = { ...around, ...others };
  return checkConfig({ layers, vocabularySize, embeddingSize, tied, objective, finalNorm });
};

export const models: Readonly<Record<string, ModelConfig>> = {
  'a mixer without a state': configOf([layer(mean)]),
  'a mixer with a state and two sublayers': configOf([layer(leaky)]),
  'mixers with norms and residuals': configOf(
    [layer(mean, { norm: 'rmsNorm', residual: true }), layer(leaky, { norm: 'layerNorm', residual: true })],
    { finalNorm: 'layerNorm' },
  ),
  'a mixture with recurrent cells': configOf([
    layer('lstm', { residual: true }),
    layer(leaky, { norm: 'rmsNorm' }),
    layer('gru'),
    layer(mean, { residual: true, norm: 'layerNorm' }),
  ]),
};

export const ids = [0, 3, 7, 1, 4, 8, 2, 6, 5, 0, 3, 3, 8, 1, 2, 7];
export function parametersFor(config: ModelConfig, seed = 3): Parameters {
  return initialize(config, Random.fromSeed(seed));
}

export function traceOf(config: ModelConfig, parameters: Parameters, of: readonly number[] = ids): Float64Trace {
  return readInFloat64(
    generalModelOf(config, parameters),
    Int32Array.from(of.slice(0, -1)),
    Int32Array.from(of.slice(1)),
  );
}

/** Settings of a short training. */
export const trainingOf = (others: Partial<TrainingSettings> = {}): TrainingSettings =>
  checkTraining({ ...defaultTrainingSettings, window: 7, batch: 3, learningRate: 0.02, ...others });

/** Nothing to wait for between two pieces of a report. */
export const noPause = (): Promise<void> => Promise.resolve();
