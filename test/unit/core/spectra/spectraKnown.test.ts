/** Spectra with closed forms and identities, and numbers of the literature. */
import { strict as assert } from 'node:assert';
import type { CarriedState } from '../../../../src/core/spectra/carriedState';
import {
  carriedDirections,
  effectiveRank,
  productsByLag,
  singularValuesAt,
} from '../../../../src/core/spectra/jacobian';
import { lyapunovSpectrum } from '../../../../src/core/spectra/lyapunov';
import { RecurrentMemory, RecurrentProducts } from '../../../../src/core/spectra/recurrentProducts';
import { SingularValues } from '../../../../src/core/spectra/singularValues';
import { randomOrthogonal } from '../../../../src/core/model/orthogonal';
import { Random } from '../../../../src/core/model/random';
import { assertNear } from '../../../reference/compare';
import { noPause } from './support';

/** Whose step t multiplies by `jacobian(t)`, [n, n]. */
function stateOf(n: number, steps: number, jacobian: (t: number) => Float64Array): CarriedState {
  const advance = (t: number, V: Float64Array, k: number) => {
    const J = jacobian(t);
    const before = V.slice();
    V.fill(0);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let c = 0; c < k; c++) V[i * k + c] += J[i * n + j] * before[j * k + c];
  };
  const order = Int32Array.from({ length: steps }, (_, t) => t);
  return { direction: 'forward', order, size: n, blocks: [{ size: n, advance, logFactors: null }] };
}

/** a[m, k] · b[k, n] */
function productOf(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const product = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) product[i * n + j] += a[i * k + l] * b[l * n + j];
  return product;
}

/** ln √det(AᵀA), A [n, r], by Gram–Schmidt. */
function logVolume(A: Float64Array, n: number, r: number): number {
  const columns = Array.from({ length: r }, (_, j) => Float64Array.from({ length: n }, (_, i) => A[i * r + j]));
  const along = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  return columns.reduce((logs, column, j) => {
    for (const before of columns.slice(0, j)) {
      const part = along(before, column);
      before.forEach((value, i) => {
        column[i] -= part * value;
      });
    }
    const length = Math.sqrt(along(column, column));
    column.forEach((value, i) => {
      column[i] = value / length;
    });
    return logs + Math.log(length);
  }, 0);
}

