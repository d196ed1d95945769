import assert from 'node:assert/strict';
import { addProduct, addProductTransposed, addTransposedProduct } from '../../../../src/core/graph/operators/products';
import { Random } from '../../../../src/core/model/random';
import { difference } from './support';

const random = Random.fromSeed(7);

/** Some rows of zeros, as gradients have them. */
function matrix(rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: rows * columns }, (_, i) =>
    Math.floor(i / columns) % 5 === 3 ? 0 : random.between(-1, 1),
  );
}

/** C + A · B by the definition, of elements that functions give. */
function plainProduct(
  C: Float64Array,
  a: (i: number, p: number) => number,
  b: (p: number, j: number) => number,
  [m, k, n]: readonly [number, number, number],
): Float64Array {
  return Float64Array.from({ length: m * n }, (_, place) => {
    const [i, j] = [Math.floor(place / n), place % n];
    let sum = C[place];
    for (let p = 0; p < k; p++) sum += a(i, p) * b(p, j);
    return sum;
  });
}

describe('products of float64 matrices', () => {
  // Below and above the size from which the kernel takes them, and over the borders of its blocks.
  for (const [m, k, n] of [
    [3, 5, 7],
    [4, 64, 64],
    [33, 30, 29],
    [70, 300, 261],
    [129, 257, 5],
  ] as const)
    it(`of [${m}, ${k}] and [${k}, ${n}] are the sums that define them`, () => {
      const C = matrix(m, n);
      const start = 3;
      const results = [
        { add: addProduct, A: matrix(m, k), B: matrix(k, n), a: [k, 1], b: [n, 1] },
        { add: addProductTransposed, A: matrix(m, k), B: matrix(n, k), a: [k, 1], b: [1, k] },
        { add: addTransposedProduct, A: matrix(k, m), B: matrix(k, n), a: [1, m], b: [n, 1] },
      ].map(({ add, A, B, a, b }) => {
        const into = Float64Array.of(...new Array<number>(start).fill(9), ...C);
        add({ data: into, at: start }, { data: A, at: 0 }, { data: B, at: 0 }, m, k, n);
        const expected = plainProduct(
          C,
          (i, p) => A[i * a[0] + p * a[1]],
          (p, j) => B[p * b[0] + j * b[1]],
          [m, k, n],
        );
        assert.deepEqual([...into.subarray(0, start)], [9, 9, 9]);
        return difference(into.subarray(start), expected);
      });
      assert.ok(Math.max(...results) < 1e-12, `they differ by ${results.join(', ')}`);
    });
});
