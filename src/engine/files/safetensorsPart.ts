/** Some tensors of a safetensors file, without reading the others. */
import { open, stat, type FileHandle } from 'node:fs/promises';
import {
  dataStartOf,
  headerStart,
  readHeader,
  tensorOf,
  type Tensor,
  type UnreadTensor,
} from '../../formats/safetensors';
import { UserError } from '../../userError';
import { readError } from './fileErrors';

/** Of all that is read at once. */
const maxBytes = 2_000_000_000;

/** Throws a UserError where the file cannot be read, or is none, before anything of its announced size is allocated. @param wanted by a tensor's name */
export async function readTensors(
  path: string,
  wanted: (name: string) => boolean,
): Promise<{ tensors: Map<string, Tensor>; unread: Map<string, UnreadTensor>; metadata: Record<string, string> }> {
  let file: FileHandle | null = null;
  try {
    // Before it is opened: to open a pipe can take for ever.
    if (!(await stat(path)).isFile()) throw new UserError('error.file.notRegular', path);
    file = await open(path);
    const { size } = await file.stat();
    const dataStart = dataStartOf(await bytesAt(file, 0, Math.min(size, headerStart), path), size, path);
    const json = await bytesAt(file, headerStart, dataStart, path);
    const { entries, metadata } = readHeader(json, size - dataStart, path);
    const chosen = entries.filter(({ tensor }) => wanted(tensor));
    const bytes = chosen.reduce((sum, { begin, end }) => sum + end - begin, 0);
    if (bytes > maxBytes) throw new UserError('error.file.tooLarge', path, Math.ceil(bytes / 1e6), maxBytes / 1e6);
    const tensors = new Map<string, Tensor>();
    const unread = new Map<string, UnreadTensor>();
    for (const entry of chosen) {
      const made = tensorOf(entry, await bytesAt(file, dataStart + entry.begin, dataStart + entry.end, path));
      if (made) tensors.set(entry.tensor, made);
      else unread.set(entry.tensor, { type: entry.dtype, shape: entry.shape });
    }
    return { tensors, unread, metadata };
  } catch (thrown) {
    throw readError(thrown, path);
  } finally {
    await file?.close();
  }
}

/** Bytes in memory of their own. Throws a UserError where the file has become shorter. */
async function bytesAt(file: FileHandle, begin: number, end: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(end - begin);
  for (let read = 0; read < bytes.length;) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, begin + read);
    if (bytesRead === 0) throw new UserError('error.file.changed', path);
    read += bytesRead;
  }
  return bytes;
}
