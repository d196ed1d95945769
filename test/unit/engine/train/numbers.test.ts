/** A training on sequences of numbers: it learns, goes on with the same bits, in shares too, and says where a gradient overflows. */
import { strict as assert } from 'node:assert';
import { type ModelConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { createBackend, stepWorkOf, windowWorkOf, type Backend } from '../../../../src/engine/backend';
import { searchBatch } from '../../../../src/engine/train/overflowSearch';
import { Overflow } from '../../../../src/engine/train/trainer';
import { Validator } from '../../../../src/engine/train/validator';
import { type TrainingSettings } from '../../../../src/protocol/settings';
import { assertClose, assertNear } from '../../../reference/compare';
import { kinds, configOf, corpus, few, readerOf, wasm, trainerOf, inspectorOf } from '../../support/numberModels';

describe('training on sequences of numbers', () => {
  for (const cell of kinds)
    it(`${cell}: the squared error falls`, async () => {
      const trainer = await trainerOf(configOf({ cell }), {}, readerOf(few, 8));
      const losses: number[] = [];
      for (let step = 0; step < 150; step++) losses.push((await trainer.next()).loss);
      const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
      const [first, last] = [mean(losses.slice(0, 3)), mean(losses.slice(-3))];
      assert.ok(last < first / 4, `${first} → ${last}`);
    });

  it('interrupted and resumed, the same bits, with dropout, truncation and remedies too', async () => {
    const variants: readonly [ModelConfig, Partial<TrainingSettings>][] = [
      [configOf({ cell: 'lstm', layers: 2 }), { dropout: 0.2, truncation: 2, flossing: 0.5, flossingEvery: 3 }],
      [configOf({ cell: 'rnn' }), { omega: 1, radiusCap: 0.9, flossing: 0.5, flossingEvery: 2, flossingExponents: 3 }],
      [configOf({ cell: 'gru', layers: 2, norm: 'layerNorm', finalNorm: 'layerNorm' }), {}],
    ];
    for (const [config, settings] of variants) {
      const whole = await trainerOf(config, settings, readerOf(few, 5));
      for (let step = 0; step < 12; step++) await whole.next();
      const before = await trainerOf(config, settings, readerOf(few, 5));
      for (let step = 0; step < 7; step++) await before.next();
      const after = await trainerOf(config, settings, readerOf(few, 5));
      after.parameters.values.set(before.parameters.values);
      after.restoreState(before.encodeState(), 'step-7.safetensors');
      for (let step = 7; step < 12; step++) await after.next();
      assert.deepEqual(after.parameters.values, whole.parameters.values);
      assert.deepEqual(after.encodeState(), whole.encodeState());
    }
  });

  it('in shares is the whole batch’s step up to rounding, with the same bits on one thread and on two', async () => {
    const config = configOf({ cell: 'lstm', hiddenSize: 160, layers: 2 });
    const many = corpus(60, (i) => 2 + (i % 8));
    const onThreads = (threads: number) =>
      createBackend({ backend: 'ort', threads }, threads, stepWorkOf(config, 21), windowWorkOf(config, 21));
    const trained = async (backend: Backend) => {
      const trainer = await trainerOf(config, {}, readerOf(many, 21), backend);
      const losses: number[] = [];
      for (let step = 0; step < 4; step++) losses.push((await trainer.next()).loss);
      trainer.end();
      return { losses, weights: trainer.parameters.values };
    };
    const one = await onThreads(1);
    assert.equal(one.shares(21), 2);
    const inShares = await trained(one);
    const whole = await trained({
      ...one,
      shares: () => 1,
      buildShare: (_, streams, make) => one.build(streams, make),
    });
    assertClose(inShares.losses, whole.losses, 1e-5, 'losses');
    assertClose(inShares.weights, whole.weights, 2e-4, 'weights');
    assert.deepEqual(await trained(await onThreads(2)), inShares);
  });

  it('validates by the mean over all sequences of their squared errors', async () => {
    const config = configOf({ cell: 'gru' });
    const parameters = initialize(config, Random.fromSeed(4));
    const loss = await Validator.create(config, readerOf(few, 5, null), parameters, await wasm()).loss();
    const inspector = await inspectorOf(config, parameters);
    let sum = 0;
    for (const line of few.lines) sum += (await inspector.read(line)).trace.loss / few.lines.length;
    assertNear(loss, sum, 1e-5, 'validation loss');
  });

  it('of a gradient that overflows the place is found, and the weights stay as they were', async () => {
    const config = configOf({ cell: 'rnn' });
    const trainer = await trainerOf(config, {}, readerOf(few, 5));
    trainer.parameters.output.W.fill(3e38);
    const before = trainer.parameters.values.slice();
    const overflow = await trainer.next().then(
      () => assert.fail('it went on'),
      (thrown: unknown) => thrown,
    );
    assert.ok(overflow instanceof Overflow);
    assert.deepEqual(trainer.parameters.values, before);
    const found = await searchBatch(overflow.batch, generalModelOf(config, trainer.parameters), () =>
      Promise.resolve(true),
    );
    assert.ok(found?.place);
  });
});
