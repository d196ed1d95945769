/** Removing a folder to which a process that is just ending may still write. */
import { rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Milliseconds for which an engine may continue saving after its window has closed. */
const timeout = 120_000;

/** Removes a folder and all in it, again while something new appears there. */
export async function removeFolder(path: string): Promise<void> {
  const deadline = performance.now() + timeout;
  for (;;) {
    try {
      rmSync(path, { recursive: true, force: true });
      return;
    } catch (thrown) {
      if (performance.now() > deadline) throw thrown;
    }
    await setTimeout(100);
  }
}
