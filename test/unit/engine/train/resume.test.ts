/** A training that is interrupted and continues from its saved state ends with the very bits of one that was not. */
import { strict as assert } from 'node:assert';
import { corpusOf } from '../../core/corpus/support';
import { MaskedTokens } from '../../../../src/core/corpus/maskedTokens';
import { Sequences } from '../../../../src/core/corpus/sequences';
import { Streams } from '../../../../src/core/corpus/streams';
import type { WindowReader } from '../../../../src/core/corpus/windowReader';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { Parameters } from '../../../../src/core/model/parameters';
import { Random } from '../../../../src/core/model/random';
import { checkTraining } from '../../../../src/engine/train/checkTraining';
import { Trainer } from '../../../../src/engine/train/trainer';
import { defaultTrainingSettings, type TrainingSettings } from '../../../../src/protocol/settings';
import { createBackend } from '../../../../src/engine/backend';

const stack = { ...plainStack, activation: 'tanh', layers: 2, hiddenSize: 6, vocabularySize: 5 } as const;
const config = uniformModel({ ...stack, cell: 'lstm' });
const ids = Int32Array.from({ length: 203 }, (_, i) => (i * i + (i >> 2)) % 5);
// A warm-up that ends and a decay that begins after the interruption, and both clippings at work.
const base: TrainingSettings = {
  ...defaultTrainingSettings,
  window: 7,
  batch: 3,
  steps: 14,
  warmupSteps: 8,
  clipNorm: 0.05,
  clipValue: 0.01,
  learningRate: 0.05,
  weightDecay: 0.01,
  forgetBias: 1,
};
const variants: readonly Partial<TrainingSettings>[] = [
  { optimizer: 'sgd', schedule: 'step', decaySteps: 2, decayFactor: 0.5 },
  { optimizer: 'sgd', momentum: 0.9 },
  { optimizer: 'sgd', momentum: 0.9, nesterov: true, initialization: 'orthogonal' },
  { optimizer: 'rmsprop', schedule: 'cosine' },
  { optimizer: 'rmsprop', momentum: 0.9, initialization: 'gaussian' },
  { optimizer: 'adagrad', schedule: 'cosine', finalFraction: 0.1 },
  { optimizer: 'adam', schedule: 'step', decaySteps: 3 },
  { optimizer: 'adamw', schedule: 'cosine', initialization: 'identity' },
];

const streams = ({ window, batch }: TrainingSettings) => new Streams(ids, window, batch);

async function trainerOf(
  settings: TrainingSettings,
  parameters: Parameters,
  reader: WindowReader = streams(settings),
  of = config,
): Promise<Trainer> {
  return Trainer.create(
    of,
    settings,
    parameters,
    reader,
    await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity),
  );
}

async function train(trainer: Trainer, steps: number): Promise<void> {
  for (let step = 0; step < steps; step++) await trainer.next();
}

describe('interrupted and resumed, the same bits', () => {
  for (const variant of variants) {
    it(
      Object.entries(variant)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
      async () => {
        const settings = checkTraining({ ...base, ...variant });
        const start = () => initialize(config, Random.fromSeed(settings.seed), settings);

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
      },
    );
  }

  const remedies: readonly Partial<TrainingSettings>[] = [
    { omega: 2 },
    { radiusCap: 0.5 },
    { flossing: 0.5, flossingEvery: 2, flossingExponents: 3 },
  ];
  const ofKinds = [
    ...remedies.map((variant) => ['rnn', variant] as const),
    ...(['lstm', 'gru', 'minGRU', 'minLSTM'] as const).map((cell) => [cell, remedies[2]] as const),
  ];
  for (const [cell, variant] of ofKinds)
    it(`${cell} with ${Object.keys(variant).join(', ')}, which changes what it learns`, async () => {
      const remedied = uniformModel({ ...stack, cell });
      const settings = checkTraining({ ...base, forgetBias: null, clipNorm: null, clipValue: null, ...variant });
      const start = () => initialize(remedied, Random.fromSeed(settings.seed), settings);
      const make = (parameters: Parameters, of = settings) => trainerOf(of, parameters, streams(of), remedied);
      const uninterrupted = await make(start());
      await train(uninterrupted, 14);
      const before = await make(start());
      await train(before, 5);
      const after = await make(new Parameters(remedied, before.parameters.values.slice()));
      after.restoreState(before.encodeState(), 'step-5.safetensors');
      await train(after, 9);
      assert.deepEqual(after.encodeState(), uninterrupted.encodeState());
      assert.deepEqual(after.parameters.values, uninterrupted.parameters.values);

      const without = await make(start(), { ...settings, omega: null, radiusCap: null, flossing: null });
      await train(without, 14);
      assert.notDeepEqual(without.parameters.values, uninterrupted.parameters.values);
    });

  const lines = corpusOf('a\nba\nabba\nbb\nb\naba\nbabab', { split: 'lines', masked: true });
  const sequences = () =>
    new Sequences(
      { ids: lines.ids, ends: lines.ends!, first: 0, last: 7 },
      { batch: 3, sos: 0, eos: 1, seed: 4, longest: 9 },
    );
  const readers: Readonly<Record<string, () => WindowReader>> = {
    sequences: sequences,
    'masked streams': () => new MaskedTokens(streams(base), { mask: 4, kept: [], seed: 4 }),
    'masked sequences': () => new MaskedTokens(sequences(), { mask: 2, kept: [0], seed: 4 }),
  };
  for (const [name, reader] of Object.entries(readers)) {
    it(`${name}, with dropout`, async () => {
      const settings = checkTraining({ ...base, dropout: 0.3 });
      const start = () => initialize(config, Random.fromSeed(settings.seed), settings);
      const uninterrupted = await trainerOf(settings, start(), reader());
      await train(uninterrupted, 14);
      const before = await trainerOf(settings, start(), reader());
      await train(before, 5);
      const after = await trainerOf(settings, new Parameters(config, before.parameters.values.slice()), reader());
      after.restoreState(before.encodeState(), 'step-5.safetensors');
      await train(after, 9);
      assert.deepEqual(after.encodeState(), uninterrupted.encodeState());
      assert.deepEqual(after.parameters.values, uninterrupted.parameters.values);
    });
  }

  it('a step says what clipping did', async () => {
    const trainer = await trainerOf(base, initialize(config, Random.fromSeed(1)));
    const { gradientNorm, clippedNorm, clippedFraction } = await trainer.next();
    assert.ok(gradientNorm > clippedNorm && clippedNorm <= 0.05 && clippedFraction > 0 && clippedFraction < 1);
  });
});
