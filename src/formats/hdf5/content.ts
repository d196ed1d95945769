/** What is in an HDF5 file, as its readers give it. */

export interface Hdf5File {
  /** What lies in a group, by name; empty of a dataset, and where there is nothing. */
  children(path: string): readonly string[];
  /** Texts that stand with a group or dataset; null where there are none under this name, or no texts. */
  attribute(path: string, name: string): readonly string[] | null;
  /** Null where there is none. */
  dataset(path: string): Hdf5Dataset | null;
}

export interface Hdf5Dataset {
  readonly shape: readonly number[];
  /** In NumPy's words, as `<f4`. */
  readonly type: string;
  /** Row by row; null where they are not floating-point numbers of 16, 32 or 64 bits. */
  read(): Float32Array | Float64Array | null;
}
