/** Of a run's checkpoints the newest from which it can go on. */
import { UserError } from '../../userError';
import type { Checkpoint, RunFolder } from '../files/runFolder';

/** What `restore` makes of the newest of these checkpoints from which it can. Throws what it says of the newest where it can from none. @param checkpoints newest first */
export async function newestWhole<T>(
  folder: RunFolder,
  checkpoints: readonly Checkpoint[],
  restore: (checkpoint: Checkpoint) => Promise<T>,
): Promise<T> {
  let first: UserError | null = null;
  for (const checkpoint of checkpoints) {
    try {
      return await restore(checkpoint);
    } catch (thrown) {
      // Power that fails, or a hand, can leave one broken; the one before is still there.
      if (!(thrown instanceof BrokenCheckpoint)) throw thrown;
      first ??= thrown.reason;
    }
  }
  throw first ?? new UserError('error.run.noCheckpoint', folder.path);
}

class BrokenCheckpoint extends Error {
  constructor(readonly reason: UserError) {
    super(reason.message);
  }
}

/** What `newestWhole` takes for a broken checkpoint. Throws no UserError. */
export async function broken<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    throw thrown instanceof UserError ? new BrokenCheckpoint(thrown) : thrown;
  }
}
