/** The batch of a step that overflowed, read again in float64: the numbers of training, stream by stream, and where they leave float32. */
import { strict as assert } from 'node:assert';
import { float64Gradient } from '../../../../src/core/float64/float64Backward';
import { readInFloat64 } from '../../../../src/core/float64/float64Trace';
import { plainStack, uniformModel, type ModelConfig } from '../../../../src/core/model/config';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import type { WindowReader } from '../../../../src/core/corpus/windowReader';
import { MaskedTokens } from '../../../../src/core/corpus/maskedTokens';
import { Sequences } from '../../../../src/core/corpus/sequences';
import { Streams } from '../../../../src/core/corpus/streams';
import { gradientsOf } from '../../../../src/core/nonFinite/parameters';
import { createBackend } from '../../../../src/engine/backend';
import { Batch } from '../../../../src/engine/train/batch';
import { streamWindows, type FailedBatch } from '../../../../src/engine/train/failedBatch';
import { searchBatch } from '../../../../src/engine/train/overflowSearch';
import { Overflow, Trainer } from '../../../../src/engine/train/trainer';
import { checkTraining } from '../../../../src/engine/train/checkTraining';
import { defaultTrainingSettings } from '../../../../src/protocol/settings';
import { corpusOf } from '../../core/corpus/support';
import { assertClose } from '../../../reference/compare';
import { parametersFor } from '../../support/mixerStacks';

const V = 5;
const text = Int32Array.from({ length: 303 }, (_, i) => (i * i + (i >> 2)) % V);
const streams = () => new Streams(text, 7, 3);
const goOn = () => Promise.resolve(true);

const lines = corpusOf('a\nba\nabba\nbb\nb\naba\nbabab', { split: 'lines', masked: true });
const sequences = () =>
  new MaskedTokens(
    new Sequences(
      { ids: lines.ids, ends: lines.ends!, first: 0, last: 7 },
      { batch: 3, sos: 0, eos: 1, seed: 4, longest: 9 },
    ),
    { mask: 2, kept: [0], seed: 4 },
  );

const one = { ...plainStack, activation: 'tanh', layers: 2, hiddenSize: 6, vocabularySize: V } as const;
const wide = { ...one, embeddingSize: 6, residual: true } as const;

interface Case {
  readonly config: ModelConfig;
  readonly reader?: () => WindowReader;
  readonly truncation?: number;
  readonly dropout?: number;
}

const cases: Readonly<Record<string, Case>> = {
  'an LSTM, cut and with dropout': { config: uniformModel({ ...one, cell: 'lstm' }), truncation: 3, dropout: 0.3 },
  'a GRU, padded sequences, masked': {
    config: uniformModel({ ...one, cell: 'gru', vocabularySize: 5 }),
    reader: sequences,
  },
  'an RNN both ways, masked, padded, cut': {
    config: uniformModel({ ...one, cell: 'rnn', bidirectional: true, objective: 'masked' }),
    reader: sequences,
    truncation: 2,
  },
  'a minimal LSTM with norms and residuals': {
    config: uniformModel({ ...wide, cell: 'minLSTM', norm: 'layerNorm', finalNorm: 'rmsNorm' }),
    dropout: 0.2,
  },
  'Mamba, whose states are carried, cut': {
    config: uniformModel({ ...wide, cell: 'mamba', norm: 'rmsNorm', finalNorm: 'rmsNorm' }),
    truncation: 3,
    dropout: 0.2,
  },
  'attention, tied': {
    config: uniformModel({
      ...{ ...wide, cell: 'attention', norm: 'layerNorm', finalNorm: 'layerNorm', tied: true },
      options: { heads: 2, context: 9, positions: 'learned' },
    }),
    dropout: 0.2,
  },
};

