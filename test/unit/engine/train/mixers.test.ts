/** Training stacks with layers that are no recurrent cell. */
import { strict as assert } from 'node:assert';
import { Streams } from '../../../../src/core/corpus/streams';
import { Parameters } from '../../../../src/core/model/parameters';
import { createBackend } from '../../../../src/engine/backend';
import { Trainer } from '../../../../src/engine/train/trainer';
import { models, parametersFor, trainingOf } from '../../support/mixerStacks';

describe('training a stack with mixers', () => {
  for (const [name, config] of Object.entries(models)) {
    it(`${name}: learns, and resumes with the same bits, states of any width carried along`, async () => {
      const settings = trainingOf();
      const text = Int32Array.from({ length: 303 }, (_, i) => (i * i + (i >> 2)) % 9);
      const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
      const trainerOf = (parameters: Parameters) =>
        Trainer.create(config, settings, parameters, new Streams(text, settings.window, settings.batch), backend);
      const whole = trainerOf(parametersFor(config));
      const losses: number[] = [];
      for (let step = 0; step < 40; step++) losses.push((await whole.next()).loss);
      assert.ok(losses[39] < losses[0] - 0.1, `${losses[0]} to ${losses[39]}`);
      const before = trainerOf(parametersFor(config));
      for (let step = 0; step < 11; step++) await before.next();
      const after = trainerOf(new Parameters(config, before.parameters.values.slice()));
      after.restoreState(before.encodeState(), 'step-11.safetensors');
      for (let step = 11; step < 40; step++) await after.next();
      assert.deepEqual(after.parameters.values, whole.parameters.values);
      assert.deepEqual(after.encodeState(), whole.encodeState());
      const inputs = whole.recording.series.filter((series) => series.name === 'input');
      assert.ok(inputs.length > 0, 'what flows through its boundaries is on record');
      for (const { offset, columns } of inputs)
        assert.ok(
          whole.recording
            .row(0)
            .subarray(offset, offset + columns)
            .every((value) => value > 0 && Number.isFinite(value)),
        );
    });
  }
});
