/** A training that is interrupted and goes on from its saved state ends with the very bits of one that was not. */
import { strict as assert } from 'node:assert';
import { Streams } from '../../src/core/corpus/streams';
import { plainStack, type ModelConfig } from '../../src/core/model/config';
import { initialise } from '../../src/core/model/initialise';
import { Parameters } from '../../src/core/model/parameters';
import { Random } from '../../src/core/model/random';
import { checkTraining } from '../../src/engine/train/checkTraining';
import { Trainer } from '../../src/engine/train/trainer';
import { defaultTrainingSettings, type TrainingSettings } from '../../src/protocol/settings';
import { createBackend } from '../../src/engine/backend';

const config: ModelConfig = { ...plainStack, cell: 'lstm', activation: 'tanh', layers: 2, hiddenSize: 6, vocabularySize: 5 };
const ids = Int32Array.from({ length: 203 }, (_, i) => (i * i + (i >> 2)) % 5);
// A warm-up that ends and a decay that begins after the interruption, and both clippings at work.
const base: TrainingSettings = {
  ...defaultTrainingSettings,
  window: 7, batch: 3, steps: 14, warmupSteps: 8, clipNorm: 0.05, clipValue: 0.01, learningRate: 0.05, weightDecay: 0.01, forgetBias: 1,
};
const variants: readonly Partial<TrainingSettings>[] = [
  { optimizer: 'sgd', schedule: 'step', decaySteps: 2, decayFactor: 0.5 },
  { optimizer: 'sgd', momentum: 0.9 },
  { optimizer: 'sgd', momentum: 0.9, nesterov: true, initialisation: 'orthogonal' },
  { optimizer: 'rmsprop', schedule: 'cosine' },
  { optimizer: 'rmsprop', momentum: 0.9, initialisation: 'gaussian' },
  { optimizer: 'adagrad', schedule: 'cosine', finalFraction: 0.1 },
  { optimizer: 'adam', schedule: 'step', decaySteps: 3 },
  { optimizer: 'adamw', schedule: 'cosine', initialisation: 'identity' },
];

async function trainerOf(settings: TrainingSettings, parameters: Parameters): Promise<Trainer> {
  return Trainer.create(config, settings, parameters, new Streams(ids, settings.window, settings.batch), await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity));
}

async function train(trainer: Trainer, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) await trainer.next();
}

describe('interrupted and resumed, the same bits', () => {
  for (const variant of variants) {
    it(Object.entries(variant).map(([name, value]) => `${name} ${value}`).join(', '), async () => {
      const settings = checkTraining({ ...base, ...variant });
      const start = () => initialise(config, Random.fromSeed(settings.seed), settings);

      const uninterrupted = await trainerOf(settings, start());
      await train(uninterrupted, 14);

      const before = await trainerOf(settings, start());
      await train(before, 5);
      const after = await trainerOf(settings, new Parameters(config, before.parameters.values.slice()));
      after.restoreState(before.encodeState(), 'step-5.safetensors');
      await train(after, 9);

      assert.notDeepEqual(uninterrupted.parameters.values, start().values, 'it trained');
      assert.deepEqual(after.parameters.values, uninterrupted.parameters.values);
      assert.deepEqual(after.encodeState(), uninterrupted.encodeState());
    });
  }

  it('a step says what clipping did', async () => {
    const trainer = await trainerOf(base, initialise(config, Random.fromSeed(1)));
    const { gradientNorm, clippedNorm, clippedFraction } = await trainer.next();
    assert.ok(gradientNorm > clippedNorm && clippedNorm <= 0.05 && clippedFraction > 0 && clippedFraction < 1);
  });
});
