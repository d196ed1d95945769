/** Reading a corpus, and refusing what is none. */
import { open } from 'node:fs/promises';
import { isUtf8 } from 'node:buffer';
import { UserError } from '../../core/userError';
import { readError } from './fileErrors';

/** Under the longest string Node can hold. */
const maximumBytes = 512_000_000;

/** The text of a UTF-8 file without its byte order mark. Throws a UserError for anything that is not a text. */
export async function readCorpus(path: string): Promise<string> {
  return decodeCorpus(await readWhole(path), path);
}

/** Checks a text that comes from an editor. `name` is the document's title. Throws a UserError. */
export function checkCorpusText(text: string, name: string): void {
  if (text === '') throw new UserError('{0} is empty: there is nothing to learn from.', name);
  if (text.includes('\0')) throw binaryError(name);
  if (/\p{Surrogate}/u.test(text)) {
    throw new UserError('{0} holds half of a character (a lone surrogate); remove it and try again.', name);
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) throw new UserError('{0} is a folder, not a file.', path);
      if (!stat.isFile()) throw new UserError('{0} is not a regular file; save the text in one and try again.', path);
      if (stat.size > maximumBytes) {
        throw new UserError('{0} has {1} MB; a corpus can have up to {2} MB.', path, Math.ceil(stat.size / 1e6), maximumBytes / 1e6);
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw readError(thrown, path);
  }
}

/** The text in `bytes`, UTF-8 with or without a byte order mark; `name` is for the sentences. */
function decodeCorpus(bytes: Uint8Array, name: string): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new UserError('{0} is encoded as UTF-16; save it as UTF-8 and try again.', name);
  }
  if (bytes.includes(0)) throw binaryError(name);
  if (!isUtf8(bytes)) {
    throw new UserError(
      '{0} is not valid UTF-8 (first bad byte at offset {1}); save it as UTF-8 and try again.', name, firstInvalidByte(bytes),
    );
  }
  const text = new TextDecoder().decode(bytes);
  checkCorpusText(text, name);
  return text;
}

function binaryError(name: string): UserError {
  return new UserError('{0} looks like a binary file (it holds NUL bytes); a corpus is a plain text.', name);
}

/** Where the first sequence that is not UTF-8 begins (Unicode Standard, table 3-7); the length if there is none. */
function firstInvalidByte(bytes: Uint8Array): number {
  let i = 0;
  while (i < bytes.length) {
    const lead = bytes[i];
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length === 0 || i + length > bytes.length) return i;
    // The second byte's range excludes overlong forms, surrogates and code points beyond U+10FFFF.
    const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (length > 1 && (bytes[i + 1] < lowest || bytes[i + 1] > highest)) return i;
    for (let k = 2; k < length; k++) if ((bytes[i + k] & 0xc0) !== 0x80) return i;
    i += length;
  }
  return i;
}
