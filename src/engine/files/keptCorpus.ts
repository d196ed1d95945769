/** A copy of a run's text, so that the run can continue when the text has changed or gone. */
import { constants } from 'node:fs';
import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readError, writeError } from './fileErrors';

/** Of larger texts no copy is kept: they are data sets, which are seldom edited, and their size counts. */
export const maxKeptBytes = 32_000_000;

/** Copies `source` to `target`, whole or not at all, where it is not too large. Throws a UserError. */
export async function keepCopy(source: string, target: string): Promise<void> {
  const { size } = await stat(source).catch((thrown: unknown) => {
    throw readError(thrown, source);
  });
  if (size > maxKeptBytes) return;
  const draft = `${target}.unfinished`;
  try {
    await copyFile(source, draft, constants.COPYFILE_FICLONE);
    await rename(draft, target);
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw writeError(thrown, dirname(target));
  }
}
