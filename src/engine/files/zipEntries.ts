/** The files in a zip archive, read one by one. */
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { UserError } from '../../userError';
import { readError } from './fileErrors';

/** Times as large as what is in the archive that a file may become: numbers of training hardly shrink, and what grows more is made to fill the memory. */
const maxGrowth = 200;

export interface ZipEntries {
  readonly names: readonly string[];
  /** Bytes of the file when unpacked, as the archive says. */
  sizeOf(name: string): number;
  /** Throws a UserError where there is none of this name, or it cannot be unpacked. */
  read(name: string): Promise<Uint8Array>;
}

/** Lets `use` read an archive's files. Throws a UserError for what is no archive. */
export async function withZip<Result>(path: string, use: (entries: ZipEntries) => Promise<Result>): Promise<Result> {
  let zip: ZipFile;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (thrown) {
    throw brokenZip(thrown, path);
  }
  try {
    const entries = new Map<string, Entry>();
    try {
      for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
    } catch (thrown) {
      throw brokenZip(thrown, path);
    }
    return await use({
      names: Array.from(entries.keys()),
      sizeOf: (name) => entries.get(name)?.uncompressedSize ?? 0,
      read: (name) => contentOf(zip, entries.get(name), name, path),
    });
  } finally {
    zip.close();
  }
}

async function contentOf(zip: ZipFile, entry: Entry | undefined, name: string, path: string): Promise<Uint8Array> {
  if (!entry) throw new UserError('error.zip.missing', path, name);
  if (entry.uncompressedSize > maxGrowth * entry.compressedSize)
    throw new UserError('error.zip.growth', path, name, maxGrowth);
  try {
    // Opening it compares its size with the archive's, before memory is taken for it.
    const parts = await zip.openReadStreamPromise(entry);
    const content = new Uint8Array(entry.uncompressedSize);
    let at = 0;
    for await (const part of parts) {
      content.set(part as Uint8Array, at);
      at += (part as Uint8Array).length;
    }
    return content;
  } catch (thrown) {
    throw brokenZip(thrown, path);
  }
}

function brokenZip(thrown: unknown, path: string): unknown {
  if (thrown instanceof Error && 'code' in thrown && 'syscall' in thrown) return readError(thrown, path);
  return new UserError('error.zip.broken', path, thrown instanceof Error ? thrown.message : String(thrown));
}
