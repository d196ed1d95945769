/** The vocabulary that people keep in a checkpoint beside the weights, or pickle by itself, as nanoGPT's `meta.pkl`. */
import { plainValue } from '../../formats/pickle/plainValue';
import { unpickle } from '../../formats/pickle/unpickle';
import { namedEntries, type PickleValue } from '../../formats/pickle/values';
import { metadataKeys } from '../foreignVocabulary';

/** What stands under the usual names, at the top or with what the model was made with, as a file's metadata has it: JSON, or a text of the characters. */
export function vocabularyInCheckpoint(value: PickleValue): Readonly<Record<string, string>> {
  const top = namedEntries(value);
  const around = [
    top,
    ...['config', 'hyper_parameters', 'args', 'meta'].map((name) => namedEntries(top?.get(name) ?? null)),
  ];
  const found: Record<string, string> = {};
  for (const entries of around)
    for (const key of metadataKeys) {
      const plain = plainValue(entries?.get(key) ?? null) ?? null;
      if (plain === null || typeof plain === 'number' || Object.hasOwn(found, key)) continue;
      found[key] = typeof plain === 'string' ? plain : JSON.stringify(plain);
    }
  return found;
}

/** Whether the bytes are a pickle as Python 3 writes them by itself. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && bytes.at(-1) === 0x2e;
}

/** A pickled vocabulary as JSON. @param file for the sentences  Throws a UserError for what is no pickle. */
export function pickleAsJson(bytes: Uint8Array, file: string): string {
  return JSON.stringify(plainValue(unpickle(bytes, file).value) ?? null);
}
