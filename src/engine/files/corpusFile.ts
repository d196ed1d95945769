/** Reading a corpus, and refusing what is none. */
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import type { MessageKey } from '../../messages';
import { escapedByte } from '../../tokens/tokenUnit';
import { UserError } from '../../userError';
import { readError } from './fileErrors';
import { readWhole } from './smallFile';
import { firstInvalidByte, unfinishedBytes } from './utf8';

/** Of a corpus, which is read in chunks, and of a text that is to be held as one string. */
const maxCorpusBytes = 2_000_000_000;
const maxTextBytes = 512_000_000;

/** Bytes of a file, or UTF-16 units of a text, that are read at once. */
const chunkLength = 4_000_000;

/** A text that can be read from its beginning, chunk by chunk, as often as needed. */
export interface CorpusText {
  /** For sentences: a path or a title. */
  readonly name: string;
  /**
   * Chunks of whole code points; `hash` is given all bytes as UTF-8, without a byte order mark. Throws a UserError for what is no text.
   * @param ofBytes the tokens are bytes: every file is read, and bytes that are not valid UTF-8 are escaped (`escapedByte`)
   */
  chunks(hash: Hash, ofBytes?: boolean): AsyncIterable<string> | Iterable<string>;
}

/** A UTF-8 file, with or without a byte order mark. */
export function corpusOfFile(path: string): CorpusText {
  return { name: path, chunks: (hash, ofBytes = false) => fileChunks(path, maxCorpusBytes, hash, ofBytes) };
}

/** A text that comes from an editor; `name` is the document's title. */
export function corpusOfText(text: string, name: string): CorpusText {
  return { name, chunks: (hash) => textChunks(text, name, hash) };
}

/** The whole text of a UTF-8 file without its byte order mark. Throws a UserError for anything that is not a text. */
export async function readText(path: string): Promise<string> {
  let text = '';
  for await (const chunk of fileChunks(path, maxTextBytes, createHash('sha256'), false)) text += chunk;
  return text;
}

/** All bytes of any file, as a text from which byte tokens are read. Throws a UserError where it cannot be read, or is empty. */
export async function readBytes(path: string): Promise<string> {
  const bytes = await readWhole(path, maxTextBytes);
  if (bytes.length === 0) throw emptyError(path);
  return textOfBytes(bytes);
}

/** A file's text, or why it is none: a model of bytes may read it all the same. Throws a UserError for what is no file that can be read. */
export async function readTextIfAny(path: string): Promise<{ text: string; refusal: null } | { refusal: UserError }> {
  try {
    return { text: await readText(path), refusal: null };
  } catch (thrown) {
    if (thrown instanceof UserError && refusalsOfText.has(thrown.key)) return { refusal: thrown };
    throw thrown;
  }
}

const refusalsOfText: ReadonlySet<string> = new Set<MessageKey>([
  'error.corpus.binary',
  'error.corpus.notUtf8',
  'error.corpus.utf16',
]);

async function* fileChunks(path: string, maxBytes: number, hash: Hash, ofBytes: boolean): AsyncGenerator<string> {
  try {
    // Before it is opened: to open a pipe can take for ever.
    checkFile(await stat(path), path, maxBytes);
    const file = await open(path, 'r');
    try {
      yield* decoded(file, path, hash, ofBytes);
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw readError(thrown, path);
  }
}

function checkFile(found: Stats, path: string, maxBytes: number): void {
  if (found.isDirectory()) throw new UserError('error.file.isFolder', path);
  if (!found.isFile()) throw new UserError('error.corpus.notRegularFile', path);
  if (found.size > maxBytes) {
    throw new UserError('error.corpus.tooLargeFile', path, Math.ceil(found.size / 1e6), maxBytes / 1e6);
  }
}

async function* decoded(file: FileHandle, path: string, hash: Hash, ofBytes: boolean): AsyncGenerator<string> {
  const buffer = Buffer.allocUnsafe(chunkLength);
  /** Bytes at the front of the buffer that the last chunk left, and their offset in the file. */
  let kept = 0;
  let offset = 0;
  let isEmpty = true;
  for (;;) {
    const { bytesRead } = await file.read(buffer, kept, buffer.length - kept);
    const bytes = buffer.subarray(0, kept + bytesRead);
    const start = offset === 0 ? markLength(bytes, path, ofBytes) : 0;
    const end = bytesRead === 0 ? bytes.length : bytes.length - unfinishedBytes(bytes);
    const whole = bytes.subarray(start, end);
    if (!ofBytes) checkBytes(whole, path, offset + start);
    if (whole.length > 0) {
      isEmpty = false;
      hash.update(whole);
      yield textOfBytes(whole);
    }
    if (bytesRead === 0) break;
    buffer.copyWithin(0, end, bytes.length);
    kept = bytes.length - end;
    offset += end;
  }
  if (isEmpty) throw emptyError(path);
}

/** Bytes of the byte order mark with which a file begins. */
function markLength(bytes: Uint8Array, name: string, ofBytes: boolean): number {
  if (!ofBytes && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
    throw new UserError('error.corpus.utf16', name);
  }
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What is no UTF-8 is escaped. */
function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return decoder.decode(bytes);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + firstInvalidByte(bytes.subarray(at));
    if (end > at) parts.push(decoder.decode(bytes.subarray(at, end)));
    if (end < bytes.length) parts.push(escapedByte(bytes[end]));
    at = end + 1;
  }
  return parts.join('');
}

/** @param offset of the bytes in the file */
function checkBytes(bytes: Buffer, name: string, offset: number): void {
  if (bytes.includes(0)) throw binaryError(name);
  if (isUtf8(bytes)) return;
  throw new UserError('error.corpus.notUtf8', name, offset + firstInvalidByte(bytes));
}

function* textChunks(text: string, name: string, hash: Hash): Generator<string> {
  if (text === '') throw emptyError(name);
  if (text.includes('\0')) throw binaryError(name);
  if (/\p{Surrogate}/u.test(text)) {
    throw new UserError('error.corpus.loneSurrogate', name);
  }
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + chunkLength);
    if (isSecondOfPair(text, end)) end--;
    const chunk = text.slice(start, end);
    hash.update(chunk, 'utf8');
    yield chunk;
    start = end;
  }
}

function isSecondOfPair(text: string, i: number): boolean {
  const unit = text.charCodeAt(i);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function emptyError(name: string): UserError {
  return new UserError('error.corpus.empty', name);
}

function binaryError(name: string): UserError {
  return new UserError('error.corpus.binary', name);
}
