/** A small file system of its own, for tests that fill it or take it away. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Disk {
  /** Absolute path of where it is mounted. */
  readonly path: string;
  /** Leaves no byte free. */
  fill(): void;
  /** Removes what `fill` put there. */
  makeRoom(): void;
  setReadOnly(isReadOnly: boolean): void;
  remove(): void;
}

/** A tmpfs of this many bytes; null, and a loud reason on standard output, where this user may not mount one. */
export function smallDisk(bytes: number): Disk | null {
  const path = mkdtempSync(join(tmpdir(), 'backflow-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(path);
    process.stdout.write(
      `\n      NOT TESTED: no file system can be mounted here (${String(error).split('\n')[0]}). Run these tests as root on Linux.\n\n`,
    );
    return null;
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: () => {
      for (const size of [65_536, 4096, 512, 1]) {
        try {
          for (;;) writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
        } catch {
          // Full, but for something smaller.
        }
      }
    },
    makeRoom: () => rmSync(ballast),
    setReadOnly: (isReadOnly) => {
      // Refused for the moment in which a file is open for writing.
      for (let attempts = 0; ; attempts++) {
        try {
          execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path], { stdio: 'pipe' });
          return;
        } catch (error) {
          if (attempts === 200) throw error;
        }
      }
    },
    remove: () => {
      execFileSync('umount', ['--lazy', path]);
      rmdirSync(path);
    },
  };
}
