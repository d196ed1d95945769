/** What is sampled of the spectrum while a model learns: of models whose exponents are known. */
import assert from 'node:assert/strict';
import { Vocabulary, vocabularyOfNumbers } from '../../../../src/core/corpus/vocabulary';
import { plainStack, uniformModel, type GivenStack } from '../../../../src/core/model/config';
import { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf } from '../../../../src/core/model/plainModel';
import { createBackend } from '../../../../src/engine/backend';
import { FlowHistory } from '../../../../src/engine/inspect/flowHistory';
import type { InspectedModel } from '../../../../src/engine/inspect/inspector';
import type { Watch } from '../../../../src/protocol/engine';
import { SpectrumSampler } from '../../../../src/engine/inspect/spectrumSampler';
import { assertNear } from '../../../reference/compare';

const letters = ['a', 'b', 'c'];
const text = 'abcacb'.repeat(20);
const watch: Watch = {
  ...{ text, target: 'last', thresholds: { vanishing: 1e-3, exploding: 1e3 }, total: false, maxRate: 30 },
  unitMap: { layer: 0, direction: 'forward', quantity: 'hidden' },
};

async function modelOf(
  given: Partial<GivenStack> & Pick<GivenStack, 'cell'>,
  fill: (parameters: Parameters) => void,
): Promise<InspectedModel> {
  const config = uniformModel({
    ...plainStack,
    activation: 'relu',
    layers: 1,
    hiddenSize: 12,
    vocabularySize: letters.length,
    ...given,
  });
  const parameters = new Parameters(config);
  fill(parameters);
  return {
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: true,
    vocabulary: new Vocabulary(letters),
    backend: await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity),
  };
}

function asked(): FlowHistory {
  const history = new FlowHistory();
  history.ask({ text, target: text.length - 2 });
  return history;
}

describe('spectra over training', () => {
  for (const gain of [0.8, 1.1])
    it(`R = ${gain} Q, linear: the exponent is ln ${gain}, radius and norm are ${gain}`, async () => {
      const H = 12;
      // Relu units that are all active, and R a scaled permutation.
      const model = await modelOf({ cell: 'rnn' }, ({ layers: [[{ W, R }]] }) => {
        W.fill(1e-3);
        for (let u = 0; u < H; u++) R[u * H + ((u + 5) % H)] = gain;
      });
      const history = asked();
      const sampler = new SpectrumSampler(model, history, () => 0.25);
      const sample = await sampler.sample(7, watch);
      assert.ok(sample);
      assertNear(sample.exponent, Math.log(gain), 1e-6, 'exponent', true);
      assertNear(sample.radius!, gain, 1e-3, 'radius');
      assertNear(sample.norm!, gain, 1e-6, 'norm');
      assert.deepEqual([sample.step, sample.saturated], [7, 0.25]);
      assert.deepEqual(history.spectra, [sample]);
      assert.equal(await sampler.sample(7, watch), null, 'one step once');
      assert.equal(await sampler.sample(8, watch), null, 'and then it rests');
    });

  it('minGRU with its gate held at a bias: the factor it keeps, and no recurrent matrix', async () => {
    const model = await modelOf({ cell: 'minGRU', hiddenSize: 5 }, ({ layers: [[{ Wb }]] }) => Wb.fill(-1, 0, 5));
    const sample = await new SpectrumSampler(model, asked(), () => null).sample(1, watch);
    assertNear(sample!.exponent, -Math.log(1 + Math.exp(-1)), 1e-6, 'exponent', true);
    assert.deepEqual([sample!.radius, sample!.norm, sample!.saturated], [null, null, null]);
  });

  it('of runs that are compared: at steps that are the same in all, of the text that is shown', async () => {
    const model = await modelOf({ cell: 'rnn' }, ({ layers: [[{ W, R }]] }) => {
      W.fill(1e-3);
      for (let u = 0; u < 12; u++) R[u * 12 + ((u + 5) % 12)] = 0.5;
    });
    const history = asked();
    const sampler = new SpectrumSampler(model, history, () => null);
    const compared = { ...watch, text: 'cab'.repeat(30), atCommonSteps: true };
    const steps: number[] = [];
    for (let step = 1; step <= 40; step++) {
      const sample = await sampler.sample(step, compared);
      if (!sample) continue;
      steps.push(sample.step);
      assertNear(sample.exponent, Math.log(0.5), 1e-6, 'exponent', true);
    }
    assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40]);
    assert.deepEqual(history.spectra, [], 'rows of another text');
    assert.equal(sampler.take(watch), null, 'nor is it sent beside one');
    await sampler.sample(48, compared);
    assert.equal(sampler.take(compared)?.step, 48);
  });

  it('of a sequence of numbers as of any text, and again where another text is looked at in the same step', async () => {
    const config = uniformModel({
      ...{ ...plainStack, cell: 'rnn', activation: 'relu', layers: 1, hiddenSize: 12 },
      ...{ objective: 'squaredError', features: 2, vocabularySize: 1 },
    });
    const parameters = new Parameters(config);
    const [[{ W, R }]] = parameters.layers;
    W.fill(1e-3);
    for (let u = 0; u < 12; u++) R[u * 12 + ((u + 5) % 12)] = 0.5;
    const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
    const plain = { config, parameters };
    const vocabulary = vocabularyOfNumbers();
    const model = { general: generalModelOf(config, parameters), plain, isLive: true, vocabulary, backend };
    const sampler = new SpectrumSampler(model, new FlowHistory(), () => null);
    const compared = { ...watch, text: `${'0.5,1 0.25,0 '.repeat(30)}= 1`, atCommonSteps: true };
    const other = { ...compared, text: `${'0.5,1 0.75,0 '.repeat(30)}= 1` };
    for (const each of [compared, other]) {
      const sample = await sampler.sample(4, each);
      assertNear(sample!.exponent, Math.log(0.5), 1e-6, 'exponent', true);
      assert.equal(await sampler.sample(4, each), null, 'one text once');
    }
    assert.equal(await sampler.sample(5, { ...compared, text: 'no numbers' }), null);
  });

  it('nothing of a model whose layers carry no state, nor before there is a text', async () => {
    const attention = { cell: 'attention', hiddenSize: 8, embeddingSize: 8 } as const;
    const model = await modelOf(attention, () => undefined);
    assert.equal(await new SpectrumSampler(model, asked(), () => null).sample(1, watch), null);
    const rnn = await modelOf({ cell: 'rnn' }, () => undefined);
    assert.equal(await new SpectrumSampler(rnn, new FlowHistory(), () => null).sample(1, watch), null);
  });
});
