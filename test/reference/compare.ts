/** Comparisons that say how far off and where. */
import { strict as assert } from 'node:assert';
import type { Vector } from './model';

/** Fails unless |actual − expected| ≤ tolerance · max|expected| everywhere: errors relative to the whole array, as its entries are. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  let largest = 0;
  for (let k = 0; k < expected.length; k++) largest = Math.max(largest, Math.abs(expected[k]));
  for (let k = 0; k < expected.length; k++) {
    const difference = Math.abs(actual[k] - expected[k]);
    // The sentence is made where it is needed: there are tens of millions of entries. NaN is not close to anything.
    if (!(difference <= tolerance * largest))
      assert.fail(
        `${what}: entry ${k} is ${actual[k]}, expected ${expected[k]}; off by ${difference / largest} of the largest`,
      );
  }
}

/** `assertClose` for every row on its own; `expected` [rows, width] flat. Rows of a flow differ by orders of magnitude. */
export function assertRowsClose(
  actual: readonly ArrayLike<number>[],
  expected: Vector,
  tolerance: number,
  what: string,
): void {
  const width = expected.length / actual.length;
  actual.forEach((row, k) =>
    assertClose(row, expected.subarray(k * width, (k + 1) * width), tolerance, `${what}, row ${k}`),
  );
}

/** For one number: relative, and for a logarithm (`absolute`) absolute. −Infinity equals itself. */
export function assertNear(actual: number, expected: number, tolerance: number, what: string, absolute = false): void {
  if (actual === expected) return;
  const difference = Math.abs(actual - expected);
  assert.ok(
    difference <= tolerance * (absolute ? 1 : Math.abs(expected)),
    `${what} is ${actual}, expected ${expected}; off by ${difference}`,
  );
}
