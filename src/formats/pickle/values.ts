/**
 * What a pickle describes, as data. A pickle is a program whose instructions build objects and may call anything Python can import; here nothing is ever
 * called: a class or function is its name, and what a program would make with it is that name, the arguments, and what was added afterwards.
 */

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | PickleObject
  | PickleReference;

/** A list, set or frozenset. */
export class PickleList {
  constructor(
    readonly items: PickleValue[] = [],
    /** Then the order of its items means nothing. */
    readonly isSet = false,
  ) {}
}

export class PickleTuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** In the order in which they were set; a later value of the same key stands behind the earlier one. */
export class PickleDict {
  readonly entries: (readonly [PickleValue, PickleValue])[] = [];
}

/** A class or function: only its name. */
export class PickleGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get fullName(): string {
    return `${this.module}.${this.name}`;
  }
}

/** What calling `made` with these arguments would have made. */
export class PickleObject {
  /** By `append` and `add`. */
  readonly items: PickleValue[] = [];
  /** By `[key] = value`. */
  readonly entries: (readonly [PickleValue, PickleValue])[] = [];
  /** What its attributes were set from; usually a dict. */
  state: PickleValue = null;

  constructor(
    readonly made: PickleGlobal,
    readonly args: PickleTuple,
  ) {}
}

/** Something that lies outside the pickle, by what it is known as there. */
export class PickleReference {
  constructor(readonly id: PickleValue) {}
}

/** What a value holds: of a dict its entries; of an object those set by key, else its attributes (`argparse.Namespace`, a dataclass); null of anything else. */
export function entriesOf(value: PickleValue): readonly (readonly [PickleValue, PickleValue])[] | null {
  if (value instanceof PickleDict) return value.entries;
  if (!(value instanceof PickleObject)) return null;
  if (value.entries.length > 0) return value.entries;
  return value.state instanceof PickleDict ? value.state.entries : [];
}

/** The same with their names, of those that have a text for a key. */
export function namedEntries(value: PickleValue): ReadonlyMap<string, PickleValue> | null {
  const entries = entriesOf(value);
  if (!entries) return null;
  const named = new Map<string, PickleValue>();
  for (const [key, entry] of entries) if (typeof key === 'string') named.set(key, entry);
  return named;
}
