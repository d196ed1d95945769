/** The program of the thread that reads one file by the HDF Group's library. */
import { parentPort, workerData } from 'node:worker_threads';
import { treeReader } from '../../../formats/hdf5/libraryTree';

export interface LibraryThreadData {
  readonly bytes: Uint8Array;
  readonly maxNumbers: number;
}

const { bytes, maxNumbers } = workerData as LibraryThreadData;
treeReader()
  .then((read) => read(bytes, maxNumbers))
  .then(
    (tree) => parentPort?.postMessage(tree),
    // What is wrong with a broken file is of no use to a person.
    () => parentPort?.postMessage(null),
  );
