/** A file's HDF5 content by the reader that loses nothing of it. */
import type { Hdf5File } from '../../../formats/hdf5/content';
import { isHdf5, isOfOldForm, maxGrowth, readWith } from '../../../formats/hdf5/hdf5File';
import { openWithJsfive } from '../../../formats/hdf5/jsfiveReader';
import { UserError } from '../../../userError';

/** Lets `use` read a file. @param file for the sentences  Throws a UserError for what is no such file, or is broken. */
export async function withHdf5<Result>(
  bytes: Uint8Array,
  file: string,
  use: (content: Hdf5File) => Result,
): Promise<Result> {
  if (!isHdf5(bytes)) throw new UserError('error.hdf5.notFile', file);
  if (isOfOldForm(bytes)) return readWith(openWithJsfive, bytes, file, use);
  // The library is large, and few files need it.
  const { openByLibrary } = await import('./libraryReader');
  const opened = await openByLibrary(bytes, maxGrowth * bytes.length);
  if (!opened) throw new UserError('error.hdf5.broken', file);
  return readWith(() => opened, bytes, file, use);
}
