/** HDF5 by the HDF Group's library, in a thread of its own for each file, which is ended where it does not end. */
import { Worker } from 'node:worker_threads';
import type { Hdf5File } from './hdf5File';
import program from './libraryThread.thread';
import type { LibraryThreadData } from './libraryThread';
import type { Hdf5Tree } from './libraryTree';

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

/** Paths with and without a first or last slash are the same. */
export function fileOf({ groups, datasets, attributes }: Hdf5Tree): Hdf5File {
  const at = (path: string) =>
    path
      .split('/')
      .filter((name) => name !== '')
      .map((name) => `/${name}`)
      .join('');
  return {
    children: (path) => groups.get(at(path)) ?? [],
    attribute: (path, name) => attributes.get(at(path))?.get(name) ?? null,
    dataset(path) {
      const found = datasets.get(at(path));
      return found ? { shape: found.shape, type: found.type, read: () => found.numbers } : null;
    },
  };
}