describe('a batch that failed', () => {
  for (const [name, { config, reader: make = streams, truncation = 0, dropout: probability = 0 }] of Object.entries(
    cases,
  )) {
    it(`has in float64, stream by stream, the loss and the gradient that training had: ${name}`, async () => {
      const reader = make();
      const { steps: maxSteps, batch: B } = reader;
      const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
      const settings = {
        config,
        steps: maxSteps,
        batch: B,
        hasDropout: probability > 0,
        hasOmega: false,
        records: true,
      };
      const batch = new Batch(backend, settings, () => null);
      const { board, network } = batch;
      network.parameters.values.set(parametersFor(config).values);
      const model = generalModelOf(config, network.parameters);
      for (let step = 0; step < 4; step++) {
        const { steps, restarts } = reader.next(board.inputs, board.targets, board.lengths);
        if (restarts) board.clearState();
        const dropout = probability > 0 ? { probability, seed: 5, step } : null;
        const rows = steps * B;
        const failed: FailedBatch = {
          ...{ config, parameters: network.parameters, steps, maxSteps, batch: B },
          inputs: board.inputs.slice(0, rows),
          targets: board.targets.slice(0, rows),
          lengths: board.lengths.slice(),
          carried: batch.carried.map((state) => ({ ...state, values: state.values.slice() })),
          ...{ predicted: board.predicted(steps), truncation, dropout, numbers: null },
        };
        await batch.run({ steps, truncation, dropout, omega: 0 });
        const windowOf = streamWindows(failed, model);
        let loss = 0;
        const sums = new Map<string, Float64Array>();
        for (let b = 0; b < B; b++) {
          const { inputs, targets, window } = windowOf(b);
          if (inputs.length === 0) continue;
          const trace = readInFloat64(model, inputs, targets, window);
          loss += trace.loss;
          for (const [role, values] of gradientsOf(model, float64Gradient(trace))) {
            const sum = sums.get(role) ?? new Float64Array(values.length);
            values.forEach((value, i) => (sum[i] += value));
            sums.set(role, sum);
          }
        }
        assertClose([batch.loss], [loss], 1e-5, 'loss');
        const { gradient } = network.backward;
        for (const entry of gradient.layout.entries)
          assertClose(gradient.view(entry), sums.get(entry.name) ?? [], 1e-4, `${entry.name} at step ${step}`);
        assert.equal(sums.size, gradient.layout.entries.length);
        assert.deepEqual(await searchBatch(failed, model, goOn), { place: null, stream: null });
        board.carryState();
      }
    });
  }

  it('is searched for the stream and the step at which it overflows; weights and state stay as they were', async () => {
    const config = uniformModel({ ...one, cell: 'rnn', activation: 'relu', layers: 1, hiddenSize: 1 });
    const parameters = parametersFor(config);
    parameters.values.fill(0);
    const [{ W, R }] = parameters.layers[0];
    // Token 4 alone counts; h grows thousandfold a step.
    W[4] = 1e30;
    R[0] = 1e3;
    parameters.output.W.fill(1e-3);
    // Three streams of windows of 7: only the second one reads a 4, at its step 2, and has 1e39 three steps later.
    const ids = new Int32Array(3 * 14 + 1);
    ids[14 + 2] = 4;
    const settings = checkTraining({ ...defaultTrainingSettings, window: 7, batch: 3, clipNorm: null });
    const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
    const trainer = Trainer.create(config, settings, parameters, new Streams(ids, 7, 3), backend);
    const before = [trainer.parameters.values.slice(), trainer.encodeState()];
    const overflow = await trainer.next().then(
      () => assert.fail('it overflows'),
      (thrown: unknown) => thrown,
    );
    assert.ok(overflow instanceof Overflow);
    const model = generalModelOf(config, trainer.parameters);
    const found = await searchBatch(overflow.batch, model, goOn);
    const { value, before: earlier, ...place } = found!.place!;
    assert.equal(found?.stream, 1);
    assert.deepEqual(place, {
      ...{ pass: 'forward', step: 5, layer: 0, direction: 'forward', quantity: 'preActivation', unit: 0 },
      ...{ parameter: null, isFiniteInFloat64: true },
    });
    assert.ok(Math.abs(value / 1e39 - 1) < 1e-6 && Math.abs((earlier ?? 0) / 1e36 - 1) < 1e-6);
    assert.deepEqual([trainer.parameters.values, trainer.encodeState()], before);
    assert.equal(await searchBatch(overflow.batch, model, () => Promise.resolve(false)), null, 'it can be given up');
    trainer.end();
  });

  it('is searched on the way back where all streams come through the way forward', async () => {
    const config = uniformModel({ ...one, cell: 'rnn', layers: 1, hiddenSize: 1 });
    const parameters = parametersFor(config);
    parameters.values.fill(0);
    const [{ W, R }] = parameters.layers[0];
    // Token 4 saturates the unit, which then lets no gradient through; else h stays 0, where the gradient grows by R a step.
    W[4] = 1000;
    R[0] = 1e8;
    parameters.output.W.set([1, -1]);
    // Three streams of windows of 7: the first and the third read a 4 at their step 3.
    const ids = new Int32Array(3 * 14 + 1);
    ids[3] = ids[28 + 3] = 4;
    // After it the unit would stay saturated: another token turns it back to 0.
    const settings = checkTraining({ ...defaultTrainingSettings, window: 7, batch: 3, clipNorm: null });
    const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
    const trainer = Trainer.create(config, settings, parameters, new Streams(ids, 7, 3), backend);
    const overflow = await trainer.next().then(
      () => assert.fail('it overflows'),
      (thrown: unknown) => thrown,
    );
    assert.ok(overflow instanceof Overflow);
    const found = await searchBatch(overflow.batch, generalModelOf(config, trainer.parameters), goOn);
    const { value, before, ...place } = found!.place!;
    assert.equal(found?.stream, 1);
    assert.deepEqual(place, {
      ...{ pass: 'backward', step: 1, layer: 0, direction: 'forward', quantity: 'hidden', unit: 0 },
      ...{ parameter: null, isFiniteInFloat64: true },
    });
    // ∂ℓ/∂h of each step is Σ_v (1/5 − y_v) W_v = −1, of a mean over 21 tokens.
    assert.ok(Math.abs(value / (-1e40 / 21) - 1) < 1e-6 && Math.abs((before ?? 0) / (-1e32 / 21) - 1) < 1e-6);
    trainer.end();
  });

  it('is of no stream where only the sum over all of them leaves float32', async () => {
    const config = uniformModel({ ...one, cell: 'rnn', layers: 1, hiddenSize: 1, embeddingSize: 1 });
    const parameters = parametersFor(config);
    parameters.values.fill(0);
    // ∂ℓ/∂W = ∂ℓ/∂a · x = −2 · 7e18 (1 − tanh² 1) · 1e20, of which each stream has a third: 1.96e38.
    parameters.embedding!.fill(1e20);
    parameters.layers[0][0].W.fill(1e-20);
    parameters.output.W.set([-7e18, 7e18, -7e18, -7e18, -7e18]);
    const batchOf = (lengths: readonly number[]): FailedBatch => ({
      ...{
        config,
        parameters,
        numbers: null,
        steps: 1,
        maxSteps: 1,
        batch: 3,
        predicted: 3,
        truncation: 0,
        dropout: null,
        carried: [],
      },
      ...{ inputs: new Int32Array(3), targets: new Int32Array(3), lengths: Int32Array.from(lengths) },
    });
    const model = generalModelOf(config, parameters);
    const found = await searchBatch(batchOf([1, 1, 1]), model, goOn);
    const { value, ...place } = found!.place!;
    assert.equal(found?.stream, null);
    assert.deepEqual(place, {
      ...{ pass: 'backward', step: null, layer: null, direction: null, quantity: 'parameter', unit: 0, before: null },
      ...{ parameter: 'layer0.forward.W', isFiniteInFloat64: true },
    });
    const expected = 14e38 * (1 - Math.tanh(1) ** 2);
    assert.ok(Math.abs(value / expected - 1) < 1e-6, `${value} for ${expected}`);
    assert.deepEqual(await searchBatch(batchOf([1, 0, 0]), model, goOn), { place: null, stream: null });
  });

  it('is not said to have kept good weights where an update has left float32', async () => {
    const config = uniformModel({ ...one, cell: 'rnn', layers: 1 });
    const settings = checkTraining({ ...defaultTrainingSettings, window: 7, batch: 3, learningRate: 1e300 });
    const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
    const trainer = Trainer.create(config, settings, parametersFor(config), streams(), backend);
    await trainer.next();
    await assert.rejects(trainer.next(), /The weights layer0\.forward\.W are not finite even before step 2/);
    trainer.end();
  });
});
