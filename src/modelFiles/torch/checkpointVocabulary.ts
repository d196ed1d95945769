/** The vocabulary that people keep in a checkpoint beside the weights, or pickle by itself, as nanoGPT's `meta.pkl`. */
import { plainValue } from '../../formats/pickle/plainValue';
import { unpickle } from '../../formats/pickle/unpickle';
import {
  entriesOf,
  namedEntries,
  PickleDict,
  PickleList,
  PickleObject,
  PickleTuple,
  type PickleValue,
} from '../../formats/pickle/values';
import { metadataKeys, placePrefix, unreadKey } from '../foreignVocabulary';
import { isOfOptimizer } from './weightTensors';

/**
 * What stands under the usual names, at the top or with what the model was made with, as a file's metadata has it: JSON, or a text of the characters. And, by
 * their places, what else has the form of a vocabulary: people call theirs `tokens`, `int2char`, `tokenizer.char_to_id`.
 */
export function vocabularyInCheckpoint(value: PickleValue): Readonly<Record<string, string>> {
  const top = namedEntries(value);
  const around = [
    top,
    ...['config', 'hyper_parameters', 'args', 'meta'].map((name) => namedEntries(top?.get(name) ?? null)),
  ];
  const found: Record<string, string> = {};
  for (const entries of around)
    for (const key of metadataKeys) {
      const entry = entries?.get(key) ?? null;
      if (entry === null || typeof entry === 'number' || Object.hasOwn(found, key)) continue;
      if (!isReadable(entry)) {
        found[unreadKey] = key;
        continue;
      }
      const plain = plainValue(entry) ?? null;
      found[key] = typeof plain === 'string' ? plain : JSON.stringify(plain);
    }
  for (const [place, each] of placesOfVocabularies(value))
    found[placePrefix + place] = JSON.stringify(plainValue(each) ?? null);
  return found;
}

/** Dicts and objects in one another: a module's tokenizer's table is five deep. */
const maxDepth = 6;
/** Entries that are looked at, and places that are kept: a checkpoint has some hundred besides its tensors. */
const maxEntries = 100_000;
const maxPlaces = 16;

/** What has the form of a vocabulary, by the names on the way to it. */
function placesOfVocabularies(top: PickleValue): Map<string, PickleValue> {
  const found = new Map<string, PickleValue>();
  const seen = new Set<PickleValue>();
  let left = maxEntries;
  const walk = (value: PickleValue, path: readonly string[]): void => {
    if (path.length > maxDepth || seen.has(value)) return;
    seen.add(value);
    for (const [name, part] of namedEntries(value) ?? []) {
      // Names with an underscore are a program's own, as those of a module's weights; what it consists of is one of them.
      if (--left < 0 || found.size >= maxPlaces || isOfOptimizer(name) || (name.startsWith('_') && name !== '_modules'))
        continue;
      const place = name === '_modules' ? path : [...path, name];
      if (hasFormOfVocabulary(part)) found.set(place.join('.'), part);
      else if (typeof part === 'string' && isListOfCharacters(name, part))
        found.set(place.join('.'), new PickleList(Array.from(part)));
      else walk(part, place);
    }
  };
  walk(top, []);
  return found;
}

/** Of a text only its name says that it is one: `all_characters`, `alphabet`. */
function isListOfCharacters(name: string, text: string): boolean {
  const characters = Array.from(text);
  return /char|alphabet|vocab|symbol|letter|token/i.test(name) && new Set(characters).size === characters.length;
}

/** What is neither a text, nor holds symbols or ids by name, nor is a list of texts: an array of NumPy, bytes, a set, whose symbols have no order. */
function isReadable(value: PickleValue): boolean {
  return typeof value === 'string' || (entriesOf(value) ?? []).length > 0 || hasFormOfVocabulary(value);
}

/** A list of symbols, each once; symbols with their ids, or ids with their symbols. */
function hasFormOfVocabulary(value: PickleValue): boolean {
  if (value instanceof PickleList || value instanceof PickleTuple) {
    // Symbols of a set have no ids.
    if (value instanceof PickleList && value.isSet) return false;
    const { items } = value;
    return items.length > 1 && items.every((item) => typeof item === 'string') && new Set(items).size === items.length;
  }
  if (!(value instanceof PickleDict || value instanceof PickleObject)) return false;
  const entries = entriesOf(value) ?? [];
  return (
    entries.length > 1 &&
    (entries.every(([key, entry]) => typeof key === 'string' && typeof entry === 'number') ||
      entries.every(([key, entry]) => isId(key) && typeof entry === 'string'))
  );
}

function isId(key: PickleValue): boolean {
  return typeof key === 'number' || (typeof key === 'string' && /^\d+$/.test(key));
}

/** Whether the bytes are a pickle as Python 3 writes them by itself. */
export function isPickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5 && bytes.at(-1) === 0x2e;
}

/** A pickled vocabulary as JSON. @param file for the sentences  Throws a UserError for what is no pickle. */
export function pickleAsJson(bytes: Uint8Array, file: string): string {
  return JSON.stringify(plainValue(unpickle(bytes, file).value) ?? null);
}
