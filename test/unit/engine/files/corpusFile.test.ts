import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../../src/userError';
import {
  corpusOfFile,
  corpusOfText,
  readBytes,
  readText,
  readTextIfAny,
  type CorpusText,
} from '../../../../src/engine/files/corpusFile';
import { bytesOf } from '../../../../src/tokens/tokenUnit';

async function readAll(text: CorpusText): Promise<{ chunks: string[]; sha256: string }> {
  const hash = createHash('sha256');
  const chunks: string[] = [];
  for await (const chunk of text.chunks(hash)) chunks.push(chunk);
  return { chunks, sha256: hash.digest('hex') };
}

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
    await assert.rejects(readText(path), (thrown: unknown) => {
      assert.ok(thrown instanceof UserError, String(thrown));
      assert.match(thrown.message, sentence);
      assert.ok(thrown.message.includes(path), 'names the file');
      return true;
    });
  }

  it('gives the text to the last byte', async () => {
    const text = 'hello\r\n안녕 😀\u2028\ttail without a newline';
    assert.equal(await readText(await file(text)), text);
  });

  it('leaves out a byte order mark, as the editor does, but only the first', async () => {
    assert.equal(await readText(await file('\uFEFFab\uFEFF')), 'ab\uFEFF');
  });

  it('gives the bytes of any file, to the last one', async () => {
    const contents = [
      Uint8Array.from({ length: 600 }, (_, i) => (i * 7) % 256),
      Uint8Array.from([0xff, 0xfe, 0, 0xef, 0xbb, 0xbf, 0xed, 0xb2, 0x80, 0xf0, 0x9f, 0x99]),
      Buffer.from('\uFEFFé한🙂'),
    ];
    for (const bytes of contents) {
      const path = await file(bytes);
      assert.deepEqual(Uint8Array.from(bytesOf(await readBytes(path))), Uint8Array.from(bytes));
      const hash = createHash('sha256');
      let text = '';
      for await (const chunk of corpusOfFile(path).chunks(hash, true)) text += chunk;
      const marked = bytes[0] === 0xef ? bytes.subarray(3) : bytes;
      assert.deepEqual(Uint8Array.from(bytesOf(text)), Uint8Array.from(marked));
    }
    const { refusal } = await readTextIfAny(await file(contents[0]));
    assert.match(refusal?.message ?? '', /looks like a binary file/);
    assert.deepEqual(await readTextIfAny(await file('é')), { text: 'é', refusal: null });
    await assert.rejects(readTextIfAny(folder), /is a folder/);
  });

  it('refuses a missing file, a folder and what is no regular file', async () => {
    await refuses(join(folder, 'missing.txt'), /^There is no file /);
    await refuses(join(await file('x'), 'below.txt'), /^There is no file /);
    await refuses(folder, /is a folder, not a file/);
    if (process.platform === 'win32') return;
    await refuses('/dev/zero', /is not a regular file/);
    // One that nobody writes to.
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await refuses(pipe, /is not a regular file/);
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
      await refuses(
        await file(Uint8Array.from(bytes)),
        new RegExp(`first bad byte at offset ${offset}\\); save it as UTF-8`),
      );
    }
  });

  it('refuses a file too large to be held', async () => {
    const path = await file('x');
    await truncate(path, 512_000_001);
    await refuses(path, /has 513 MB; a corpus can have up to 512 MB/);
  });

  it('refuses a corpus of more than 2 GB', async () => {
    const path = await file('x');
    await truncate(path, 2_000_000_001);
    await assert.rejects(readAll(corpusOfFile(path)), /has 2001 MB; a corpus can have up to 2000 MB/);
  });

  it('checks the text of an editor too', async () => {
    await readAll(corpusOfText('a😀', 'Untitled-1'));
    await assert.rejects(readAll(corpusOfText('', 'Untitled-1')), /^UserError: Untitled-1 is empty/);
    await assert.rejects(readAll(corpusOfText('a\0b', 'Untitled-1')), /binary/);
    await assert.rejects(readAll(corpusOfText('a\ud800b', 'Untitled-1')), /lone surrogate/);
  });

  describe('longer than it reads at once', () => {
    // 9 bytes and 5 UTF-16 units a time: a chunk's end falls on every byte of a character sooner or later.
    const text = `${'a'.repeat(5)}${'é안😀'.repeat(1_000_000)}`;

    it('gives chunks of whole characters that make up the text, from a file as from an editor', async () => {
      const path = await file(`\uFEFF${text}`);
      const [fromFile, fromEditor] = [
        await readAll(corpusOfFile(path)),
        await readAll(corpusOfText(text, 'Untitled-1')),
      ];
      for (const { chunks } of [fromFile, fromEditor]) {
        assert.ok(chunks.length > 1);
        assert.ok(chunks.every((chunk) => !/\p{Surrogate}/u.test(chunk)));
        assert.ok(chunks.join('') === text);
      }
      const expected = createHash('sha256').update(text, 'utf8').digest('hex');
      assert.deepEqual([fromFile.sha256, fromEditor.sha256], [expected, expected]);
    });

    it('says where a wrong encoding begins, or that the text is binary, wherever that is', async () => {
      const bytes = Buffer.from(text);
      for (const offset of [3_999_998, 4_000_001, 8_000_003, bytes.length - 1]) {
        const broken = Buffer.from(bytes);
        broken[offset] = 0xff;
        // The character that the byte is in begins at most three bytes before.
        const start = 5 + 9 * Math.floor((offset - 5) / 9);
        const within = offset - start;
        const first = start + (within < 2 ? 0 : within < 5 ? 2 : 5);
        await refuses(await file(broken), new RegExp(`first bad byte at offset ${first}\\)`));
        broken[offset] = 0;
        await refuses(await file(broken), /binary/);
      }
    });
  });
});
