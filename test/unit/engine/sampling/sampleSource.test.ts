/** Samples of a model while it is trained: of one step's weights, always drawn alike, cheap, and without a trace in the training. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { noSpecials, Vocabulary } from '../../../../src/core/corpus/vocabulary';
import { Streams } from '../../../../src/core/corpus/streams';
import { plainStack, uniformModel, type ModelConfig, type StackConfig } from '../../../../src/core/model/config';
import { initialize } from '../../../../src/core/model/initialize';
import { Parameters } from '../../../../src/core/model/parameters';
import { generalModelOf, type PlainModel } from '../../../../src/core/model/plainModel';
import { Random } from '../../../../src/core/model/random';
import { UserError } from '../../../../src/userError';
import { createBackend } from '../../../../src/engine/backend';
import type { InspectedModel } from '../../../../src/engine/inspect/inspector';
import { Sampler } from '../../../../src/engine/sampling/sampler';
import { SampleSource } from '../../../../src/engine/sampling/sampleSource';
import { checkTraining } from '../../../../src/engine/train/checkTraining';
import { Trainer } from '../../../../src/engine/train/trainer';
import { ModelLock } from '../../../../src/engine/modelLock';
import { withSample, type ModelSample } from '../../../../src/protocol/sample';
import { defaultTrainingSettings } from '../../../../src/protocol/settings';

const watch = { temperature: 1, seed: 1 };
/** Two or three lines. */
const whole = 180;

async function modelOf({ config, parameters }: PlainModel, vocabulary: Vocabulary): Promise<InspectedModel> {
  const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
  return {
    general: generalModelOf(config, parameters),
    plain: { config, parameters },
    isLive: true,
    vocabulary,
    backend,
  };
}

const configFor = (vocabularySize: number, others: Partial<StackConfig> = {}): ModelConfig =>
  uniformModel({ ...plainStack, cell: 'rnn', activation: 'tanh', layers: 1, hiddenSize: 4, vocabularySize, ...others });

/** A model that predicts every token with the same probabilities: all its weights are zero but the biases of the output. */
function biased(probabilities: readonly number[], others: Partial<StackConfig> = {}): PlainModel {
  const config = configFor(probabilities.length, others);
  const parameters = new Parameters(config);
  parameters.output.b.set(probabilities.map((p) => Math.log(p)));
  return { config, parameters };
}

class TimedVocabulary extends Vocabulary {
  constructor(
    { symbols, unit, specials }: Vocabulary,
    private readonly tokenDrawn: () => void,
  ) {
    super(symbols, unit, specials);
  }

  override decode(ids: Iterable<number>): string {
    const decoded = Array.from(ids);
    if (decoded.length === 1) this.tokenDrawn();
    return super.decode(decoded);
  }
}

/** A source whose clock, in milliseconds, advances by `perToken` with every token. */
class Trial {
  time = 0;
  step = 0;
  isTraining = true;
  readonly samples: ModelSample[] = [];
  readonly source: SampleSource;

  constructor(model: InspectedModel, perToken: number) {
    const vocabulary = new TimedVocabulary(model.vocabulary, () => (this.time += perToken));
    const sampled = {
      vocabulary,
      makeSampler: () => Sampler.of(model),
      trainingStep: () => this.step,
      loss: () => 2,
      isTraining: () => this.isTraining,
    };
    this.source = new SampleSource(
      sampled,
      new ModelLock(),
      (sample) => this.samples.push(sample),
      () => this.time,
    );
  }

  /** Steps that take so long, with what the source does between them. Returns the milliseconds of that. */
  async train(steps: number, milliseconds: number): Promise<number> {
    let cost = 0;
    for (let i = 0; i < steps; i++) {
      this.time += milliseconds;
      this.step++;
      const before = this.time;
      await this.source.continueIfDue();
      cost += this.time - before;
    }
    return cost;
  }
}

