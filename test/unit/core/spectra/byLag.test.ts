/** Directions by lag from the product itself, beside the graded product, which keeps the smallest too, and beside PyTorch's. */
import { strict as assert } from 'node:assert';
import { largestByLag } from '../../../../src/core/spectra/byLag';
import { carriedDirections, effectiveRank, productsByLag } from '../../../../src/core/spectra/jacobian';
import type { CarriedState } from '../../../../src/core/spectra/carriedState';
import { randomOrthogonal } from '../../../../src/core/model/orthogonal';
import { Random } from '../../../../src/core/model/random';
import { assertNear } from '../../../reference/compare';
import { mambaModel, modelOf, noPause, statesOf, vectors } from './support';

/** ln of the smallest share of the largest that both products are asked to have alike. */
const farthest = Math.log(1e-8);

async function compare(state: CarriedState, target: number, lags: readonly number[], what: string): Promise<void> {
  const found = await largestByLag(state, target, lags, noPause);
  const { logs } = await productsByLag(state, target, lags, noPause);
  for (const [i, lag] of lags.entries()) {
    const exact = logs[i].filter((log) => log >= logs[i][0] + farthest);
    assert.ok(found.logs[i].length >= exact.length, `${what}, lag ${lag}: ${found.logs[i].length} of ${exact.length}`);
    for (const [place, log] of exact.entries())
      if (log > -Infinity) assertNear(found.logs[i][place], log, 1e-6, `${what}, lag ${lag}, σ ${place}`, true);
    assertNear(effectiveRank(found.logs[i]), effectiveRank(logs[i]), 1e-6, `${what}, lag ${lag}: rank`);
    if (found.floors[i] < Math.log(0.01))
      assert.equal(carriedDirections(found.logs[i], 0.01), carriedDirections(logs[i], 0.01), `${what}, lag ${lag}`);
  }
}

describe('directions by lag', () => {
  const last = vectors.ids.length - 1;
  const lags = [1, 2, 3, 5, 8, last].filter((lag, i, all) => lag <= last && all.indexOf(lag) === i);
  for (const each of [
    ...vectors.cases.map((of) => ({ name: of.name, model: modelOf(of) })),
    { name: 'mamba', model: mambaModel() },
  ])
    it(`${each.name}: as the graded product has them`, async () => {
      for (const state of statesOf(each.model)) await compare(state, last, lags, each.name);
    });

  it('of 400 equal steps of a graded matrix: what rounding would hide is left out, and said so', async () => {
    const n = 6;
    const U = randomOrthogonal(n, Random.fromSeed(5));
    const D = Array.from({ length: n }, (_, i) => 2 * 10 ** (-i * 0.6));
    const J = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) J[i * n + j] += U[i * n + k] * D[k] * U[j * n + k];
    const advance = (_: number, V: Float64Array, k: number): void => {
      const before = V.slice();
      V.fill(0);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) for (let c = 0; c < k; c++) V[i * k + c] += J[i * n + j] * before[j * k + c];
    };
    const order = Int32Array.from({ length: 400 }, (_, t) => t);
    const state: CarriedState = {
      direction: 'forward',
      order,
      size: n,
      blocks: [{ size: n, advance, logFactors: null }],
    };
    const { logs, floors } = await largestByLag(state, 399, [1, 20, 400], noPause);
    assert.equal(logs[0].length, n);
    assert.equal(floors[0], -Infinity);
    for (const [i, lag] of [1, 20, 400].entries()) {
      for (const [k, log] of logs[i].entries())
        assertNear(log, lag * Math.log(D[k]), 1e-4, `σ ${k} at lag ${lag}`, true);
      assert.ok(logs[i].length >= 1);
    }
    assert.equal(logs[2].length, 1, 'the second is 10^−240 of the first');
    assert.ok(floors[2] > logs[2][0] - 40 && floors[2] < logs[2][0] - 10, 'digits of a double');
  });

  it('a product that is exactly zero has no direction left', async () => {
    // Nilpotent: J J = 0.
    const J = Float64Array.of(8, 8, -8, -8);
    const advance = (_: number, V: Float64Array, k: number): void => {
      const before = V.slice();
      for (let i = 0; i < 2; i++)
        for (let c = 0; c < k; c++) V[i * k + c] = J[2 * i] * before[c] + J[2 * i + 1] * before[k + c];
    };
    const order = Int32Array.of(0, 1, 2);
    const state: CarriedState = {
      direction: 'forward',
      order,
      size: 2,
      blocks: [{ size: 2, advance, logFactors: null }],
    };
    const { logs, floors } = await largestByLag(state, 2, [1, 2], noPause);
    assertNear(logs[0][0], Math.log(16), 1e-12, 'first', true);
    assert.equal(effectiveRank(logs[1]), 0);
    assert.equal(carriedDirections(logs[1], 0.01), 0);
    assert.ok(floors[1] < Math.log(1e-10), 'and rounding is far below what counts');
  });
});
