/** What backflow train refuses: one sentence, and nothing written. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HelloFolder } from '../support/helloFolder';

describe('backflow train, given what it cannot use', () => {
  let hello: HelloFolder;
  let folder: string;

  before(async () => {
    hello = await HelloFolder.shared();
    folder = hello.path;
  });

  it('refuses a model that cannot be tied, and a sequence that is too long', async () => {
    await hello.refuses(
      2,
      /A tied output needs an embedding of the size of the top layer’s output, 16; it is 8/,
      'train hello.txt --tied --embedding 8 --hidden 16',
    );
    await hello.refuses(
      1,
      /Sequence 1 of the text has 2400 tokens, and 1000 are allowed/,
      'train hello.txt --mode sequences --longest-sequence 1000',
    );
  });

  it('refuses a text that cannot be learned from, with one sentence and nothing written', async () => {
    await writeFile(join(folder, 'bad.txt'), '');
    await hello.refuses(1, /bad\.txt is empty/, 'train bad.txt');
    await writeFile(join(folder, 'bad.txt'), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 1]));
    await hello.refuses(1, /bad\.txt looks like a binary file/, 'train bad.txt');
    await writeFile(join(folder, 'bad.txt'), Buffer.from('caf\xe9 au lait', 'latin1'));
    await hello.refuses(1, /bad\.txt is not valid UTF-8 \(first bad byte at offset 3\)/, 'train bad.txt');
    await writeFile(join(folder, 'bad.txt'), 'a'.repeat(5000));
    await hello.refuses(1, /bad\.txt has only one symbol/, 'train bad.txt');
    await writeFile(join(folder, 'bad.txt'), 'too short');
    await hello.refuses(1, /token/, 'train bad.txt');
    await rm(join(folder, 'bad.txt'));
    await hello.refuses(1, /There is no file .*missing\.txt/, 'train missing.txt');
    await hello.refuses(1, /is a folder, not a file/, 'train .');
  });

  it('refuses a folder it cannot use', async () => {
    await hello.refuses(1, /The folder .*hello is not empty/, 'train hello.txt --out hello');
    await hello.refuses(1, /a part of its path is a file/, 'train hello.txt --out', join('hello.txt', 'run'));
    if (process.platform === 'linux')
      await hello.refuses(1, /The folder \/proc\/.* cannot be created/, 'train hello.txt --out /proc/runs/hello');
    await hello.refuses(1, /is not the folder of a run/, 'train --resume nothing');
  });
});
