/** The content of an HDF5 file as plain data, which can be sent from a thread. */
import type { Hdf5File } from './content';

/** By path, as `/layers/lstm`; the root is the empty text. */
export interface Hdf5Tree {
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly datasets: ReadonlyMap<string, TreeDataset>;
  /** Texts alone, by name. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;
}

export interface TreeDataset {
  readonly shape: readonly number[];
  readonly type: string;
  /** Null where they are no floating-point numbers, or more of them than the file could hold. */
  readonly numbers: Float32Array | Float64Array | null;
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
