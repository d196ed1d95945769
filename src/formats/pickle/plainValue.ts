/** A pickle's value as JSON would have it. */
import { entriesOf, PickleList, PickleTuple, type PickleValue } from './values';

const maxDepth = 8;
/** A list that holds another many times is written out as often: no further than this. */
const maxValues = 500_000;

/** Of dicts the entries with texts and whole numbers as keys, of objects their attributes, as of `argparse.Namespace` and of dataclasses; undefined of what JSON has not. */
export function plainValue(value: PickleValue): unknown {
  let left = maxValues;
  const plain = (each: PickleValue, depth: number): unknown => {
    if (each === null || typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean') return each;
    if (depth > maxDepth || --left < 0) return undefined;
    if (each instanceof PickleList || each instanceof PickleTuple)
      return each.items.map((item) => plain(item, depth + 1));
    const entries = entriesOf(each);
    if (!entries) return undefined;
    return Object.fromEntries(
      entries.flatMap(([key, entry]) =>
        typeof key === 'string' || typeof key === 'number' ? [[String(key), plain(entry, depth + 1)]] : [],
      ),
    );
  };
  return plain(value, 0);
}
