/** A sweep's folder while it fills: which state each trial is in, and what is read again. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SweepReader } from '../../../../src/editor/sweeps/sweepReader';
import { UserError } from '../../../../src/userError';
import { removeFolder } from '../../../support/removeFolder';
import { doneJson, SweepOnDisk, sweepJson } from '../../../support/sweepFolder';

const names = ['0001_kind=rnn_seed=1', '0002_kind=lstm_seed=1', '0003_kind=rnn_seed=2', '0004_kind=lstm_seed=2'];

describe("a sweep's folder", () => {
  let folder: string;
  let disk: SweepOnDisk;
  let reader: SweepReader;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'backflow-sweep-'));
    disk = new SweepOnDisk(join(folder, 'sweep-tale'));
    disk.write('sweep.json', sweepJson({ grid: { kind: ['rnn', 'lstm'] }, samples: 2 }));
    reader = new SweepReader(disk);
  });
  afterEach(() => removeFolder(folder));

  const states = async () => (await reader.read()).trials.map(({ state }) => state);
  const begin = (name: string) => mkdirSync(join(disk.path, 'trials', name, 'run'), { recursive: true });
  const save = (name: string) => disk.write(`trials/${name}/run/checkpoints/step-20.onnx`, '');

  it('that has just been made has trials that wait', async () => {
    const sweep = await reader.read();
    assert.deepEqual([sweep.name, sweep.corpus, sweep.steps], ['sweep-tale', 'tale.txt', 40]);
    assert.deepEqual(
      sweep.trials.map(({ at, state, canOpen }) => [...at, state, canOpen]),
      [
        [0, 0, 'waiting', false],
        [1, 0, 'waiting', false],
        [0, 1, 'waiting', false],
        [1, 1, 'waiting', false],
      ],
    );
  });

  it('says of each trial what came of it, and where its run is', async () => {
    for (const name of names) save(name);
    disk.write(`trials/${names[0]}/result.json`, doneJson());
    disk.write(`trials/${names[1]}/result.json`, doneJson({ state: 'stopped', step: 13 }));
    disk.write(`trials/${names[2]}/result.json`, '{"state": "do');
    assert.deepEqual(await states(), ['done', 'stopped', 'begun', 'begun']);
    assert.ok((await reader.read()).trials.every(({ canOpen }) => canOpen));
    assert.equal(reader.runOf(1), `trials/${names[1]}/run`);
    assert.equal(reader.runOf(4), undefined);
  });

  it('has no run to open of a trial that failed before it had one', async () => {
    disk.write(`trials/${names[1]}/result.json`, doneJson({ state: 'failed', reason: 'no such kind' }));
    const { state, reason, canOpen } = (await reader.read()).trials[1];
    assert.deepEqual([state, reason, canOpen], ['failed', 'no such kind', false]);
  });

  it('has nothing to open of a run before its first checkpoint, and of a recording before its first step', async () => {
    const canOpen = async () => (await reader.read()).trials.map((trial) => trial.canOpen);
    for (const name of names) begin(name);
    disk.write(`trials/${names[0]}/run/run.json`, '{}');
    disk.write(`trials/${names[1]}/run/checkpoints/step-20.safetensors`, '');
    disk.write(`trials/${names[2]}/run/steps/step-000020.safetensors.part`, '');
    disk.write(`trials/${names[3]}/result.json`, doneJson({ state: 'failed', reason: 'no memory' }));
    assert.deepEqual(await canOpen(), [false, false, false, false]);
    assert.deepEqual(await states(), ['begun', 'begun', 'begun', 'failed']);
    save(names[1]);
    disk.write(`trials/${names[2]}/run/steps/step-000020.safetensors`, '');
    assert.deepEqual(await canOpen(), [false, true, true, false]);
    assert.deepEqual(await states(), ['begun', 'begun', 'begun', 'failed']);
  });

  it('is followed: what is new is read, a known result only when it is said to have changed, or is gone', async () => {
    begin(names[0]);
    assert.deepEqual((await states())[0], 'begun');
    disk.write(`trials/${names[0]}/result.json`, doneJson({ loss: 2 }));
    assert.equal((await reader.read()).trials[0].loss, 2);
    disk.write(`trials/${names[0]}/result.json`, doneJson({ loss: 1 }));
    assert.equal((await reader.read()).trials[0].loss, 2);
    reader.forget(names[0]);
    assert.equal((await reader.read()).trials[0].loss, 1);
    rmSync(join(disk.path, 'trials', names[0]), { recursive: true });
    assert.equal((await states())[0], 'waiting');
  });

  it('has losses in nats, or squared errors where a trial has read numbers, and of a training function in whatever it gives', async () => {
    assert.equal((await reader.read()).lossUnit, 'nats');
    disk.write(`trials/${names[0]}/result.json`, doneJson({ objective: 'squaredError' }));
    assert.equal((await reader.read()).lossUnit, 'squaredError');
    for (const corpus of ['/home/a/train.py', '/home/a/train.py:learn']) {
      disk.write('sweep.json', sweepJson({ grid: { kind: ['rnn', 'lstm'] }, corpus }));
      assert.equal((await reader.read()).lossUnit, null);
    }
  });

  it('is another sweep once its file is', async () => {
    disk.write(`trials/${names[0]}/result.json`, doneJson());
    assert.equal((await states())[0], 'done');
    disk.write('sweep.json', sweepJson({ grid: { kind: ['gru', 'lstm'] } }));
    assert.deepEqual(await states(), ['waiting', 'waiting']);
  });

  it('without a file, or with one that is too long, is refused in a sentence; a result that is too long is none', async () => {
    const long = (path: string) => Promise.reject(new UserError('error.sweep.tooLong', path, 9));
    const others = { path: '/x', list: () => Promise.resolve([names[0]]) };
    await assert.rejects(new SweepReader({ ...others, read: () => Promise.resolve(null) }).read(), {
      message: /\/x is not the folder of a sweep/,
    });
    await assert.rejects(new SweepReader({ ...others, read: long }).read(), {
      message: /sweep\.json has more than 9 bytes/,
    });
    const plan = sweepJson({ grid: { kind: ['rnn', 'lstm'] } });
    const read = (path: string) => (path === 'sweep.json' ? Promise.resolve(plan) : long(path));
    assert.equal((await new SweepReader({ ...others, read }).read()).trials[0].state, 'waiting');
  });
});