describe('spectra: known answers', () => {
  it('rows of more gates than the kernel adds are refused, not left out', () => {
    const none = new Float64Array(0);
    const ofGates = (gates: number) =>
      new RecurrentProducts(new RecurrentMemory(), none, new Float64Array(gates), 1, gates);
    ofGates(4);
    assert.throws(() => ofGates(5), /5 gates/);
  });

  for (const gain of [0.3, 1, 4])
    it(`W = ${gain} Q, Q orthogonal: every exponent and every ln σ is ln ${gain} a step, over 2,000 steps`, async () => {
      const n = 9;
      const Q = randomOrthogonal(n, Random.fromSeed(3)).map((value) => gain * value);
      const steps = 2000;
      const state = stateOf(n, steps, () => Q);
      const { exponents, growth } = await lyapunovSpectrum(state, n, noPause);
      for (const value of exponents) assertNear(value, Math.log(gain), 1e-12, 'exponent', true);
      assertNear(
        growth.reduce((sum, record) => sum + record[0], 0) / steps,
        exponents[0],
        1e-12,
        'sum of records',
        true,
      );
      const { logs } = await productsByLag(state, steps - 1, [0, 1, 2000], noPause);
      for (const [i, lag] of [0, 1, 2000].entries()) {
        for (const log of logs[i]) assertNear(log, lag * Math.log(gain), 1e-8, `lag ${lag}`, true);
        assertNear(effectiveRank(logs[i]), n, 1e-6, 'effective rank', true);
      }
    });

  it('of graded matrices the product keeps its smallest singular values far below what a float holds', async () => {
    // U D Uᵀ, D of 1 … 1e-3: its powers’ values are those of D’s powers.
    const n = 6;
    const U = randomOrthogonal(n, Random.fromSeed(5));
    const D = Array.from({ length: n }, (_, i) => 10 ** (-i * 0.6));
    const J = new Float64Array(n * n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) J[i * n + j] += U[i * n + k] * D[k] * U[j * n + k];
    const lags = [1, 10, 400];
    const { logs } = await productsByLag(
      stateOf(n, 400, () => J),
      399,
      lags,
      noPause,
    );
    for (const [i, lag] of lags.entries())
      for (const k of D.keys()) assertNear(logs[i][k], lag * Math.log(D[k]), 1e-10 * lag, `σ ${k} at lag ${lag}`, true);
    assert.equal(carriedDirections(logs[0], 1e-1), 2);
    assert.equal(carriedDirections(logs[2], 1e-3), 1);
    assertNear(effectiveRank(logs[2]), 1, 1e-12, 'effective rank', true);
  });

  it('ρ(W) = 0 says nothing: at the fixed point of W = [[8, 8], [−8, −8]] gradients double every step', async () => {
    // x* = (0, artanh ½): J = W diag(1 − tanh² x*) = W diag(1, ¾), whose eigenvalues are 8 − 6 = 2 and 0.
    const J = Float64Array.of(8, 6, -8, -6);
    const state = stateOf(2, 400, () => J);
    const { exponents } = await lyapunovSpectrum(state, 2, noPause);
    const [start] = [Math.log(Math.hypot(8, 8)) - Math.log(2)];
    assertNear(exponents[0], Math.log(2) + start / 400, 1e-12, 'largest exponent', true);
    assert.equal(exponents[1], -Infinity, 'the other direction is lost at once');
    const { logs } = await productsByLag(state, 399, [1, 2, 51], noPause);
    const sigma = Math.log(Math.hypot(8, 8, 6, 6));
    for (const [i, lag] of [1, 2, 51].entries())
      assertNear(logs[i][0], sigma + (lag - 1) * Math.log(2), 1e-9, `lag ${lag}`, true);
    assertNear(singularValuesAt(state, 0, 2).largest[0], Math.hypot(8, 8, 6, 6), 1e-12, 'σ', true);
  });

  // Of J_t = A_t B_t the volume that is left of the first r directions is known: vol(A_T) Π |det(B_t A_{t−1})| |det(B_1's first columns)|.
  for (const [n, r] of [
    [5, 2],
    [16, 11],
    [60, 20],
    [100, 70],
  ] as const)
    it(`of Jacobians of rank ${r} exactly so many of ${n} exponents are finite, and they sum up to the volume’s`, async () => {
      const random = Random.fromSeed(100 * n + r);
      const steps = 30;
      const factors = Array.from({ length: steps }, () => ({
        A: Float64Array.from({ length: n * r }, () => random.normal()),
        B: Float64Array.from({ length: r * n }, () => random.normal()),
      }));
      const Js = factors.map(({ A, B }) => productOf(A, B, n, r, n));
      const { exponents, growth } = await lyapunovSpectrum(
        stateOf(n, steps, (t) => Js[t]),
        n,
        noPause,
      );
      const start = Float64Array.from({ length: r * r }, (_, i) => factors[0].B[Math.floor(i / r) * n + (i % r)]);
      let logs = logVolume(start, r, r) + logVolume(factors[steps - 1].A, n, r);
      for (let t = 1; t < steps; t++) logs += logVolume(productOf(factors[t].B, factors[t - 1].A, r, n, r), r, r);
      assert.equal(exponents.filter((value) => value > -Infinity).length, r);
      assertNear(
        exponents.slice(0, r).reduce((sum, value) => sum + value, 0),
        logs / steps,
        1e-9,
        'sum',
        true,
      );
      for (const record of growth) assert.ok(record.slice(r).every((value) => value === -Infinity));
    });

  it('a direction that is lost takes nothing from those behind it', async () => {
    // The first number is dropped at every step, and comes back from the second, which doubles: its unit vector is lost at once.
    const state = stateOf(3, 50, () => Float64Array.of(0, 1, 0, 0, 2, 0, 0, 0, 0.5));
    const { exponents } = await lyapunovSpectrum(state, 3, noPause);
    assertNear(exponents[0], Math.log(2) + Math.log(Math.hypot(1, 2) / 2) / 50, 1e-12, 'largest', true);
    assertNear(exponents[1], Math.log(0.5), 1e-12, 'second', true);
    assert.equal(exponents[2], -Infinity);
  });

  it('small is not lost: numbers that are scaled each by itself keep their factors', async () => {
    const state = stateOf(3, 20, () => Float64Array.of(1, 0, 0, 0, 1e-30, 0, 0, 0, 0));
    const { exponents } = await lyapunovSpectrum(state, 3, noPause);
    assertNear(exponents[1], Math.log(1e-30), 1e-12, 'small', true);
    assert.equal(exponents[2], -Infinity);
  });

  for (const value of [NaN, Infinity])
    it(`of a Jacobian with ${value} in it no direction is said to be lost`, async () => {
      const { exponents } = await lyapunovSpectrum(
        stateOf(3, 8, (t) => Float64Array.of(1, 0.5, 0, 0.3, t === 5 ? value : 1, 0, 0, 0.2, 1)),
        3,
        noPause,
      );
      assert.ok(!exponents.includes(-Infinity) && exponents.some((each) => !Number.isFinite(each)), exponents.join());
    });

  it('the sum of all exponents is the mean of ln |det J|, whatever the steps’ Jacobians', async () => {
    const n = 7;
    const random = Random.fromSeed(11);
    const steps = 300;
    // Triangular in both factors, so that the determinant is known.
    let logs = 0;
    const Js = Array.from({ length: steps }, () => {
      const [lower, upper] = [new Float64Array(n * n), new Float64Array(n * n)];
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          if (j < i) lower[i * n + j] = random.normal();
          else if (j === i) {
            lower[i * n + i] = 1;
            upper[i * n + i] = random.normal();
            logs += Math.log(Math.abs(upper[i * n + i]));
          } else upper[i * n + j] = random.normal();
        }
      const J = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) J[i * n + j] += lower[i * n + k] * upper[k * n + j];
      return J;
    });
    const { exponents, ends, growth } = await lyapunovSpectrum(
      stateOf(n, steps, (t) => Js[t]),
      n,
      noPause,
    );
    assertNear(
      exponents.reduce((sum, value) => sum + value, 0),
      logs / steps,
      1e-9,
      'sum',
      true,
    );
    assert.equal(ends.at(-1), steps);
    assert.equal(growth.length, ends.length);
  });

  // Mean field 0.310, a simulation of N = 1000 0.308. Smaller networks scatter about it.
  for (const [gain, expected] of [[3, 0.308]] as const)
    it(`x ← W tanh(x), W Gaussian of gain ${gain}: near the mean-field exponent with 200 units`, async () => {
      const n = 200;
      const random = Random.fromSeed(2);
      const W = Float64Array.from({ length: n * n }, () => (gain * random.normal()) / Math.sqrt(n));
      let x = Float64Array.from({ length: n }, () => random.normal());
      const next = (from: Float64Array) => {
        const y = new Float64Array(n);
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) y[i] += W[i * n + j] * Math.tanh(from[j]);
        return y;
      };
      for (let t = 0; t < 200; t++) x = next(x);
      const steps = 1500;
      const slopes = Array.from({ length: steps }, () => {
        const own = x.map((value) => 1 - Math.tanh(value) ** 2);
        x = next(x);
        return own;
      });
      const advance = (t: number, V: Float64Array, k: number) => {
        const before = V.slice();
        V.fill(0);
        for (let j = 0; j < n; j++)
          for (let c = 0; c < k; c++) {
            const factor = slopes[t][j] * before[j * k + c];
            for (let i = 0; i < n; i++) V[i * k + c] += W[i * n + j] * factor;
          }
      };
      const state: CarriedState = {
        direction: 'forward',
        order: Int32Array.from({ length: steps }, (_, t) => t),
        size: n,
        blocks: [{ size: n, advance, logFactors: null }],
      };
      const { exponents } = await lyapunovSpectrum(state, 1, noPause);
      assertNear(exponents[0], expected, 0.05, 'largest exponent');
    });
});

