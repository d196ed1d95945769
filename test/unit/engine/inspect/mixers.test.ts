/** Looking at a stack with layers that are no recurrent cell: frames, reports, generated text, what is refused. */
import { strict as assert } from 'node:assert';
import { Vocabulary } from '../../../../src/core/corpus/vocabulary';
import type { ModelConfig } from '../../../../src/core/model/config';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { createBackend } from '../../../../src/engine/backend';
import { makeFrame } from '../../../../src/engine/inspect/frame';
import { Inspector, type InspectedModel } from '../../../../src/engine/inspect/inspector';
import { makeReport } from '../../../../src/engine/inspect/report';
import { Sampler } from '../../../../src/engine/sampling/sampler';
import { checkLayers } from '../../../../src/engine/train/checkTraining';
import { seriesOf } from '../../../../src/protocol/frame';
import { leaky, mean } from '../../../support/mixers';
import {
  configOf,
  H,
  ids,
  layer,
  models,
  noPause,
  parametersFor,
  traceOf,
  trainingOf,
} from '../../support/mixerStacks';

describe('a model with mixers that is looked at', () => {
  const symbols = Array.from('abcdefghi');
  const text = ids.map((id) => symbols[id]).join('');
  const thresholds = { vanishing: -3, exploding: 2 };

  async function inspected(config: ModelConfig, isLive = false): Promise<InspectedModel> {
    const parameters = parametersFor(config);
    return {
      general: generalModelOf(config, parameters),
      plain: { config, parameters },
      isLive,
      vocabulary: new Vocabulary(symbols),
      backend: await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity),
    };
  }

  it('has frames without a state’s flow, and with that of every boundary', async () => {
    for (const isLive of [false, true]) {
      const config = configOf([layer(mean), layer(mean, { residual: true })]);
      const watch = {
        text,
        target: 9,
        thresholds,
        total: true,
        unitMap: { layer: 1, direction: 'forward', quantity: 'hidden' },
      } as const;
      const frame = await makeFrame(new Inspector(await inspected(config, isLive)), watch as never, 1, 0);
      assert.deepEqual(frame.header.flows, []);
      assert.equal(frame.header.unitMap.units, 0);
      assert.deepEqual(
        frame.header.inputs?.map(({ boundary }) => boundary),
        [0, 1, 2],
      );
      const top = seriesOf(frame, 'inputFlow', 2)!;
      assert.ok(
        top.subarray(0, 9).every((value) => value === -Infinity) && Number.isFinite(top[9]) && Number.isNaN(top[10]),
      );
      assert.ok(seriesOf(frame, 'inputFlow', 0)!.subarray(0, 10).every(Number.isFinite));
      assert.ok(seriesOf(frame, 'inputTotal', 0)!.every(Number.isFinite));
    }
  });

  it('has the states that a mixer carries, of any width, and their unit maps', async () => {
    const config = configOf([layer('lstm'), layer(leaky)]);
    const watch = {
      text,
      target: 'last',
      thresholds,
      total: false,
      unitMap: { layer: 1, direction: 'forward', quantity: 'leakyState' },
    };
    const frame = await makeFrame(new Inspector(await inspected(config)), watch as never, 1, 0);
    assert.equal(frame.header.unitMap.units, 2 * H + 1);
    assert.ok(seriesOf(frame, 'norm', 1)!.every((value) => value > 0));
    assert.ok(seriesOf(frame, 'flow', 1)!.every(Number.isFinite));
  });

  it('has a report with every boundary, by the states where they say the same', async () => {
    const model = await inspected(models['a mixture with recurrent cells']);
    const report = await makeReport(
      new Inspector(model),
      { text, target: 'last', thresholds, matrix: true } as never,
      noPause,
    );
    assert.deepEqual(
      report.inputs.map(({ boundary }) => boundary),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(report.inputs[3].flow.log10, report.layers[2].states[0].flow.log10);
    assert.ok(report.matrix && report.inputMatrix);
    assert.ok(Object.keys(report.parameterNorms).includes('layers.1.scan.norm.weight'));
  });

  it('writes text: one token at a time, and where a layer carries nothing from its context again, however long', async () => {
    for (const config of [
      configOf([layer(leaky)]),
      configOf([layer(mean, { options: { context: 12 } }), layer('gru')]),
    ]) {
      const model = await inspected(config);
      const sampler = Sampler.of(model);
      sampler.takeWeights();
      const settings = { temperature: 0, topK: null, topP: null, random: Random.fromSeed(1) };
      await sampler.begin('abc', settings);
      const read = [0, 1, 2];
      for (let n = 0; n < 30; n++) {
        const next = await sampler.next();
        // What a layer without a state cannot see is left out; one with a state has seen all.
        const seen = config.layers[0].cell === mean ? read.slice(-12) : read;
        const { probabilities } = traceOf(config, model.plain!.parameters, [...seen, 0]);
        const row = probabilities.subarray((seen.length - 1) * 9, seen.length * 9);
        assert.equal(next, row.indexOf(Math.max(...row)), `token ${n}`);
        read.push(next);
      }
    }
  });

  it('refuses what a layer cannot have, in one sentence each', async () => {
    const refused = (make: () => unknown, message: RegExp) => assert.throws(make, { name: 'UserError', message });
    refused(() => configOf([layer(mean)], { embeddingSize: null }), /^Layer 1 \(Mean\) cannot read one-hot tokens/);
    refused(() => configOf([layer(leaky, { bidirectional: true })]), /^Layer 1 \(Leaky\) reads forward only/);
    refused(
      () => configOf([layer('rnn'), layer('lstm', { hiddenSize: 7, residual: true })]),
      /^Layer 2 reads 5 numbers a step and gives 7/,
    );
    refused(
      () => configOf([layer('gru', { bidirectional: true, residual: true })]),
      /^Layer 1 reads 5 numbers a step and gives 10/,
    );
    refused(
      () => configOf([layer('rnn', { residual: true })], { embeddingSize: null }),
      /^Layer 1 reads one-hot tokens, to which/,
    );
    refused(
      () => configOf([layer('rnn', { norm: 'rmsNorm' })], { embeddingSize: null }),
      /^Layer 1 reads one-hot tokens, which a norm/,
    );
    refused(() => configOf([layer('rnn', { norm: 'batchNorm' as 'none' })]), /^The norm “batchNorm” is unknown/);
    refused(
      () => checkLayers(configOf([layer(mean)]), trainingOf({ window: 64 }), 64),
      /^The model reads 32 tokens at most/,
    );
    refused(() => checkLayers(configOf([layer(mean)]), trainingOf({ truncation: 3 }), 7), /^Truncation 3: /);
    checkLayers(configOf([layer(leaky)]), trainingOf({ truncation: 3 }), 7);
    const model = await inspected(configOf([layer(mean, { options: { context: 8 } })]));
    await assert.rejects(
      new Inspector(model).look(text, 'last', thresholds),
      /has 15 input tokens, and this model reads 8 at most/,
    );
  });

  it('is a stack of up to 24 layers', () => {
    configOf(Array.from({ length: 24 }, () => layer('gru', { residual: true, norm: 'rmsNorm' })));
    assert.throws(() => configOf(Array.from({ length: 25 }, () => layer('gru'))), /layers is 25/);
  });
});
