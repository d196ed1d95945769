/** What a format needs in order to be fuzzed: an entry in formats.ts. */
import type { Random } from '../../src/core/model/random';

export interface FuzzedFormat {
  readonly name: string;
  /** Real files to begin with. */
  readonly files: readonly Uint8Array[];
  /** Changes that know the format; bytes are changed blindly besides. */
  readonly mutations: readonly Mutation[];
  /** Reads a file, all of it. Fine where it returns or throws a UserError; must not be asynchronous, so that it can be stopped. */
  read(bytes: Uint8Array): void;
}

export type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** A whole number in [0, count). */
export function below(count: number, random: Random): number {
  return Math.floor(random.between(0, count));
}

export function oneOf<T>(list: readonly T[], random: Random): T {
  return list[below(list.length, random)];
}
