import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFolder } from '../../../../src/engine/files/runFolder';
import { onFaultyDisk } from '../../support/faultyDisk';
import { everythingIn, placeForRun, recordOf } from '../../support/runFolders';

describe('making a run folder', () => {
  const place = placeForRun();

  it('writes run.json, and keeps the runs out of commits', async () => {
    await RunFolder.create(place.folder, recordOf(place.folder));
    assert.deepEqual(await everythingIn(place.folder), ['checkpoints', 'run.json']);
    assert.equal(await readFile(join(place.root, '.backflow', '.gitignore'), 'utf8'), '*\n');
    const json = JSON.parse(await readFile(join(place.folder, 'run.json'), 'utf8')) as {
      corpus: unknown;
      versions: unknown;
    };
    assert.deepEqual(json.corpus, {
      name: 'hello.txt',
      path: '/texts/hello.txt',
      tokens: 600,
      unit: 'codePoint',
      sha256: 'ab'.repeat(32),
    });
    assert.deepEqual(json.versions, { backflow: '0.1.0', onnxruntime: '1.30.0', node: '20.20.2' });
  });

  it('uses an empty folder, leaves a .gitignore of yours alone, and writes none elsewhere', async () => {
    await mkdir(place.folder, { recursive: true });
    await writeFile(join(place.root, '.backflow', '.gitignore'), 'mine\n');
    await RunFolder.create(place.folder, recordOf(place.folder));
    assert.equal(await readFile(join(place.root, '.backflow', '.gitignore'), 'utf8'), 'mine\n');
    await RunFolder.create(join(place.root, 'elsewhere'), recordOf(place.folder));
    assert.deepEqual(await everythingIn(join(place.root, 'elsewhere')), ['checkpoints', 'run.json']);
  });

  it('refuses a folder with something in it, and leaves it as it was', async () => {
    await mkdir(place.folder, { recursive: true });
    await writeFile(join(place.folder, 'notes.txt'), 'keep me');
    await assert.rejects(
      RunFolder.create(place.folder, recordOf(place.folder)),
      /^UserError: The folder .*hello-lstm is not empty/,
    );
    assert.deepEqual(await everythingIn(join(place.root, '.backflow')), [
      'runs',
      join('runs', 'hello-lstm'),
      join('runs', 'hello-lstm', 'notes.txt'),
    ]);
  });

  it('is given to one of many that ask for the same at once', async () => {
    const made = await Promise.allSettled(
      Array.from({ length: 12 }, () => RunFolder.create(place.folder, recordOf(place.folder))),
    );
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const each of made)
      if (each.status === 'rejected')
        assert.match(String(each.reason), /^UserError: The folder .*hello-lstm is not empty/);
    assert.deepEqual(await everythingIn(place.folder), ['checkpoints', 'run.json']);
  });

  it('writes nothing where the path leads through a file, is too long, or is in no real file system', async () => {
    await writeFile(join(place.root, 'file'), 'x');
    const throughFile = join(place.root, 'file', 'runs', 'a');
    await assert.rejects(
      RunFolder.create(throughFile, recordOf(throughFile)),
      /^UserError: The folder .* cannot be created: a part of its path is a file/,
    );
    const tooLong = join(place.root, 'new', 'newer', 'x'.repeat(300));
    await assert.rejects(
      RunFolder.create(tooLong, recordOf(tooLong)),
      /^UserError: The folder .* its path is too long/,
    );
    if (process.platform === 'linux') {
      await assert.rejects(
        RunFolder.create('/proc/runs/a', recordOf('/proc/runs/a')),
        /^UserError: The folder .* cannot be created/,
      );
    }
    assert.deepEqual(await everythingIn(place.root), ['file']);
  });

  if (process.platform === 'linux') {
    const create = `
      import { readdirSync } from 'node:fs';
      import { RunFolder } from './src/engine/files/runFolder';
      const record = JSON.parse(${JSON.stringify(JSON.stringify(recordOf('x')))});
      FILL
      RunFolder.create(process.cwd() + '/.backflow/runs/a', record).catch((thrown) => {
        console.log(JSON.stringify([thrown.name, thrown.message, readdirSync('.')]));
      });`;

    it('writes nothing on a read-only disk', async () => {
      const output = await onFaultyDisk('read-only', create.replace('FILL', ''));
      const [name, sentence, files] = JSON.parse(output) as [string, string, string[]];
      assert.equal(name, 'UserError');
      assert.match(sentence, /^The folder .*\.backflow.* cannot be (written to|made)/);
      assert.ok(!files.includes('.backflow'));
    });

    it('writes nothing on a full disk', async () => {
      // The folders still fit (they take no blocks), their files do not.
      const fill =
        "import { writeFileSync } from 'node:fs'; try { writeFileSync('filler', new Uint8Array(65536)); } catch {} record.description.name = 'x'.repeat(1e5);";
      const output = await onFaultyDisk('full', create.replace('FILL', fill));
      const [name, sentence, files] = JSON.parse(output) as [string, string, string[]];
      assert.equal(name, 'UserError');
      assert.match(sentence, /^The folder .* cannot be written to: (the disk is full|.*too large)/i);
      assert.deepEqual(files, ['filler']);
    });
  }
});
