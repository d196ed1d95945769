/** Matrix products of the kernels against sums in float64. */
import { strict as assert } from 'node:assert';
import { Random } from '../../../src/core/model/random';
import { enableRelaxedSimd } from '../../../src/engine/relaxedSimd';
import { gemmScratchLength, panelLength } from '../../../src/kernels/fixedMatrix';
import { assertClose } from '../../reference/compare';
import { at, Bench, kinds, normals, oddSizes } from '../support/kernelArrays';

enableRelaxedSimd();

/** c + a[m, k] · b[k, n] in float64, elements of a and b by their strides. */
function product(
  c: Float64Array,
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
  [aRow, aColumn, bRow, bColumn]: readonly number[],
): Float64Array {
  const out = c.slice();
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let l = 0; l < k; l++) out[i * n + j] += a[i * aRow + l * aColumn] * b[l * bRow + j * bColumn];
  return out;
}

for (const simd of kinds) {
  describe(`products, ${simd} SIMD`, () => {
    it('multiplyAdd is out + a · b for every number of rows and columns', () => {
      const random = Random.fromSeed(1);
      for (const m of [...oddSizes, 6, 10, 11, 12, 14, 16, 17, 18]) {
        for (const n of [...oddSizes, 32, 40, 65]) {
          for (const k of [1, 4, 7, 33]) {
            const bench = new Bench(simd, 1 << 17);
            const [c, a, b] = [normals(random, m * n), normals(random, m * k), normals(random, k * n)];
            const [out, left, right] = [bench.floats(c), bench.floats(a), bench.floats(b)];
            const panels = bench.zeros(panelLength(k, n));
            bench.kernels.pack(at(panels), at(right), k, n, n, 1);
            bench.kernels.multiplyAdd(at(out), at(left), at(panels), m, n, k);
            assertClose(out, product(c, a, b, m, n, k, [k, 1, n, 1]), 1e-6, `${m} × ${n} × ${k}`);
            assert.ok(bench.guarded);
          }
        }
      }
    });

    it('sums beyond one block of k', () => {
      const random = Random.fromSeed(2);
      for (const m of [1, 2, 6, 11]) {
        const [n, k] = [43, 1300];
        const bench = new Bench(simd);
        const [c, a, b] = [normals(random, m * n), normals(random, m * k), normals(random, k * n)];
        const [out, left, right] = [bench.floats(c), bench.floats(a), bench.floats(b)];
        const panels = bench.zeros(panelLength(k, n));
        bench.kernels.pack(at(panels), at(right), k, n, n, 1);
        bench.kernels.multiplyAdd(at(out), at(left), at(panels), m, n, k);
        assertClose(out, product(c, a, b, m, n, k, [k, 1, n, 1]), 3e-6, `${m} rows`);
      }
    });

    it('a row of a product has the same bits whatever rows stand beside it', () => {
      const random = Random.fromSeed(3);
      const [m, n, k] = [19, 41, 530];
      const bench = new Bench(simd);
      const [a, b] = [bench.floats(normals(random, m * k)), bench.floats(normals(random, k * n))];
      const panels = bench.zeros(panelLength(k, n));
      bench.kernels.pack(at(panels), at(b), k, n, n, 1);
      const whole = bench.zeros(m * n);
      bench.kernels.multiplyAdd(at(whole), at(a), at(panels), m, n, k);
      for (let rows = 1; rows < m; rows++) {
        const out = bench.zeros(m * n);
        for (let i = 0; i < m; i += rows)
          bench.kernels.multiplyAdd(at(out, i * n), at(a, i * k), at(panels), Math.min(rows, m - i), n, k);
        assert.deepEqual(out, whole, `${rows} rows at a time`);
      }
    });

    it('gemm multiplies, with either matrix transposed, across its blocks', () => {
      const random = Random.fromSeed(4);
      for (const [m, n, k] of [
        [1, 1, 1],
        [5, 7, 3],
        [6, 8, 16],
        [13, 65, 33],
        [100, 9, 300],
        [97, 520, 5],
        [3, 530, 260],
      ] as const) {
        for (const strides of [
          [k, 1, n, 1],
          [k, 1, 1, k],
          [1, m, n, 1],
          [1, m, 1, k],
        ] as [number, number, number, number][]) {
          for (const accumulate of [0, 1]) {
            const bench = new Bench(simd);
            const [c, a, b] = [normals(random, m * n), normals(random, m * k), normals(random, k * n)];
            const [out, left, right] = [bench.floats(c), bench.floats(a), bench.floats(b)];
            const scratch = bench.zeros(gemmScratchLength);
            bench.kernels.gemm(at(out), at(left), at(right), m, n, k, ...strides, accumulate, at(scratch));
            assertClose(
              out,
              product(accumulate ? c : new Float64Array(m * n), a, b, m, n, k, strides),
              2e-6,
              `${m} × ${n} × ${k}, strides ${strides.join(' ')}`,
            );
            assert.ok(bench.guarded);
          }
        }
      }
    });
  });
}
