/**
 * Files of HDF5, the format in which Keras keeps its weights. Two kept readers share the work: jsfive for files that begin with a superblock of version 0,
 * which is what Keras and h5py write, and the HDF Group's own library for all later versions, of whose attributes and groups jsfive silently loses some.
 */
import { UserError } from '../../userError';
import type { Hdf5File } from './content';

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** Byte offset of the superblock's version. */
const versionAt = signature.length;
/** Times as many numbers as the file has bytes: what is packed can become more, but hardly that much. */
export const maxGrowth = 200;

export function isHdf5(bytes: Uint8Array): boolean {
  return bytes.length > versionAt && signature.every((byte, i) => bytes[i] === byte);
}

/** Whether the file begins with the superblock of version 0, as Keras' and h5py's do. @param bytes of an HDF5 file */
export function isOfOldForm(bytes: Uint8Array): boolean {
  return bytes[versionAt] === 0;
}

/** One of the two readers; throws whatever it throws of a broken file. */
export type OpenHdf5 = (bytes: Uint8Array) => Hdf5File;

/** The same by one reader, at once. */
export function readWith<Result>(
  open: OpenHdf5,
  bytes: Uint8Array,
  file: string,
  use: (content: Hdf5File) => Result,
): Result {
  const opened = guarded(file, () => open(bytes));
  return use(checked(opened, bytes.length, file));
}

/** What a reader throws of a broken file, of whatever kind, as one sentence. */
function guarded<Result>(file: string, read: () => Result): Result {
  try {
    return read();
  } catch {
    throw new UserError('error.hdf5.broken', file);
  }
}

/** Refuses datasets that say they are larger than the file could hold, before memory is asked for. */
function checked(content: Hdf5File, fileBytes: number, file: string): Hdf5File {
  return {
    children: (path) => guarded(file, () => content.children(path)),
    attribute: (path, name) => guarded(file, () => content.attribute(path, name)),
    dataset(path) {
      const dataset = guarded(file, () => content.dataset(path));
      if (!dataset) return null;
      const count = dataset.shape.reduce((product, size) => product * size, 1);
      if (!(count <= maxGrowth * fileBytes)) throw new UserError('error.hdf5.tooLarge', file, path, maxGrowth);
      return { ...dataset, read: () => guarded(file, () => dataset.read()) };
    },
  };
}