describe('samples of a model in training', () => {
  it('are of the weights of one step, however many steps are taken until they are whole', async () => {
    const model = biased([1, 1e-30]);
    const trial = new Trial(await modelOf(model, new Vocabulary(['a', 'b'])), 1);
    trial.source.watch(watch);
    await trial.train(1, 20);
    assert.equal(trial.samples.at(0), undefined, 'a piece is short');
    model.parameters.output.b.reverse();
    await trial.train(800, 20);
    assert.equal(trial.samples.length, 2);
    assert.deepEqual(trial.samples[0], { step: 1, loss: 2, temperature: 1, text: 'a'.repeat(whole) });
    assert.equal(trial.samples[1].text, 'b'.repeat(whole));
  });

  it('are drawn with the same random numbers each time, by the probabilities at hand', async () => {
    const trial = new Trial(await modelOf(biased([0.2, 0.5, 0.3]), new Vocabulary(['a', 'b', 'c'])), 0.01);
    trial.source.watch(watch);
    await trial.train(400, 20);
    assert.ok(trial.samples.length >= 3);
    // By the cumulative probabilities, from the same generator.
    const random = Random.forDrawing(1);
    const expected = Array.from({ length: whole }, () => {
      const u = random.uniform();
      return u < 0.2 ? 'a' : u < 0.7 ? 'b' : 'c';
    }).join('');
    for (const { text } of trial.samples) assert.equal(text, expected);
    trial.source.watch({ ...watch, seed: 2 });
    await trial.train(400, 20);
    assert.notEqual(trial.samples.at(-1)?.text, expected);
  });

  for (const [perToken, perStep] of [
    [0.005, 1],
    [0.1, 20],
    [2, 100],
    [20, 5000],
  ]) {
    // The time is that of the trial's own clock: no test here waits or measures.
    it(`take less than two hundredths of the time, at ${perToken} ms a token and ${perStep} ms a step, and come as often as that allows`, async () => {
      const trial = new Trial(await modelOf(biased([0.5, 0.5]), new Vocabulary(['a', 'b'])), perToken);
      trial.source.watch(watch);
      const max = Math.max(2000, (whole * perToken) / 0.015);
      const steps = Math.ceil((12 * max) / perStep);
      const cost = await trial.train(steps, perStep);
      assert.ok(trial.samples.length >= 9 && trial.samples.length <= 14, `${trial.samples.length} samples`);
      // The one under way may be ahead of its share.
      assert.ok(cost <= 0.02 * trial.time + whole * perToken, `${cost} of ${trial.time} ms`);
    });

    // By that clock, too.
    it(`hold up no step for long, at ${perToken} ms a token and ${perStep} ms a step`, async () => {
      const trial = new Trial(await modelOf(biased([0.5, 0.5]), new Vocabulary(['a', 'b'])), perToken);
      trial.source.watch(watch);
      for (let i = 0; i < 200; i++) {
        const cost = await trial.train(1, perStep);
        assert.ok(cost <= Math.max(4, 0.015 * perStep) + perToken + 1e-9, `${cost} ms`);
      }
    });
  }

  it('end where nobody watches any more, in the middle of one too', async () => {
    const trial = new Trial(await modelOf(biased([0.5, 0.5]), new Vocabulary(['a', 'b'])), 1);
    assert.equal(await trial.train(5, 20), 0, 'nobody watches yet');
    trial.source.watch(watch);
    assert.ok((await trial.train(2, 20)) > 0);
    trial.source.watch(null);
    assert.equal(await trial.train(500, 20), 0);
    assert.deepEqual(trial.samples, []);
  });

  it('of a model that stands still come once, and again when it has moved on', async () => {
    const trial = new Trial(await modelOf(biased([0.5, 0.5]), new Vocabulary(['a', 'b'])), 1);
    trial.isTraining = false;
    const drawn = async (count: number) => {
      while (trial.samples.length < count) await setTimeout(1);
      await setTimeout(20);
      assert.deepEqual(
        trial.samples.map(({ step }) => step),
        Array.from({ length: count }, (_, i) => i),
      );
    };
    trial.source.watch(watch);
    await drawn(1);
    trial.source.watch(null);
    trial.source.watch(watch);
    await drawn(1);
    trial.step = 1;
    trial.source.changed();
    await drawn(2);
    trial.source.dispose();
  });

  it('that was begun before a pause gives way to one of the state in the pause', async () => {
    const trial = new Trial(await modelOf(biased([0.5, 0.5]), new Vocabulary(['a', 'b'])), 1);
    trial.source.watch(watch);
    await trial.train(2, 20);
    trial.step++;
    trial.isTraining = false;
    trial.source.changed();
    while (trial.samples.length === 0) await setTimeout(1);
    assert.deepEqual(
      trial.samples.map(({ step }) => step),
      [3],
    );
    trial.source.dispose();
  });

  it('of a model of sequences are several of them, one a line', async () => {
    const specials = { ...noSpecials, sos: 0, eos: 1 };
    // After SOS comes a, after a comes b, after b the end, by the columns of the input's weights; nothing else is to be expected.
    const config = configFor(4);
    const parameters = new Parameters(config);
    const [{ W }] = parameters.layers[0];
    const next = [2, 0, 3, 1];
    next.forEach((to, from) => (W[to * 4 + from] = 5));
    for (let i = 0; i < 4; i++) parameters.output.W[i * 4 + i] = 100;
    const trial = new Trial(
      await modelOf({ config, parameters }, new Vocabulary(['<sos>', '<eos>', 'a', 'b'], 'codePoint', specials)),
      0.001,
    );
    trial.source.watch(watch);
    await trial.train(1, 20);
    assert.match(trial.samples[0].text, /^ab(\nab){50,}$/);
    assert.ok(trial.samples[0].text.length <= whole);
  });

  it('are refused, with the reason, of a model that cannot write, and at a temperature that is none', async () => {
    const vocabulary = new Vocabulary(['a', 'b']);
    const refused = async (model: InspectedModel, temperature: number, reason: RegExp) => {
      const trial = new Trial(model, 1);
      assert.throws(
        () => trial.source.watch({ temperature, seed: 1 }),
        (thrown: unknown) => thrown instanceof UserError && reason.test(thrown.message),
      );
      assert.equal(await trial.train(3, 20), 0);
    };
    await refused(
      await modelOf(biased([0.5, 0.5], { bidirectional: true, objective: 'masked' }), vocabulary),
      1,
      /bidirectional/,
    );
    await refused(await modelOf(biased([0.5, 0.5], { objective: 'masked' }), vocabulary), 1, /masked tokens/);
    await refused({ ...(await modelOf(biased([0.5, 0.5]), vocabulary)), plain: null }, 1, /cannot generate text/);
    await refused(await modelOf(biased([0.5, 0.5]), vocabulary), -1, /temperature/);
  });

  it('are left out where the prediction is not finite, and training goes on', async () => {
    const model = biased([0.5, 0.5]);
    model.parameters.output.b[0] = NaN;
    const trial = new Trial(await modelOf(model, new Vocabulary(['a', 'b'])), 1);
    trial.source.watch(watch);
    assert.equal(await trial.train(3, 4000), 0);
    assert.deepEqual(trial.samples, []);
    model.parameters.output.b[0] = 0;
    trial.source.watch(null);
    trial.source.watch(watch);
    await trial.train(20, 4000);
    assert.ok(trial.samples.length > 0, 'once it is finite there are samples again');
  });

  it('leave no trace in the training: the same bits with them and without', async () => {
    const ids = Int32Array.from({ length: 403 }, (_, i) => (i * i + (i >> 2)) % 5);
    const settings = checkTraining({
      ...defaultTrainingSettings,
      window: 7,
      batch: 3,
      learningRate: 0.05,
      dropout: 0.2,
    });
    const config = configFor(5, { cell: 'lstm', layers: 2, hiddenSize: 6 });
    const train = async (watched: boolean) => {
      const backend = await createBackend({ backend: 'wasm', threads: 1 }, 1, Infinity);
      const trainer = Trainer.create(
        config,
        settings,
        initialize(config, Random.fromSeed(3), settings),
        new Streams(ids, 7, 3),
        backend,
      );
      const model = {
        general: generalModelOf(config, trainer.parameters),
        plain: { config, parameters: trainer.parameters },
        isLive: true,
        vocabulary: new Vocabulary(['a', 'b', 'c', 'd', 'e']),
        backend,
      };
      const trial = new Trial(model, 0.1);
      if (watched) trial.source.watch(watch);
      for (let i = 0; i < 60; i++) {
        await trainer.next();
        await trial.train(1, 500);
      }
      return { values: trainer.parameters.values.slice(), state: trainer.encodeState(), samples: trial.samples.length };
    };
    const [without, withSamples] = [await train(false), await train(true)];
    assert.equal(without.samples, 0);
    assert.ok(withSamples.samples >= 5);
    assert.deepEqual(withSamples.values, without.values);
    assert.deepEqual(withSamples.state, without.state);
  });
});

