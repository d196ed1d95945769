/** Fields of a tokenizer.json, each read as the library reads it, or refused by its name. */

/** What cannot be read as the library reads it: in which part of the file, and what stands there. */
export class TokenizerRefusal extends Error {
  constructor(
    readonly part: string,
    readonly what: string,
  ) {
    super(`${part}: ${what}`);
    this.name = 'TokenizerRefusal';
  }
}

export type Json = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field and what it holds, as in the file; shortened where it is long. */
export function shown(key: string, value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return `"${key}": ${text.length > 120 ? `${text.slice(0, 119)}…` : text}`;
}

/** An object of a tokenizer.json and where in it. */
export class Fields {
  private constructor(
    readonly part: string,
    private readonly json: Json,
  ) {}

  /** Throws a TokenizerRefusal for what is no object. */
  static of(json: unknown, part: string): Fields {
    if (!isRecord(json)) throw new TokenizerRefusal(part, shown(part, json));
    return new Fields(part, json);
  }

  get(key: string): unknown {
    return Object.hasOwn(this.json, key) ? this.json[key] : undefined;
  }

  /** Its kind, where it says so. */
  get type(): string {
    return this.string('type');
  }

  string(key: string): string {
    const value = this.get(key);
    return typeof value === 'string' ? value : this.refuse(key);
  }

  boolean(key: string, otherwise?: boolean): boolean {
    const value = this.get(key) ?? otherwise;
    return typeof value === 'boolean' ? value : this.refuse(key);
  }

  /** A whole number of at least `min`. */
  integer(key: string, min: number, otherwise?: number): number {
    const value = this.get(key) ?? otherwise;
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= min ? value : this.refuse(key);
  }

  /** One of these, or `otherwise` where the field is missing. */
  oneOf<T extends string>(key: string, values: readonly T[], otherwise?: T): T {
    const value = this.get(key) ?? otherwise;
    return values.find((each) => each === value) ?? this.refuse(key);
  }

  /** The objects of an array. */
  list(key: string): Fields[] {
    const value = this.get(key);
    if (!Array.isArray(value)) return this.refuse(key);
    return value.map((each: unknown) => Fields.of(each, this.part));
  }

  object(key: string): Fields {
    return Fields.of(this.get(key), this.part);
  }

  /** Throws a TokenizerRefusal that names the field. */
  refuse(key: string): never {
    throw new TokenizerRefusal(this.part, shown(key, this.get(key)));
  }
}
