/** HDF5 by the HDF Group's library, compiled to WebAssembly (h5wasm). */
import { Attribute, Dataset, File, Group, ready } from 'h5wasm';
import { halfToNumber } from '../half';
import type { Hdf5File, OpenHdf5 } from './hdf5File';
import { textsOf } from './texts';

/** What is used of the compiled library and is not among the types of h5wasm. */
interface Library {
  readonly HEAPU8: Uint8Array;
  readonly FS: { writeFile(path: string, bytes: Uint8Array): void; unlink(path: string): void };
  activate_throwing_error_handler(): void;
  get_attribute_names(file: bigint, path: string): readonly string[];
  get_dataset_data(file: bigint, path: string, count: null, offset: null, strides: null, into: bigint): number;
  _malloc(bytes: number): number;
  _free(place: number): void;
}

/** In the library's own file system, which is in memory. */
const place = '/model.h5';

/** H5T_FLOAT of the library's `H5T_class_t`. */
const floatClass = 1;

/** Opens files by the library, once it is there; one at a time. */
export async function libraryOpener(): Promise<OpenHdf5> {
  const library = (await ready) as unknown as Library;
  // It would print what is wrong otherwise, and go on.
  library.activate_throwing_error_handler();
  return (bytes) => {
    library.FS.writeFile(place, bytes);
    const file = new File(place, 'r');
    return { ...contentOf(file, library), close: () => closeQuietly(file, library) };
  };
}

function contentOf(file: File, library: Library): Hdf5File {
  const at = (path: string): Group | Dataset | null => {
    let found: unknown = file;
    for (const name of path.split('/').filter((each) => each !== '')) {
      if (!(found instanceof Group) || !found.keys().includes(name)) return null;
      found = found.get(name);
    }
    return found instanceof Group || found instanceof Dataset ? found : null;
  };
  return {
    children(path) {
      const found = at(path);
      return found instanceof Group ? found.keys() : [];
    },
    attribute(path, name) {
      const found = at(path);
      if (!found || !library.get_attribute_names(found.file_id, found.path).includes(name)) return null;
      return textsOf(new Attribute(found.file_id, found.path, name).value);
    },
    dataset(path) {
      const found = at(path);
      if (!(found instanceof Dataset)) return null;
      const { shape, type, size, littleEndian } = found.metadata;
      const isFloat = type === floatClass && [2, 4, 8].includes(size);
      return {
        shape: shape ?? [],
        type: `${littleEndian ? '<' : '>'}${isFloat ? 'f' : 'V'}${size}`,
        read: () => (isFloat ? floatsOf(bytesOf(found, library), size, littleEndian) : null),
      };
    },
  };
}

/** As the file has them: h5wasm's own values leave out numbers of 16 bits. */
function bytesOf(dataset: Dataset, library: Library): Uint8Array {
  const { size, total_size: count } = dataset.metadata;
  const length = size * count;
  const memory = library._malloc(Math.max(length, 1));
  if (memory === 0) throw new RangeError('no memory');
  try {
    library.get_dataset_data(dataset.file_id, dataset.path, null, null, null, BigInt(memory));
    return library.HEAPU8.slice(memory, memory + length);
  } finally {
    library._free(memory);
  }
}

function floatsOf(bytes: Uint8Array, size: number, isLittle: boolean): Float32Array | Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / size;
  const numbers = size === 8 ? new Float64Array(count) : new Float32Array(count);
  for (let i = 0; i < count; i++)
    numbers[i] =
      size === 2
        ? halfToNumber(view.getUint16(2 * i, isLittle))
        : size === 4
          ? view.getFloat32(4 * i, isLittle)
          : view.getFloat64(8 * i, isLittle);
  return numbers;
}

/** What a broken file has left open is of no interest any more. */
function closeQuietly(file: File, library: Library): void {
  try {
    file.close();
  } catch {
    // It could not be opened rightly.
  }
  library.FS.unlink(place);
}
