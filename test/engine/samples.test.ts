/** What the engine tells of what its model writes while it learns. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
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
    // No checkpoint but that at the end.
    const rare = {
      dropout: 0.2,
      checkpointEvery: 1_000_000_000,
      validateEvery: 1_000_000_000,
      checkpointSeconds: 3600,
    };
    const request = (path: string, steps: number | null) => requestFor(hello, path, { ...rare, steps }, { layers: 2 });
    const [withSamples, without] = [newRun(), newRun()];
    await engine.calls.call('train', request(withSamples, null));
    const onTheWay = drawn(({ step }) => step > 0);
    await watchSamples();
    await onTheWay;
    const { step } = await engine.calls.call('stop', null);
    assert.ok(step >= (await onTheWay).step);

    const other = startEngine();
    const finished = other.next('finished');
    await other.calls.call('train', request(without, step));
    await finished;
    const filesOf = (run: string) =>
      ['onnx', 'safetensors'].map((kind) => readFileSync(join(run, `checkpoints/step-${step}.${kind}`)));
    const expected = filesOf(without);
    filesOf(withSamples).forEach((file, i) => assert.ok(file.equals(expected[i])));
  });
});
