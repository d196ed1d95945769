/** Kernels over rows and elements: what they must give, written out. */
import { strict as assert } from 'node:assert';
import { Random } from '../../../src/core/model/random';
import { enableRelaxedSimd } from '../../../src/engine/relaxedSimd';
import { assertClose, assertNear } from '../../reference/compare';
import { at, Bench, kinds, normals, oddSizes } from '../support/kernelArrays';

enableRelaxedSimd();

for (const simd of kinds) {
  describe(`element-wise kernels, ${simd} SIMD`, () => {
    for (const n of [...oddSizes, 0]) {
      it(`${n} elements`, () => {
        const random = Random.fromSeed(n + 1);
        const bench = new Bench(simd);
        const { kernels } = bench;
        const [x, y] = [Float32Array.from(normals(random, n)), Float32Array.from(normals(random, n))];
        const [a, b, out] = [bench.floats(x), bench.floats(y), bench.zeros(n)];
        kernels.add(at(out), at(a), at(b), n);
        assert.deepEqual(
          out,
          x.map((value, k) => value + y[k]),
        );
        kernels.multiplyElements(at(out), at(a), at(b), n);
        assert.deepEqual(
          out,
          x.map((value, k) => value * y[k]),
        );
        assertNear(
          kernels.sumOfSquares(at(a), n),
          x.reduce((sum, value) => sum + value * value, 0),
          1e-14,
          'Σ a²',
        );
        kernels.scale(at(b), n, 0.75);
        assert.deepEqual(
          b,
          y.map((value) => value * 0.75),
        );
        const cut = kernels.clampMagnitude(at(a), n, 0.5);
        assert.deepEqual(
          a,
          x.map((value) => Math.max(-0.5, Math.min(0.5, value))),
        );
        assert.equal(cut, x.filter((value) => Math.abs(value) > 0.5).length);
        assert.ok(bench.guarded);
      });
    }

    it('what is not a number stays so when it is cut', () => {
      const bench = new Bench(simd);
      const a = bench.floats([NaN, 2, -Infinity, 0.5, NaN]);
      assert.equal(bench.kernels.clampMagnitude(at(a), 5, 1), 2);
      assert.deepEqual([...a], [NaN, 1, -1, 0.5, NaN]);
    });
  });

  describe(`kernels over rows, ${simd} SIMD`, () => {
    for (const width of oddSizes) {
      for (const rows of [1, 4, 7]) {
        it(`${rows} rows of ${width}`, () => {
          const random = Random.fromSeed(10 * width + rows);
          const bench = new Bench(simd);
          const { kernels } = bench;
          const x = Float32Array.from(normals(random, rows * width));
          const rowOf = (array: Float32Array, row: number) => array.subarray(row * width, (row + 1) * width);
          const a = bench.floats(x);

          const squares = bench.doubles(rows);
          kernels.rowSquares(rows, width, at(a), at(squares));
          for (let row = 0; row < rows; row++)
            assertNear(
              squares[row],
              rowOf(x, row).reduce((sum, value) => sum + value * value, 0),
              1e-14,
              'Σ a² of a row',
            );

          const sums = bench.floats(normals(random, width));
          kernels.columnSums(at(sums), at(a), rows, width);
          assertClose(
            sums,
            Float64Array.from({ length: width }, (_, j) =>
              Array.from({ length: rows }, (_, row) => x[row * width + j]).reduce((sum, value) => sum + value, 0),
            ),
            1e-6,
            'sums of columns',
          );
          const byRow = bench.floats(normals(random, width));
          kernels.columnSumsByRow(at(byRow), at(a), rows, width, at(bench.doubles(width)));
          assert.deepEqual(byRow, sums, 'row by row they have the same bits');

          const turned = bench.zeros(rows * width);
          kernels.transpose(at(turned), at(a), rows, width);
          for (let row = 0; row < rows; row++)
            for (let j = 0; j < width; j++) assert.equal(turned[j * rows + row], x[row * width + j]);

          const ids = bench.ints(Array.from({ length: rows }, (_, row) => (row % 3 === 2 ? -1 : (5 * row) % 4)));
          const tableValues = Float32Array.from(normals(random, 4 * width));
          const biasValues = Float32Array.from(normals(random, width));
          const [table, bias, gathered] = [
            bench.floats(tableValues),
            bench.floats(biasValues),
            bench.floats(normals(random, rows * width)),
          ];
          kernels.gatherRows(at(gathered), at(table), at(ids), rows, width, at(bias));
          ids.forEach((id, row) => {
            assert.deepEqual(
              rowOf(gathered, row),
              biasValues.map((value, j) => (id < 0 ? value : value + tableValues[id * width + j])),
            );
          });
          kernels.gatherRows(at(gathered), at(table), at(ids), rows, width, 0);
          ids.forEach((id, row) => {
            assert.deepEqual(
              rowOf(gathered, row),
              biasValues.map((_, j) => (id < 0 ? 0 : tableValues[id * width + j])),
            );
          });
          const added = tableValues.slice();
          ids.forEach((id, row) => {
            if (id >= 0) for (let j = 0; j < width; j++) added[id * width + j] += x[row * width + j];
          });
          kernels.scatterAddRows(at(table), at(ids), at(a), rows, width);
          assert.deepEqual(table, added);

          const filled = bench.zeros(rows * width);
          kernels.fillRows(at(filled), at(bias), rows, width);
          for (let row = 0; row < rows; row++) assert.deepEqual(rowOf(filled, row), biasValues);

          const wide = bench.zeros(rows * (width + 3));
          kernels.copyColumns(at(wide, 2), width + 3, at(a), width, rows, width);
          for (let row = 0; row < rows; row++)
            assert.deepEqual(
              [...wide.subarray(row * (width + 3), (row + 1) * (width + 3))],
              [0, 0, ...rowOf(x, row), 0],
            );

          const factors = bench.floats(normals(random, rows));
          kernels.scaleRows(rows, width, at(a), at(factors));
          assert.deepEqual(
            a,
            x.map((value, k) => value * factors[Math.floor(k / width)]),
          );
          assert.ok(bench.guarded);
        });
      }
    }
  });
}
