/**
 * HDF5 by the HDF Group's library, compiled to WebAssembly (h5wasm), as a plain tree. A broken file can leave the library in disorder, or keep it busy for ever:
 * the program runs it in a thread of its own for each file.
 */
import { Attribute, Dataset, File, Group, ready } from 'h5wasm';
import { halfToNumber } from '../half';
import { textsOf } from './texts';
import type { Hdf5Tree, TreeDataset } from './tree';

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

/** H5T_FLOAT of the library's `H5T_class_t`. */
const floatClass = 1;
/** Groups in groups, which may be in themselves; and objects in all: far more than any model has. */
const maxDepth = 32;
const maxObjects = 200_000;

let opened = 0;

/** What reads one file after the other, at once. @returns throws whatever the library throws of a broken file; `maxNumbers`: in all datasets together */
export async function treeReader(): Promise<(bytes: Uint8Array, maxNumbers: number) => Hdf5Tree> {
  const library = (await ready) as unknown as Library;
  return (bytes, maxNumbers) => treeIn(library, bytes, maxNumbers);
}

function treeIn(library: Library, bytes: Uint8Array, maxNumbers: number): Hdf5Tree {
  // It would print what is wrong otherwise, and go on.
  library.activate_throwing_error_handler();
  // In the library's own file system, in memory. A file that could not be closed is found again under its name.
  const place = `/model${++opened}.h5`;
  library.FS.writeFile(place, bytes);
  let file: File | null = null;
  try {
    file = new File(place, 'r');
    return collected(file, library, maxNumbers);
  } finally {
    close(file);
    library.FS.unlink(place);
  }
}

function close(file: File | null): void {
  try {
    file?.close();
  } catch {
    // A broken file cannot always be closed.
  }
}

function collected(file: File, library: Library, maxNumbers: number): Hdf5Tree {
  const groups = new Map<string, readonly string[]>();
  const datasets = new Map<string, TreeDataset>();
  const attributes = new Map<string, ReadonlyMap<string, readonly string[]>>();
  let [objects, numbersLeft] = [0, maxNumbers];
  const visit = (found: unknown, path: string, depth: number): void => {
    if (++objects > maxObjects || depth > maxDepth) throw new RangeError('too many objects');
    if (!(found instanceof Group) && !(found instanceof Dataset)) return;
    attributes.set(path, textsWith(found, library));
    if (found instanceof Dataset) {
      const { shape, total_size: count } = found.metadata;
      const isHeld = count <= numbersLeft;
      if (isHeld) numbersLeft -= count;
      datasets.set(path, { shape: shape ?? [], ...contentOf(found, library, isHeld) });
      return;
    }
    const names = found.keys();
    groups.set(path, names);
    for (const name of names) visit(found.get(name), `${path}/${name}`, depth + 1);
  };
  visit(file, '', 0);
  return { groups, datasets, attributes };
}

function textsWith({ file_id: file, path }: Group | Dataset, library: Library): ReadonlyMap<string, readonly string[]> {
  const names = library.get_attribute_names(file, path);
  return new Map(
    names.flatMap((name) => {
      const texts = textsOf(new Attribute(file, path, name).value);
      return texts ? [[name, texts] as const] : [];
    }),
  );
}

function contentOf(dataset: Dataset, library: Library, isHeld: boolean): Omit<TreeDataset, 'shape'> {
  const { type, size, littleEndian } = dataset.metadata;
  const isFloat = type === floatClass && [2, 4, 8].includes(size);
  return {
    type: `${littleEndian ? '<' : '>'}${isFloat ? 'f' : 'V'}${size}`,
    numbers: isFloat && isHeld ? floatsOf(bytesOf(dataset, library), size, littleEndian) : null,
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
