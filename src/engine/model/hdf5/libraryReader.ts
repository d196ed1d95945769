/** HDF5 by the HDF Group's library, in a thread of its own for each file, which is ended where it does not end. */
import { Worker } from 'node:worker_threads';
import type { Hdf5File } from '../../../formats/hdf5/content';
import { fileOf, type Hdf5Tree } from '../../../formats/hdf5/tree';
import program from './libraryThread.thread';
import type { LibraryThreadData } from './libraryThread';

/** Milliseconds: for hangs; a model of a hundred megabytes takes a second. */
const patience = 60_000;

/** Null for a broken file. @param maxNumbers in all its datasets together */
export async function openByLibrary(bytes: Uint8Array, maxNumbers: number): Promise<Hdf5File | null> {
  const workerData: LibraryThreadData = { bytes, maxNumbers };
  const worker = new Worker(program, { eval: true, workerData, stderr: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    const tree = await new Promise<Hdf5Tree | null>((resolve) => {
      timer = setTimeout(() => resolve(null), patience);
      worker.once('message', resolve);
      worker.once('error', () => resolve(null));
      worker.once('exit', () => resolve(null));
    });
    return tree && fileOf(tree);
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
