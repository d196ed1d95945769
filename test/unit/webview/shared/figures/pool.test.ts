import assert from 'node:assert/strict';
import { Random } from '../../../../../src/core/model/random';
import type { Grid, Window } from '../../../../../webview/shared/figures/grid';
import { Pool } from '../../../../../webview/shared/figures/pool';

describe('many values to a pixel', () => {
  const random = Random.fromSeed(9);
  const whole = (grid: Grid, outRows: number, outColumns: number): Window => ({
    fromRow: 0,
    rows: grid.rows,
    outRows,
    fromColumn: 0,
    columns: grid.columns,
    outColumns,
  });

  it('the farthest from neutral stands for them: the same as looking at every value', () => {
    const grid: Grid = {
      values: Float32Array.from({ length: 30_000 }, () => random.between(-1, 1)),
      rows: 30,
      columns: 1000,
      rowStride: 1,
      columnStride: 30,
    };
    const found = new Pool(grid, 0.1, null).take(whole(grid, 10, 100));
    for (let row = 0; row < 10; row++) {
      for (let column = 0; column < 100; column++) {
        let farthest = 0.1;
        for (let u = 3 * row; u < 3 * row + 3; u++)
          for (let t = 10 * column; t < 10 * column + 10; t++)
            if (Math.abs(grid.values[t * 30 + u] - 0.1) > Math.abs(farthest - 0.1)) farthest = grid.values[t * 30 + u];
        assert.equal(found[row * 100 + column], farthest);
      }
    }
  });

  it('one value among a hundred thousand is within a pixel of its place, at every zoom', () => {
    const steps = 100_000;
    for (const spike of [0, 7, 54_321, steps - 1]) {
      const values = new Float32Array(steps).fill(0.01);
      values[spike] = -5;
      const pool = new Pool({ values, rows: 1, columns: steps, rowStride: 0, columnStride: 1 }, 0, null);
      for (const [from, count] of [
        [0, steps],
        [0, 50_000],
        [50_000, 50_000],
        [54_000.5, 777.3],
        [54_300, 40],
      ] as const) {
        const found = pool.take({ fromRow: 0, rows: 1, outRows: 1, fromColumn: from, columns: count, outColumns: 600 });
        const place = Math.floor(((spike - from) * 600) / count);
        const seen = found.findIndex((value) => value === -5);
        if (place >= 0 && place < 600 && count >= 600)
          assert.ok(Math.abs(seen - place) <= 1, `step ${spike} of ${from} … +${count}: pixel ${seen}, not ${place}`);
      }
    }
  });

  it('a number wins over NaN, infinity over every number, and rows can be in any order', () => {
    const grid: Grid = {
      values: Float32Array.from([NaN, 1, 2, Infinity, NaN, NaN]),
      rows: 3,
      columns: 2,
      rowStride: 2,
      columnStride: 1,
    };
    const found = new Pool(grid, 0, Uint32Array.from([2, 0, 1])).take(whole(grid, 3, 1));
    assert.deepEqual([...found], [NaN, 1, Infinity]);
  });
});
