/**
 * Which process writes to a run's folder: one engine at a time, as the file `lock` in it says. Its owner touches it again and again; the
 * lock of an owner that is gone is taken over. No clock is compared with another, so that none that jumps does any harm.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../userError';
import { errorCode, writeError } from './fileErrors';

/** Milliseconds from one touch to the next, and without a touch until an owner counts as gone. */
const beat = 2000;
const lockTimeout = 4 * beat;
const lockName = 'lock';

interface Owner {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
}

export class RunLock {
  private readonly beating: NodeJS.Timeout;

  private constructor(
    private readonly folder: string,
    private readonly owner: Owner,
  ) {
    this.beating = setInterval(() => void this.touch(), beat).unref();
  }

  /** Throws a UserError where another engine is at work; waits some seconds for a sign of life where that is not certain. */
  static async acquire(folder: string): Promise<RunLock> {
    const owner = { token: randomBytes(16).toString('hex'), pid: process.pid, host: hostname() };
    for (;;) {
      if (await write(folder, owner)) return new RunLock(folder, owner);
      const other = await readOwner(folder);
      if (await isAtWork(folder, other)) {
        throw new UserError('error.run.openElsewhere', folder, other?.pid ?? '?');
      }
      // Only what was found to be left behind, not what somebody else has put in its place meanwhile.
      if ((await readOwner(folder))?.token === other?.token) await rm(join(folder, lockName), { force: true });
    }
  }

  /** Throws a UserError when another engine has taken the run over, which happens to one that was stopped for long. */
  async check(): Promise<void> {
    const found = await readOwner(this.folder);
    if (found?.token === this.owner.token) return;
    // Removed by hand, or with the folder, which has been recreated.
    if (found === null && (await write(this.folder, this.owner))) return;
    throw new UserError('error.run.takenOver', this.folder, found?.pid ?? '?');
  }

  async release(): Promise<void> {
    clearInterval(this.beating);
    const found = await readOwner(this.folder).catch(() => null);
    if (found?.token === this.owner.token)
      await rm(join(this.folder, lockName), { force: true }).catch(() => undefined);
  }

  private async touch(): Promise<void> {
    try {
      if ((await readOwner(this.folder))?.token !== this.owner.token) return;
      const now = new Date();
      await utimes(join(this.folder, lockName), now, now);
    } catch {
      // Errors of the disk are reported where a run is written.
    }
  }
}

/** Whether the lock is made; not where there is one. */
async function write(folder: string, owner: Owner): Promise<boolean> {
  const path = join(folder, lockName);
  let file;
  try {
    file = await open(path, 'wx');
  } catch (thrown) {
    if (errorCode(thrown) === 'EEXIST') return false;
    throw writeError(thrown, folder);
  }
  try {
    await file.writeFile(JSON.stringify(owner));
    return true;
  } catch (thrown) {
    // One that does not say whose it is, as on a full disk, would have the next to come wait for a sign of life.
    await rm(path, { force: true }).catch(() => undefined);
    throw writeError(thrown, folder);
  } finally {
    await file.close();
  }
}

/** Null where there is no lock, or none that says whose it is. */
async function readOwner(folder: string): Promise<Owner | null> {
  try {
    const value = JSON.parse(await readFile(join(folder, lockName), 'utf8')) as Partial<Owner> | null;
    return typeof value?.token === 'string' && Number.isSafeInteger(value.pid) && typeof value.host === 'string'
      ? (value as Owner)
      : null;
  } catch {
    return null;
  }
}

/** A process of this machine that is gone is known at once; any other has to be seen touching its lock. */
async function isAtWork(folder: string, owner: Owner | null): Promise<boolean> {
  if (owner?.host === hostname() && !isAlive(owner.pid)) return false;
  const before = await lastTouch(folder);
  for (let waited = 0; waited < lockTimeout; waited += beat / 4) {
    const now = await lastTouch(folder);
    if (now === null) return false;
    if (now !== before) return true;
    await wait(beat / 4);
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return errorCode(thrown) === 'EPERM';
  }
}

/** Milliseconds, with fractions; null where there is no lock. */
async function lastTouch(folder: string): Promise<number | null> {
  try {
    return (await stat(join(folder, lockName))).mtimeMs;
  } catch {
    return null;
  }
}
