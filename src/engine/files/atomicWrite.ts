/** Files that are there whole or not at all, whatever happens to the process or the machine. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from './fileErrors';

/** Names of files being written: a crash can leave one behind, and the folder’s owner may remove it. */
export const temporaryFile = /^\..+\.[0-9a-f]{12}\.tmp$/;

/**
 * Writes `bytes` to `path`, replacing what is there: to a temporary file in the same folder, then forced to the disk, then renamed.
 * After a failure nothing has changed and no temporary file remains. Throws a UserError where the file system refuses.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(thrown, folder);
  }
  await syncFolder(folder);
}

/** Makes the renaming itself durable. Some systems (Windows) cannot open or sync a folder; there the rename must do. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file is written and renamed; only its survival of a power cut is less sure.
  }
}
