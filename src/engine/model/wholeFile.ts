/** A file of a model, of any size that memory holds. */
import { readFile } from 'node:fs/promises';
import { readError } from '../files/fileErrors';

/** A file's bytes. Throws a UserError where it cannot be read. */
export async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw readError(thrown, path);
  }
}
