/** The short texts that a graph is tried with. */

/** Steps of the runs that are compared; the longer ones where a graph does not take the shorter. */
export const lengths: readonly (readonly [number, number])[] = [
  [5, 8],
  [23, 40],
  [90, 129],
];
/** Bytes that the tape of one such run may have. */
export const maxTape = 2 ** 31;

/** Ids below `size` that do not repeat in an even rhythm. */
export function someIds(steps: number, size: number): Int32Array {
  return Int32Array.from({ length: steps }, (_, t) => (t * t * 7 + t * 3 + 1 + Math.floor(t / 3)) % size);
}

/** Others, from a place on up to another. */
export function changedFrom(ids: Int32Array, size: number, from: number, to = ids.length): Int32Array {
  return ids.map((id, t) => (t >= from && t < to ? (id + 1) % size : id));
}
