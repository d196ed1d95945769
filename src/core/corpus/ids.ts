/** Tokens as integers, in the smallest type that holds the vocabulary. */
export type Ids = Uint8Array | Uint16Array | Int32Array;

/** Room for `length` ids of a vocabulary of `size` symbols, all 0. Throws a RangeError where there is no memory for it. */
export function makeIds(length: number, size: number): Ids {
  if (size <= 0x100) return new Uint8Array(length);
  return size <= 0x10000 ? new Uint16Array(length) : new Int32Array(length);
}
