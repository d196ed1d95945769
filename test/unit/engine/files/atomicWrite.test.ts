import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../../src/userError';
import { writeFileAtomic } from '../../../../src/engine/files/atomicWrite';
import { onFaultyDisk } from '../../support/faultyDisk';

describe('writing a file whole or not at all', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backflow-atomic-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes a new file and replaces an old one, and leaves nothing else', async () => {
    const path = join(folder, 'file.bin');
    await writeFileAtomic(path, new Uint8Array([1, 2, 3]));
    await writeFileAtomic(path, new Uint8Array([4]));
    assert.deepEqual([...(await readFile(path))], [4]);
    assert.deepEqual(await readdir(folder), ['file.bin']);
  });

  it('lets the last of several writers win, whole', async () => {
    const path = join(folder, 'file.bin');
    await Promise.all([1, 2, 3, 4].map((value) => writeFileAtomic(path, new Uint8Array(100_000).fill(value))));
    const bytes = await readFile(path);
    assert.equal(bytes.length, 100_000);
    assert.equal(new Set(bytes).size, 1);
    assert.deepEqual(await readdir(folder), ['file.bin']);
  });

  it('removes its temporary file when the renaming fails', async () => {
    await mkdir(join(folder, 'taken'));
    await assert.rejects(writeFileAtomic(join(folder, 'taken'), 'x'), UserError);
    assert.deepEqual(await readdir(folder), ['taken']);
  });

  it('says so when the folder is a file, is missing or cannot be written to', async () => {
    await writeFile(join(folder, 'file'), 'x');
    await assert.rejects(
      writeFileAtomic(join(folder, 'file', 'below'), 'x'),
      /^UserError: The folder .*file cannot be created: a part of its path is a file/,
    );
    await assert.rejects(
      writeFileAtomic(join(folder, 'missing', 'below'), 'x'),
      /^UserError: There is no folder .*missing to write into\. Create it, or choose another one\./,
    );
    if (process.platform === 'linux') {
      await assert.rejects(
        writeFileAtomic('/proc/backflow', 'x'),
        /^UserError: The folder \/proc cannot be written to/,
      );
    }
  });

  // The rest needs Linux's mount namespaces.
  if (process.platform === 'linux') {
    it('on a full disk keeps the old file, leaves no temporary file and says one sentence', async () => {
      const output = await onFaultyDisk(
        'full',
        `
        import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
        import { writeFileAtomic } from './src/engine/files/atomicWrite';
        writeFileSync('file', 'old');
        writeFileAtomic(process.cwd() + '/file', new Uint8Array(1e6)).catch((thrown) => {
          console.log(JSON.stringify([thrown.name, thrown.message.replace(process.cwd(), 'DIR'), readFileSync('file', 'utf8'), readdirSync('.')]));
        });`,
      );
      const [name, sentence, content, files] = JSON.parse(output) as [string, string, string, string[]];
      assert.equal(name, 'UserError');
      assert.match(sentence, /^The folder DIR cannot be written to: (the disk is full|.*too large)/i);
      assert.equal(content, 'old');
      assert.deepEqual(files, ['file']);
    });

    it('on a read-only disk says one sentence', async () => {
      const output = await onFaultyDisk(
        'read-only',
        `
        import { writeFileAtomic } from './src/engine/files/atomicWrite';
        writeFileAtomic(process.cwd() + '/file', 'x').catch((thrown) => console.log(thrown.name + ': ' + thrown.message));`,
      );
      assert.match(output, /^UserError: The folder .* cannot be written to: /);
    });
  }
});
