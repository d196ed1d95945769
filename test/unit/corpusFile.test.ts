import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../src/core/userError';
import { checkCorpusText, readCorpus } from '../../src/engine/files/corpusFile';

describe('reading a corpus', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backflow-corpus-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(content: string | Uint8Array): Promise<string> {
    const path = join(folder, 'corpus.txt');
    await writeFile(path, content);
    return path;
  }

  async function refuses(path: string, sentence: RegExp): Promise<void> {
    await assert.rejects(readCorpus(path), (thrown: unknown) => {
      assert.ok(thrown instanceof UserError, String(thrown));
      assert.match(thrown.message, sentence);
      assert.ok(thrown.message.includes(path), 'names the file');
      return true;
    });
  }

  it('gives the text to the last byte', async () => {
    const text = 'hello\r\n안녕 😀\u2028\ttail without a newline';
    assert.equal(await readCorpus(await file(text)), text);
  });

  it('leaves out a byte order mark, as the editor does, but only the first', async () => {
    assert.equal(await readCorpus(await file('\uFEFFab\uFEFF')), 'ab\uFEFF');
  });

  it('refuses a missing file, a folder and what is no regular file', async () => {
    await refuses(join(folder, 'missing.txt'), /^There is no file /);
    await refuses(join(await file('x'), 'below.txt'), /^There is no file /);
    await refuses(folder, /is a folder, not a file/);
    if (process.platform !== 'win32') await refuses('/dev/zero', /is not a regular file/);
  });

  it('refuses an empty file, also one with only a byte order mark', async () => {
    await refuses(await file(''), /is empty/);
    await refuses(await file('\uFEFF'), /is empty/);
  });

  it('refuses a binary file', async () => {
    await refuses(await file(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1])), /looks like a binary file/);
  });

  it('names UTF-16', async () => {
    await refuses(await file(Buffer.from('\uFEFFhello', 'utf16le')), /is encoded as UTF-16; save it as UTF-8/);
    await refuses(await file(Buffer.from('\uFEFFhello', 'utf16le').swap16()), /is encoded as UTF-16/);
  });

  it('says where a wrong encoding begins', async () => {
    const bad: [number[], number][] = [
      [[0x63, 0x61, 0x66, 0xe9], 3], // latin-1 é at the end
      [[0x63, 0xe9, 0x20, 0x61], 1], // latin-1 é inside
      [[0x61, 0x80], 1], // a continuation byte alone
      [[0xc3, 0xa9, 0xc0, 0xaf], 2], // overlong, two bytes
      [[0xe0, 0x9f, 0xbf], 0], // overlong, three bytes
      [[0x61, 0xed, 0xa0, 0x80], 1], // a surrogate
      [[0xf4, 0x90, 0x80, 0x80], 0], // beyond U+10FFFF
      [[0xf5, 0x80, 0x80, 0x80], 0],
      [[0xf0, 0x9f, 0x98, 0x80, 0xf0, 0x9f, 0x98], 4], // an emoji cut short
      [[0xec, 0x95, 0x88, 0xec, 0x41, 0x88], 3], // a bad second byte
      [[0xec, 0x95, 0x41], 0], // a bad third byte
    ];
    for (const [bytes, offset] of bad) {
      await refuses(await file(Uint8Array.from(bytes)), new RegExp(`first bad byte at offset ${offset}\\); save it as UTF-8`));
    }
  });

  it('refuses a file too large to be held', async () => {
    const path = await file('x');
    await truncate(path, 512_000_001);
    await refuses(path, /has 513 MB; a corpus can have up to 512 MB/);
  });

  it('checks the text of an editor too', () => {
    checkCorpusText('a😀', 'Untitled-1');
    assert.throws(() => checkCorpusText('', 'Untitled-1'), /^UserError: Untitled-1 is empty/);
    assert.throws(() => checkCorpusText('a\0b', 'Untitled-1'), /binary/);
    assert.throws(() => checkCorpusText('a\ud800b', 'Untitled-1'), /lone surrogate/);
  });
});
