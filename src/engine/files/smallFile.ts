/** Reading a file whole, after a look at what it is. */
import { readFile, stat } from 'node:fs/promises';
import { UserError } from '../../userError';
import { readError } from './fileErrors';

/** The bytes of a regular file. Throws a UserError for anything else, and for a file of more than `maxBytes` before it is read. */
export async function readWhole(path: string, maxBytes: number): Promise<Buffer> {
  try {
    // Before it is opened: to open a pipe can take for ever.
    const found = await stat(path);
    if (found.isDirectory()) throw new UserError('error.file.isFolder', path);
    if (!found.isFile()) throw new UserError('error.file.notRegular', path);
    if (found.size > maxBytes)
      throw new UserError('error.file.tooLarge', path, Math.ceil(found.size / 1e6), maxBytes / 1e6);
    return await readFile(path);
  } catch (thrown) {
    throw readError(thrown, path);
  }
}
