/** What the engine tells of what its model writes while it learns. */
import { strict as assert } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelSample } from '../../src/protocol/sample';
import { RpcError } from '../../src/protocol/rpc';
import { endEngines, requestFor, startEngine, temporaryFolder, type TestEngine } from './support/engineProcess';

const hello = 'hello '.repeat(200);
const lines = 'one two\nthree\n'.repeat(100);
const watch = { temperature: 0.5, seed: 1 };

describe('the engine, asked for what its model writes', () => {
  const folder = temporaryFolder();
  let engine: TestEngine;
  let runs = 0;
  const newRun = () => join(folder.path, `run-${++runs}`);
  beforeEach(() => {
    engine = startEngine();
  });
  afterEach(() => endEngines());
  after(() => folder.remove());

  const drawn = (accept: (sample: ModelSample) => boolean = () => true) => engine.next('sampleDrawn', accept);
  const watchSamples = () => engine.calls.call('watchSamples', watch);

  it('tells samples that grow better as it trains, each with its step and loss', async () => {
    const told: ModelSample[] = [];
    engine.calls.on('sampleDrawn', (sample) => told.push(sample));
    await engine.calls.call('train', requestFor(hello, newRun(), { learningRate: 0.005 }));
    const learned = drawn(({ text }) => text.includes('hello hello hello hello'));
    await watchSamples();
    const { loss } = await learned;
    assert.ok(told.length >= 2, 'not from the beginning');
    assert.ok(!told[0].text.includes('hello hello hello hello'));
    assert.ok(told[0].loss! > loss!, `${told[0].loss} to ${loss}`);
    assert.ok(told.every(({ step }, i) => i === 0 || step > told[i - 1].step));
    assert.ok(told.every(({ text }) => text.length === 180));
    await engine.calls.call('stop', null);
  });

  it('tells that of the state a run is paused in, after each single step, and at its end', async () => {
    await engine.calls.call('train', requestFor(hello, newRun()));
    await engine.calls.call('pause', null);
    const first = drawn();
    await watchSamples();
    const { step } = await first;
    // A step that was under way when it paused may come after.
    const next = drawn((sample) => sample.step > step);
    await engine.calls.call('step', null);
    const stepped = await next;
    const last = drawn((sample) => sample.step > stepped.step);
    await engine.calls.call('resume', null);
    await engine.next('progress');
    const [summary, sample] = await Promise.all([engine.calls.call('stop', null), last]);
    const atEnd = sample.step === summary.step ? sample : await drawn(({ step: at }) => at === summary.step);
    assert.equal(atEnd.loss, summary.loss);
  });

  it('tells lines of a text that is read line by line', async () => {
    await engine.calls.call('train', requestFor(lines, newRun(), { mode: 'sequences' }));
    // The last line can be cut.
    const learned = drawn(
      ({ text }) =>
        text
          .split('\n')
          .slice(0, -1)
          .every((line) => ['one two', 'three'].includes(line)) && text.includes('one two\nthree'),
    );
    await watchSamples();
    await learned;
    await engine.calls.call('stop', null);
  });

  it('tells one of a model that was only opened, the same for the same seed', async () => {
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(hello, newRun(), { steps: 5 }));
    const { model } = await finished;
    const inRun = drawn();
    await watchSamples();
    const { text } = await inRun;
    engine.child.kill('SIGKILL');
    engine = startEngine();
    await engine.calls.call('open', {
      path: model,
      vocabulary: null,
      text: null,
      architecture: { activation: null },
      allowsGraph: false,
      backend: 'ort',
      threads: null,
    });
    const opened = drawn();
    await watchSamples();
    assert.deepEqual(await opened, { step: 5, loss: null, temperature: 0.5, text });
    const another = drawn();
    await engine.calls.call('watchSamples', { ...watch, seed: 2 });
    assert.notEqual((await another).text, text);
  });

  it('refuses, with the reason, for a model that reads both ways, and trains on', async () => {
    await engine.calls.call('train', requestFor(hello, newRun(), {}, { bidirectional: true, objective: 'masked' }));
    await assert.rejects(
      watchSamples(),
      (error: unknown) => error instanceof RpcError && error.code === 'user' && /bidirectional/.test(error.message),
    );
    await engine.next('progress');
    await engine.calls.call('stop', null);
  });

  it('trains to the same bits with samples and without, dropout and all', async () => {
    const steps = 1200;
    const run = async (watched: boolean): Promise<{ files: Buffer[]; told: readonly ModelSample[] }> => {
      const path = newRun();
      const told: ModelSample[] = [];
      const own = startEngine();
      own.calls.on('sampleDrawn', (sample) => told.push(sample));
      const finished = own.next('finished');
      await own.calls.call(
        'train',
        requestFor(hello, path, { steps, dropout: 0.2, checkpointEvery: steps, validateEvery: steps }, { layers: 2 }),
      );
      if (watched) await own.calls.call('watchSamples', watch);
      await finished;
      own.child.kill('SIGKILL');
      const checkpoints = join(path, 'checkpoints');
      const names = readdirSync(checkpoints)
        .filter((name) => name.startsWith(`step-${steps}.`))
        .sort();
      assert.equal(names.length, 2);
      return { files: names.map((name) => readFileSync(join(checkpoints, name))), told };
    };
    const [without, withSamples] = [await run(false), await run(true)];
    assert.ok(
      withSamples.told.some(({ step }) => step < steps),
      'none was drawn on the way',
    );
    withSamples.files.forEach((file, i) => assert.ok(file.equals(without.files[i])));
  });
});
