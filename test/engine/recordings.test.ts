/** A recording followed by an engine's process while it grows, as the panel follows it. No Python is needed: what PyTorch has written is put there step by step. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors } from '../../src/formats/safetensors';
import { seriesOf } from '../../src/protocol/frame';
import { RpcError } from '../../src/protocol/rpc';
import { GrowingRecording } from '../support/growingRecording';
import { startEngine, temporaryFolder, watchOf, type TestEngine } from './support/engineProcess';

const vectors = 'test/vectors/data/recordings';

function recorded(name: string, step: number, tensor: string): number[] {
  const bytes = readFileSync(join(vectors, name, 'steps', `step-${String(step).padStart(6, '0')}.safetensors`));
  return Array.from(decodeSafetensors(bytes).tensors.get(tensor)?.data ?? [], Number);
}

const close = (actual: number, expected: number, what: string) => {
  if (!Object.is(actual, expected))
    assert.ok(Math.abs(actual - expected) < 2e-6, `${what}: ${actual}, not ${expected}`);
};

describe('a recording in an engine', () => {
  let engine: TestEngine;
  const folder = temporaryFolder();
  let count = 0;
  const recording = (name: string, ...steps: number[]) => {
    const made = new GrowingRecording(name, join(folder.path, `${name}-${++count}`));
    for (const step of steps) made.add(step);
    return made;
  };
  const open = (path: string) =>
    engine.calls.call('open', {
      path,
      vocabulary: null,
      text: null,
      architecture: { activation: null },
      allowsGraph: true,
      backend: 'wasm',
      threads: 1,
    });
  beforeEach(() => {
    engine = startEngine();
    engine.calls.on('frame', ({ header: { sequence } }) => void engine.calls.call('frameDrawn', { sequence }));
  });
  afterEach(() => {
    engine.child.kill('SIGKILL');
  });
  after(() => folder.remove());

  it('shows each new step, its metrics, and the flows of all of them', async () => {
    const growing = recording('lstm', 2);
    const { model, recording: summary, unit } = await open(growing.path);
    assert.equal(model.mode, 'stack');
    assert.deepEqual([summary?.steps, summary?.side, unit], [[2], 'before-clipping', 'codePoint']);
    const first = engine.next('frame');
    const metrics = engine.next('progress');
    const known = engine.next('recorded');
    await engine.calls.call('watch', watchOf(''));
    const { header } = await first;
    assert.deepEqual([header.trainingStep, header.target, header.tokens.length], [2, 13, 14]);
    assert.equal((await metrics).rows.length % 7, 0);
    await known;

    const frame = engine.next('frame', (next) => next.header.trainingStep === 6);
    const all = engine.next('recorded', ({ steps }) => steps.length === 3);
    growing.add(4);
    growing.add(6);
    assert.deepEqual((await all).steps, [2, 4, 6]);
    const newest = await frame;
    const flow = seriesOf(newest, 'flow', 1, 'forward', 'hidden');
    const theirs = recorded('lstm', 6, 'rnn.l1:h:flow');
    theirs.forEach((value, t) => {
      close((flow?.[t] ?? NaN) - (flow?.[13] ?? NaN), value - theirs[13], `flow ${t}`);
    });

    const over = await engine.calls.call('overTraining', { layer: 1, direction: 'forward', state: 'cell' });
    assert.deepEqual(Array.from(over.steps), [2, 4, 6]);
    assert.deepEqual([over.of, over.hasOwnTexts], [null, true]);
    over.steps.forEach((step, row) => {
      const own = recorded('lstm', step, 'rnn.l1:c:flow');
      for (let lag = 0; lag < 14; lag++)
        close(over.values[row * over.lags + lag], own[13 - lag] - own[13], `step ${step} lag ${lag}`);
    });

    const back = await engine.calls.call('frameAt', { trainingStep: 3 });
    assert.equal(back?.header.trainingStep, 2);
    assert.equal(back.header.unitMap.units, 6);
    const matrix = await engine.calls.call('targetMatrix', { text: '', series: null });
    assert.deepEqual([matrix.trainingStep, matrix.values.length], [6, 196]);
  });

  it('draws the series of a model that is none that is known, those that are chosen', async () => {
    const { model } = await open(recording('attention', 2, 4).path);
    assert.ok(model.mode === 'graph');
    assert.deepEqual(
      model.tensors.map(({ name }) => name),
      ['blocks.0', 'blocks.1'],
    );
    const frame = engine.next('frame');
    const known = engine.next('recorded');
    await engine.calls.call('watch', { ...watchOf(''), series: ['blocks.0'] });
    const shown = await frame;
    assert.deepEqual(
      shown.header.graph?.series.map(({ name }) => name),
      ['blocks.0'],
    );
    assert.deepEqual(
      Array.from(seriesOf(shown, 'flow', 0) ?? []),
      Array.from(Float32Array.from(recorded('attention', 4, 'blocks.0:flow'))),
    );
    await known;
    const over = await engine.calls.call('overTraining', { layer: 1, direction: 'forward', state: null });
    assert.deepEqual(Array.from(over.steps), [2, 4]);
    const matrix = await engine.calls.call('targetMatrix', { text: '', series: 'blocks.1' });
    assert.equal(matrix.series, 'blocks.1');
  });

  it('shows the first update and its loss, and one look without a total gradient', async () => {
    const { path } = recording('attention', 2);
    const { tensors, metadata } = decodeSafetensors(
      readFileSync(join(vectors, 'attention/steps/step-000002.safetensors')),
    );
    const withoutTotal = Array.from(tensors).filter(([name]) => !name.endsWith(':total'));
    writeFileSync(
      join(path, 'steps/step-000001.safetensors'),
      encodeSafetensors(new Map(withoutTotal), { ...metadata, step: '1' }),
    );
    appendFileSync(join(path, 'metrics.jsonl'), '{"step": 1, "loss": 3.25}\n');
    await open(path);
    const known = engine.next('recorded', ({ steps }) => steps.length === 2);
    await engine.calls.call('watch', watchOf(''));
    await known;
    const first = await engine.calls.call('frameAt', { trainingStep: 1 });
    assert.ok(first);
    assert.deepEqual([first.header.trainingStep, first.header.loss], [1, 3.25]);
    assert.ok(seriesOf(first, 'flow', 0));
    assert.equal(seriesOf(first, 'total', 0), undefined);
  });

  it('reads a text with the recorded model, beside a run', async () => {
    await open(recording('lstm', 2).path);
    const frame = engine.next('frame');
    await engine.calls.call('watch', { ...watchOf('abc deg'), inputs: true });
    const { header } = await frame;
    assert.deepEqual([header.probe, header.tokens], ['abc deg', Array.from('abc de')]);
    assert.equal(header.inputs?.length, 3);
  });

  it('says of a text that it cannot read why', async () => {
    await open(recording('gru', 2).path);
    const refused = engine.next('watchFailed');
    await engine.calls.call('watch', watchOf('abc'));
    assert.equal((await refused).key, 'error.recording.noVocabulary');
  });

  it('does not train, write or export, and has no step before the first', async () => {
    await open(recording('lstm', 2).path);
    const sample = { prompt: '', length: 3, temperature: 1, topK: null, topP: null, seed: 1 };
    for (const call of [
      () => engine.calls.call('sample', sample),
      () => engine.calls.call('exportModel', { path: join(folder.path, 'x.onnx') }),
      () => engine.calls.call('truncations', { text: '', k2: [1] }),
      () => engine.calls.call('step', null),
    ])
      await assert.rejects(
        call,
        (thrown) => thrown instanceof RpcError && thrown.sentence.key === 'error.recording.notAvailable',
      );
    engine.child.kill('SIGKILL');
    engine = startEngine();
    await assert.rejects(
      open(recording('lstm').path),
      (thrown) => thrown instanceof RpcError && thrown.sentence.key === 'error.recording.noStepYet',
    );
  });
});
