import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { RunFolder } from '../../../../src/engine/files/runFolder';
import { progressColumns } from '../../../../src/protocol/run';
import { placeForRun, recordOf, rowsOf, stepsOf } from '../../support/runFolders';

describe('the metrics of a run folder', () => {
  const place = placeForRun();

  it('are one JSON object a line, with null for what is not finite', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    run.appendMetrics(Float64Array.from([1, 0.5, Infinity, NaN, 64, 1000, 0.25]), [{ step: 1, loss: 0.75 }]);
    await run.flush();
    assert.equal(
      await readFile(join(place.folder, 'metrics.jsonl'), 'utf8'),
      '{"step":1,"loss":0.5,"gradientNorm":null,"clippedNorm":null,"tokens":64,"tokensPerSecond":1000,"clippedFraction":0.25}\n{"step":1,"validationLoss":0.75}\n',
    );
    const { rows, validation } = await run.readHistory();
    assert.deepEqual([...rows], [1, 0.5, NaN, NaN, 64, 1000, 0.25]);
    assert.deepEqual(validation, [{ step: 1, loss: 0.75 }]);
  });

  it('reach the disk by themselves', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    run.appendMetrics(rowsOf(1), []);
    const file = join(place.folder, 'metrics.jsonl');
    while (!existsSync(file) || !(await readFile(file, 'utf8')).endsWith('\n')) await wait(50);
    assert.match(await readFile(file, 'utf8'), /^\{"step":1,/);
  });

  it('survive a torn last line, and what is appended after it', async () => {
    const first = await RunFolder.create(place.folder, recordOf(place.folder));
    first.appendMetrics(rowsOf(1, 2), []);
    await first.flush();
    await appendFile(join(place.folder, 'metrics.jsonl'), '{"step":3,"lo');
    const second = await RunFolder.open(place.folder);
    assert.deepEqual(stepsOf((await second.readHistory()).rows), [1, 2]);
    second.appendMetrics(rowsOf(3, 4), []);
    assert.deepEqual(stepsOf((await second.readHistory()).rows), [1, 2, 3, 4]);
  });

  it('of a run that went back to a checkpoint count once, the later ones', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    run.appendMetrics(rowsOf(1, 2, 3, 4, 5), [
      { step: 2, loss: 1 },
      { step: 4, loss: 1 },
    ]);
    await run.flush();
    run.appendMetrics(rowsOf(3, 4), [{ step: 4, loss: 2 }]);
    const { rows, validation } = await run.readHistory();
    assert.deepEqual(stepsOf(rows), [1, 2, 3, 4]);
    assert.deepEqual(validation, [
      { step: 2, loss: 1 },
      { step: 4, loss: 2 },
    ]);
  });

  it('of a long run are thinned, and keep every spike and the last step', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    const rows = rowsOf(...Array.from({ length: 50_000 }, (_, i) => i + 1));
    const width = progressColumns.length;
    for (let i = 0; i < rows.length; i += width) rows[i + 2] = 2 + Math.sin(i);
    for (const spike of [137, 25_001, 49_998]) rows[(spike - 1) * width + 2] = 1e6;
    rows[(30_000 - 1) * width + 2] = NaN;
    run.appendMetrics(rows, []);
    const kept = stepsOf((await run.readHistory()).rows);
    assert.ok(kept.length <= 4000 && kept.length >= 2000, `${kept.length} rows`);
    for (const step of [1, 137, 25_001, 30_000, 49_998, 50_000]) assert.ok(kept.includes(step), `step ${step}`);
    assert.deepEqual(
      kept,
      [...kept].sort((a, b) => a - b),
    );
  });

  it('are an empty history before the first step', async () => {
    const run = await RunFolder.create(place.folder, recordOf(place.folder));
    assert.deepEqual(await run.readHistory(), { rows: new Float64Array(0), validation: [] });
  });

  if (process.platform === 'linux') {
    it('tell of a full disk, and are written once there is room', async () => {
      const run = await RunFolder.create(place.folder, recordOf(place.folder));
      const file = join(place.folder, 'metrics.jsonl');
      await symlink('/dev/full', file);
      run.appendMetrics(rowsOf(1), []);
      await assert.rejects(run.flush(), /^UserError: The folder .*hello-lstm cannot be written to: the disk is full/);
      await rm(file);
      run.appendMetrics(rowsOf(2), []);
      assert.deepEqual(stepsOf((await run.readHistory()).rows), [1, 2]);
    });

    it('tell of a full disk also when written in the background', async () => {
      const run = await RunFolder.create(place.folder, recordOf(place.folder));
      await symlink('/dev/full', join(place.folder, 'metrics.jsonl'));
      run.appendMetrics(rowsOf(1), []);
      const isTold = () => {
        try {
          run.appendMetrics(rowsOf(2), []);
          return false;
        } catch (thrown) {
          assert.match(String(thrown), /^UserError: The folder .* the disk is full/);
          return true;
        }
      };
      while (!isTold()) await wait(50);
    });
  }
});