describe('singular values', () => {
  it('zeros, ones and numbers that are none', () => {
    assert.deepEqual(Array.from(new SingularValues(new Float64Array(9), 3).largest(3)), [0, 0, 0]);
    const one = new SingularValues(Float64Array.of(1, 0, 0, 1), 2);
    for (const value of one.largest(5)) assertNear(value, 1, 1e-15, 'identity', true);
    assertNear(new SingularValues(Float64Array.of(-3e-200), 1).at(0), 3e-200, 1e-14, 'one number');
    assert.ok(Number.isNaN(new SingularValues(Float64Array.of(1, NaN, 0, 1), 2).at(0)));
    assert.ok(Number.isNaN(new SingularValues(Float64Array.of(1, Infinity, 0, 1), 2).at(0)));
  });

  it('of a matrix that is made of them, in both halves of float64’s range', () => {
    for (const scale of [1e-180, 1, 1e180]) {
      const n = 40;
      const random = Random.fromSeed(7);
      const [U, V] = [randomOrthogonal(n, random), randomOrthogonal(n, random)];
      const values = Array.from({ length: n }, (_, i) => scale * 10 ** (-i / 10));
      const A = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) A[i * n + j] += U[i * n + k] * values[k] * V[j * n + k];
      const found = new SingularValues(A, n);
      for (const [i, value] of values.entries()) assertNear(found.at(i) / scale, value / scale, 1e-14, `σ ${i}`, true);
    }
  });
});
