/** What a format needs in order to be fuzzed: an entry in formats.ts. */
import type { Random } from '../../src/core/model/random';

export interface FuzzedFormat {
  readonly name: string;
  /** Good input to begin with. */
  readonly files: readonly Uint8Array[];
  /** Whether it is also changed as the JSON it is. */
  readonly isJson?: boolean;
  /** Changes that know the format; bytes are changed blindly besides. */
  readonly mutations?: readonly Mutation[];
  /** What has to be there first. */
  prepare?(): Promise<void>;
  /** The program reads it in a thread that it ends after a time: what does not end is no failure. */
  readonly isEnded?: boolean;
  /** Reads all of it, as the program does. Where it can, in one go, so that it can be stopped; what goes on in a promise is waited for, without end. */
  read(bytes: Uint8Array): unknown;
  /** Whether what was thrown is a refusal as it should be; a UserError unless said. */
  isRefusal?(thrown: unknown): boolean;
}

export type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

/** A whole number in [0, count). */
export function below(count: number, random: Random): number {
  return Math.floor(random.between(0, count));
}

export function oneOf<T>(list: readonly T[], random: Random): T {
  return list[below(list.length, random)];
}