describe('the samples that are kept', () => {
  const sample = (step: number, text = String(step)): ModelSample => ({ step, loss: null, temperature: 1, text });
  const kept = (steps: readonly number[], max?: number) =>
    steps.reduce<readonly ModelSample[]>((all, step) => withSample(all, sample(step), max), []).map(({ step }) => step);

  it('are all, while they are few', () => {
    assert.deepEqual(kept([1, 5, 9, 40]), [1, 5, 9, 40]);
  });

  it('are the first, the newest, and between them some that lie apart by about the same factor', () => {
    const steps = kept(
      Array.from({ length: 5000 }, (_, i) => 1 + 50 * i),
      6,
    );
    assert.equal(steps.length, 6);
    assert.equal(steps[0], 1);
    assert.equal(steps.at(-1), 249_951);
    for (let i = 2; i < steps.length - 1; i++)
      assert.ok(steps[i] / steps[i - 1] > 1.5 && steps[i] / steps[i - 1] < 32, steps.join(' '));
  });

  it('lose those of steps that a run went back behind; of one step the newest stays', () => {
    assert.deepEqual(kept([10, 20, 30, 25]), [10, 20, 25]);
    const twice = withSample([sample(3, 'a')], sample(3, 'b'));
    assert.deepEqual(
      twice.map(({ text }) => text),
      ['b'],
    );
  });
});
