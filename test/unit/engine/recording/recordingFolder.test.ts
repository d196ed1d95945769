/** Folders of recordings as jobs and crashes leave them. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTensors } from '../../../../src/engine/files/safetensorsPart';
import { MetricsTail } from '../../../../src/engine/recording/metricsTail';
import { RecordingFolder } from '../../../../src/engine/recording/recordingFolder';
import { decodeSafetensors } from '../../../../src/formats/safetensors';
import type { RecordedMetrics } from '../../../../src/protocol/recording';
import { UserError } from '../../../../src/userError';

const vectors = 'test/vectors/data/recordings';
const says = (sentence: RegExp) => (thrown: unknown) => thrown instanceof UserError && sentence.test(thrown.message);

describe('a recording’s folder', () => {
  let folder: string;
  const path = (...names: string[]) => join(folder, 'lstm', ...names);
  const step = (number: number) => path('steps', `step-${String(number).padStart(6, '0')}.safetensors`);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'backflow-recording-'));
    cpSync(join(vectors, 'lstm'), path(), { recursive: true });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const found = async (where = path()) => {
    const recording = await RecordingFolder.find(where);
    assert.ok(recording);
    return recording;
  };

  it('is found by its path and by that of its run.json, and its steps are in order', async () => {
    for (const where of [path(), path('run.json')]) assert.deepEqual(await (await found(where)).steps(), [2, 4, 6]);
    const { record } = await found();
    assert.deepEqual(
      [record.model, record.side, record.every, record.torch],
      ['Language', 'before-clipping', 2, '2.15.0'],
    );
    assert.deepEqual(record.modules, [{ name: 'rnn', class: 'LSTM', nonlinearity: null }]);
  });

  it('is no other folder with a run.json, nor a file of a step', async () => {
    writeFileSync(path('run.json'), '{"version": 3, "model": {}}');
    assert.equal(await RecordingFolder.find(path()), null);
    assert.equal(await RecordingFolder.find(step(2)), null);
    assert.equal(await RecordingFolder.find(path('nothing')), null);
  });

  it('says that no step will come where nothing in the model carries a state', async () => {
    rmSync(path('steps'), { recursive: true });
    const text = readFileSync(path('run.json'), 'utf8');
    await assert.rejects((await found()).read(2), says(/has no step yet/));
    writeFileSync(
      path('run.json'),
      JSON.stringify({
        ...(JSON.parse(text) as object),
        model: { class: 'Net', modules: [], embedding: null, head: null },
      }),
    );
    await assert.rejects(
      (await found()).read(2),
      says(/only losses and gradient norms: Net has no nn\.RNN.*call backflow_recorder\.flow/),
    );
  });

  it('does not take what has not its name yet for a step', async () => {
    writeFileSync(path('steps', '.step-000008.safetensors.part'), 'half');
    writeFileSync(path('steps', 'step-8.safetensors'), 'half');
    assert.deepEqual(await (await found()).steps(), [2, 4, 6]);
  });

  const changes: readonly (readonly [string, string, RegExp])[] = [
    [
      'of a newer version',
      '{"format": "backflow-recording", "version": 2}',
      /version 2 of its format, .* update Backflow/,
    ],
    ['that is cut', '{"format": "backflow-recording", "version": 1, "mod', /run\.json is broken: it is not valid JSON/],
    ['without a model', '{"format": "backflow-recording", "version": 1}', /model/],
    [
      'with another side',
      '{"format": "backflow-recording", "version": 1, "model": {"modules": []}, "side": "x"}',
      /side/,
    ],
    [
      'whose vocabulary is no list',
      '{"format": "backflow-recording", "version": 1, "side": "after-clipping", "model": {"modules": []}, "vocabulary": {"a": 1}}',
      /vocabulary/,
    ],
  ];
  for (const [what, text, sentence] of changes)
    it(`a run.json ${what} is refused with a sentence`, async () => {
      writeFileSync(path('run.json'), text);
      await assert.rejects(RecordingFolder.find(path()), says(sentence));
    });

  it('needs no more than its keys without null', async () => {
    writeFileSync(
      path('run.json'),
      '{"format": "backflow-recording", "version": 1, "side": "after-clipping", "model": {"class": "M", "modules": []}, "unknown": [1]}',
    );
    const { record } = await found();
    assert.deepEqual([record.vocabulary, record.embedding, record.script, record.every], [null, null, null, 1]);
  });

  it('says which steps there are, and that there is none yet', async () => {
    await assert.rejects((await found()).read(5), says(/has no step 5; it has 2, 4, 6\./));
    rmSync(path('steps'), { recursive: true });
    assert.deepEqual(await (await found()).steps(), []);
    await assert.rejects((await found()).read(5), says(/has no step yet/));
  });

  it('a step that is cut, or of another number, is refused', async () => {
    truncateSync(step(4), 3000);
    await assert.rejects((await found()).read(4), says(/is cut short/));
    cpSync(step(2), step(8));
    await assert.rejects((await found()).read(8), says(/its step is “2”/));
    mkdirSync(step(10));
    await assert.rejects((await found()).read(10), says(/is not a regular file|is a folder/));
  });

  it('reads some tensors as the whole file has them, and nothing of a size that is only announced', async () => {
    const all = decodeSafetensors(readFileSync(step(6)));
    const some = await readTensors(step(6), (name) => name.endsWith(':flow'));
    assert.deepEqual(
      [...some.tensors.keys()].sort(),
      [...all.tensors.keys()].filter((name) => name.endsWith(':flow')).sort(),
    );
    for (const [name, tensor] of some.tensors) assert.deepEqual(tensor, all.tensors.get(name));
    assert.deepEqual(some.metadata, all.metadata);
    const announced = Buffer.alloc(16);
    announced.writeBigUInt64LE(99_000_000n);
    writeFileSync(step(8), announced);
    await assert.rejects(
      readTensors(step(8), () => true),
      says(/its header should have 99000000 bytes, and only 8 are left/),
    );
  });

  describe('its metrics', () => {
    const next = async (tail: MetricsTail) => {
      const read: RecordedMetrics[] = [];
      await tail.next((metrics) => read.push(metrics));
      return read;
    };

    it('come as they are written, whole lines alone', async () => {
      const tail = new MetricsTail(path('metrics.jsonl'));
      const first = await next(tail);
      assert.deepEqual(
        first.map(({ step: number }) => number),
        [1, 2, 3, 4, 5, 6],
      );
      assert.deepEqual(await next(tail), []);
      appendFileSync(path('metrics.jsonl'), '{"step": 7, "loss": 1.5, "gradient');
      assert.deepEqual(await next(tail), []);
      appendFileSync(path('metrics.jsonl'), 'Norm": "Infinity", "clippedNorm": null}\n{"step": 8, "loss": "NaN"}\n');
      assert.deepEqual(await next(tail), [
        { step: 7, loss: 1.5, gradientNorm: Infinity, clippedNorm: null, scale: null },
        { step: 8, loss: NaN, gradientNorm: null, clippedNorm: null, scale: null },
      ]);
    });

    it('are read anew where the file was begun again, and a torn line is passed over', async () => {
      const tail = new MetricsTail(path('metrics.jsonl'));
      await next(tail);
      writeFileSync(
        path('metrics.jsonl'),
        '{"step": 1, "lo{"step": 2}\n[]\n7\n{"step": "3"}\n{"step": 4, "scale": 1024}\n',
      );
      assert.deepEqual(await next(tail), [{ step: 4, loss: null, gradientNorm: null, clippedNorm: null, scale: 1024 }]);
    });

    it('are none where there is no file', async () => {
      assert.deepEqual(await next(new MetricsTail(path('nothing.jsonl'))), []);
    });
  });
});
