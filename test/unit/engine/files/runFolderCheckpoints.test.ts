import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../../../src/userError';
import { RunFolder } from '../../../../src/engine/files/runFolder';
import { everythingIn, placeForRun, recordOf, rowsOf } from '../../support/runFolders';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the checkpoints of a run folder', () => {
  const place = placeForRun();

  it('are saved with their metrics, and the newest three stay', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    assert.equal(await run.newestCheckpoint(), null);
    run.appendMetrics(rowsOf(1), []);
    for (const step of [5, 50, 500, 1000])
      await run.saveCheckpoint(step, bytes(`model ${step}`), bytes(`state ${step}`));
    assert.deepEqual(await everythingIn(join(place.folder, 'checkpoints')), [
      'step-1000.onnx',
      'step-1000.safetensors',
      'step-50.onnx',
      'step-50.safetensors',
      'step-500.onnx',
      'step-500.safetensors',
    ]);
    assert.match(await readFile(join(place.folder, 'metrics.jsonl'), 'utf8'), /"step":1/);
    const newest = await (await RunFolder.open(place.folder)).newestCheckpoint();
    assert.equal(newest?.step, 1000);
    assert.equal(await readFile(newest.model, 'utf8'), 'model 1000');
    assert.equal(await readFile(newest.state, 'utf8'), 'state 1000');
  });

  it('without their state do not count', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    const { model } = await run.saveCheckpoint(10, bytes('model'), bytes('state'));
    await writeFile(join(dirname(model), 'step-20.onnx'), 'model');
    await writeFile(join(dirname(model), 'step-30.safetensors'), 'state');
    assert.equal((await run.newestCheckpoint())?.step, 10);
  });

  it('clear away what a crash left half written', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    await writeFile(join(place.folder, 'checkpoints', '.step-5.onnx.0123456789ab.tmp'), 'half');
    await writeFile(
      join(place.folder, 'checkpoints', 'step-5.safetensors'),
      'a state whose model was not written any more',
    );
    await run.saveCheckpoint(10, bytes('model'), bytes('state'));
    assert.deepEqual(await everythingIn(join(place.folder, 'checkpoints')), ['step-10.onnx', 'step-10.safetensors']);
  });

  it('that cannot be saved leave the older ones', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    await run.saveCheckpoint(10, bytes('model'), bytes('state'));
    await mkdir(join(place.folder, 'checkpoints', 'step-20.safetensors'));
    await assert.rejects(run.saveCheckpoint(20, bytes('model'), bytes('state')), UserError);
    assert.equal((await run.newestCheckpoint())?.step, 10);
  });

  it('saved while the folder is removed: all of it, or the removal is reported, whenever it comes', async () => {
    for (let microtasks = 0; microtasks < 40; microtasks++) {
      const path = join(place.root, `removed-${microtasks}`);
      const run = await RunFolder.create(path, recordOf(path));
      run.appendMetrics(rowsOf(1), []);
      const saved = run.saveCheckpoint(1, bytes('model'), bytes('state')).then(
        () => 'saved',
        (thrown: unknown) => (thrown as Error).message,
      );
      for (let i = 0; i < microtasks; i++) await Promise.resolve();
      await wait(microtasks / 10);
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
      assert.match(await saved, /^saved$|^The folder .* of this run was moved or deleted\./);
    }
  });

  it('go back: one of an earlier step is kept when it is the one just saved', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    for (const step of [10, 20, 30]) await run.saveCheckpoint(step, bytes('model'), bytes('state'));
    await run.saveCheckpoint(5, bytes('model'), bytes('state'));
    assert.deepEqual(
      (await run.checkpoints()).map(({ step }) => step),
      [30, 20, 5],
    );
  });
});
