/** Reading JSON written by another time or hand: every field is checked, and a wrong one is named. */
import { UserError } from '../../userError';

export interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** The fields of one JSON object of a file; `path` is where it is in the file, like `corpus.`. */
export class Fields {
  private constructor(
    private readonly file: string,
    private readonly path: string,
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  /** Throws a UserError when `text` is not a JSON object. */
  static parse(file: string, text: string): Fields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new UserError('error.json.invalid', file);
    }
    if (!isRecord(value)) throw new UserError('error.json.notObject', file);
    return new Fields(file, '', value);
  }

  object(key: string): Fields {
    const value = this.values[key];
    if (!isRecord(value)) throw this.wrong(key, 'an object');
    return new Fields(this.file, `${this.path}${key}.`, value);
  }

  isText(key: string): boolean {
    return typeof this.values[key] === 'string';
  }

  isList(key: string): boolean {
    return Array.isArray(this.values[key]);
  }

  /** Of a list of at least `min` objects and at most `max`. */
  objects(key: string, max: number, min = 1): Fields[] {
    const value = this.values[key];
    if (!Array.isArray(value) || value.length < min || value.length > max)
      throw this.wrong(key, `a list of ${min} to ${max} objects`);
    return value.map((item: unknown, i) => {
      if (!isRecord(item)) throw this.wrong(key, `a list of ${min} to ${max} objects`);
      return new Fields(this.file, `${this.path}${key}[${i}].`, item);
    });
  }

  /** Of a list of at most `max` texts. */
  strings(key: string, max: number): string[] {
    const value = this.values[key];
    if (!Array.isArray(value) || value.length > max || !value.every((item) => typeof item === 'string'))
      throw this.wrong(key, `a list of up to ${max} texts`);
    return value;
  }

  string(key: string): string {
    const value = this.values[key];
    if (typeof value !== 'string') throw this.wrong(key, 'a text');
    return value;
  }

  number(key: string, { min = -Infinity, max = Infinity }: Range = {}): number {
    const value = this.values[key];
    if (typeof value !== 'number' || value < min || value > max)
      throw this.wrong(key, `a number${rangeText(min, max)}`);
    return value;
  }

  integer(key: string, { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: Range = {}): number {
    const value = this.values[key];
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      throw this.wrong(key, `a whole number${rangeText(min, max)}`);
    }
    return value as number;
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.values[key]);
    if (found === undefined) throw this.wrong(key, `one of ${choices.join(', ')}`);
    return found;
  }

  /** Null where the file says null, else what `read` gives. */
  nullable<T>(key: string, read: (key: string) => T): T | null {
    return this.values[key] === null ? null : read(key);
  }

  boolean(key: string): boolean {
    const value = this.values[key];
    if (typeof value !== 'boolean') throw this.wrong(key, 'true or false');
    return value;
  }

  /** `fallback` where an older file does not have the field yet, else what `read` gives. */
  added<T>(key: string, fallback: T, read: (key: string) => T): T {
    return Object.hasOwn(this.values, key) ? read(key) : fallback;
  }

  private wrong(key: string, expected: string): UserError {
    const value = this.values[key];
    const found = value === undefined ? 'missing' : JSON.stringify(value);
    return new UserError('error.json.field', this.file, this.path + key, expected, found);
  }
}

function rangeText(min: number, max: number): string {
  const low = Number.isFinite(min) && min !== Number.MIN_SAFE_INTEGER ? ` from ${min}` : '';
  const high = Number.isFinite(max) && max !== Number.MAX_SAFE_INTEGER ? ` up to ${max}` : '';
  return low + high;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
