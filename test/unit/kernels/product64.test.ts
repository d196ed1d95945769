import assert from 'node:assert/strict';
import { Random } from '../../../src/core/model/random';
import { Arena } from '../../../src/kernels/arena';
import { FixedMatrix64 } from '../../../src/kernels/fixedMatrix64';

describe('the product in float64', () => {
  it('has the bits of the plain loop, of any sizes, and of a part of the matrix', () => {
    const random = Random.fromSeed(3);
    for (const [m, n, k, row] of [
      [1, 1, 1, 0],
      [5, 3, 7, 2],
      [4, 8, 12, 0],
      [9, 6, 20, 5],
      [66, 13, 31, 0],
    ]) {
      const stride = k + 2;
      const rows = k - row;
      const { a, out, matrix } = Arena.build((arena) => ({
        a: arena.doubles(m * stride),
        out: arena.doubles(m * n),
        matrix: new FixedMatrix64(arena, k, n),
      }));
      const M = Float64Array.from({ length: k * n }, () => random.between(-1, 1));
      matrix.load(M);
      a.forEach((_, i) => (a[i] = random.between(-1, 1)));
      out.forEach((_, i) => (out[i] = random.between(-1, 1)));
      const expected = out.slice();
      for (let i = 0; i < m; i++)
        for (let l = 0; l < rows; l++)
          for (let j = 0; j < n; j++) expected[i * n + j] += a[i * stride + 1 + l] * M[(row + l) * n + j];
      matrix.multiplyAdd(out, a, 1, stride, row, rows, m);
      assert.deepEqual(out, expected);
    }
  });
});
