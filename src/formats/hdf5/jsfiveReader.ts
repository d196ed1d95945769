/** HDF5 by jsfive, for superblocks of version 0. */
import { Dataset, File, Group } from 'jsfive';
import type { Hdf5File } from './content';
import { textsOf } from './texts';

/** Parts of the file that are copied: a hundred for an object that is read, of which each takes a thousand bytes. */
const maxParts = (fileBytes: number): number => 100_000 + fileBytes;

/**
 * What jsfive reads from. It takes every text out of the file as a copied part, and as many of them as a broken file says: the number is limited, so that no
 * file keeps it busy for ever. Numbers are read in place, and throw behind the file's end.
 */
class LimitedBuffer extends ArrayBuffer {
  private parts = 0;

  override slice(begin?: number, end?: number): ArrayBuffer {
    if (++this.parts > maxParts(this.byteLength)) throw new RangeError('too many parts');
    return new Uint8Array(this).slice(begin, end).buffer;
  }
}

/** Throws whatever jsfive throws of a broken file. */
export function openWithJsfive(bytes: Uint8Array): Hdf5File {
  const content = new LimitedBuffer(bytes.length);
  new Uint8Array(content).set(bytes);
  const at = finderIn(new File(content, ''));
  return {
    children(path) {
      const found = at(path);
      return found instanceof Group ? found.keys : [];
    },
    attribute(path, name) {
      const attributes = at(path)?.attrs;
      return attributes && Object.hasOwn(attributes, name) ? textsOf(attributes[name]) : null;
    },
    dataset(path) {
      const found = at(path);
      if (!(found instanceof Dataset)) return null;
      const { shape } = found;
      const type = typeOf(found);
      return { shape, type, read: () => numbersOf(found, type) };
    },
  };
}

/** By paths, each read once: step by step, since jsfive throws for what is not there, and takes what every object inherits for a name. */
function finderIn(root: Group): (path: string) => Group | Dataset | null {
  const known = new Map<string, Group | Dataset | null>();
  return (path) => {
    let [found, place]: [Group | Dataset | null, string] = [root, ''];
    for (const name of path.split('/').filter((each) => each !== '')) {
      place += `/${name}`;
      const before = known.get(place);
      if (before !== undefined) found = before;
      else found = found instanceof Group && found.keys.includes(name) ? found.get(name) : null;
      known.set(place, found);
    }
    return found;
  };
}

/** As Keras says of numbers that HDF5 has no type for, such as bfloat16: jsfive throws for those. */
function typeOf(dataset: Dataset): string {
  try {
    const { dtype } = dataset;
    return typeof dtype === 'string' ? dtype : 'unknown';
  } catch {
    return textsOf(dataset.attrs['dtype'])?.at(0) ?? 'unknown';
  }
}

function numbersOf(dataset: Dataset, type: string): Float32Array | Float64Array | null {
  if (!/^[<>]f[248]$/.test(type)) return null;
  const values = dataset.value as readonly number[];
  return type.endsWith('8') ? Float64Array.from(values) : Float32Array.from(values);
}
