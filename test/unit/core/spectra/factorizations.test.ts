/** QR and LU of many columns: what they are of the matrix, and that exponents are the same whichever keeps the directions apart. */
import assert from 'node:assert/strict';
import { Random } from '../../../../src/core/model/random';
import type { CarriedState } from '../../../../src/core/spectra/carriedState';
import { lyapunovSpectrum } from '../../../../src/core/spectra/lyapunov';
import { orthonormalize } from '../../../../src/core/spectra/orthonormal';
import { triangularize } from '../../../../src/core/spectra/triangularize';
import { assertClose } from '../../../reference/compare';

/** From columns of length about 1 to ones of a millionth. */
function graded(random: Random, n: number, k: number): Float64Array {
  return Float64Array.from({ length: n * k }, (_, i) => random.normal() * 10 ** ((-6 * (i % k)) / k));
}

/** a[m, k] · b[k, n] */
function product(a: Float64Array, b: Float64Array, m: number, n: number, k: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a[Math.floor(at / n) * k + l] * b[l * n + (at % n)];
    return sum;
  });
}

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from({ length: a.length }, (_, at) => a[(at % rows) * columns + Math.floor(at / rows)]);
}

// Blocks that are full and not, panels that are full and not, and as many rows as columns or more.
const shapes = [
  [3, 3],
  [40, 7],
  [48, 48],
  [50, 49],
  [70, 64],
  [97, 97],
  [130, 66],
] as const;

describe('factorizations', () => {
  for (const [n, k] of shapes) {
    it(`QR of ${n} × ${k}`, () => {
      const Y = graded(Random.fromSeed(n), n, k);
      const [Q, logs, R] = [Y.slice(), new Float64Array(k), new Float64Array(k * k)];
      orthonormalize(Q, n, k, logs, R);
      const unit = Float64Array.from({ length: k * k }, (_, i) => Number(i % (k + 1) === 0));
      assertClose(product(transposed(Q, n, k), Q, k, k, n), unit, 1e-13, 'QᵀQ');
      const found = product(Q, R, n, k, k);
      for (let j = 0; j < k; j++) {
        const column = (of: Float64Array) => Float64Array.from({ length: n }, (_, i) => of[i * k + j]);
        assertClose(column(found), column(Y), 1e-13, `column ${j} of Q R`);
        for (let i = j + 1; i < k; i++) assert.equal(R[i * k + j], 0);
      }
      assertClose(
        logs,
        Float64Array.from({ length: k }, (_, j) => Math.log(Math.abs(R[j * k + j]))),
        1e-15,
        'ln |R_jj|',
      );
    });

    it(`LU of ${n} × ${k}: the diagonals of QR’s R are those of X’s times U’s`, () => {
      const Y = graded(Random.fromSeed(n + 1), n, k);
      const [Q, ofR] = [Y.slice(), new Float64Array(k)];
      orthonormalize(Q, n, k, ofR);
      const [X, ofU, ofX] = [Y.slice(), new Float64Array(k), new Float64Array(k)];
      triangularize(X, n, k, ofU);
      assert.ok(X.every((x) => Math.abs(x) <= 1));
      orthonormalize(X, n, k, ofX);
      assertClose(
        ofU.map((log, j) => log + ofX[j]),
        ofR,
        1e-12,
        'ln |R_jj|',
      );
      // The directions are the same too, each but for its sign.
      for (let j = 0; j < k; j++) {
        let along = 0;
        for (let i = 0; i < n; i++) along += Q[i * k + j] * X[i * k + j];
        assert.ok(Math.abs(Math.abs(along) - 1) < 1e-9, `direction ${j}`);
      }
    });
  }

  it('LU says of a direction that is lost that it is, and goes on with another', () => {
    const [n, k] = [60, 50];
    const Y = graded(Random.fromSeed(9), n, k);
    for (let i = 0; i < n; i++) Y[i * k + 20] = 0;
    const logs = new Float64Array(k);
    triangularize(Y, n, k, logs);
    assert.deepEqual(
      Array.from(logs.keys()).filter((j) => logs[j] === -Infinity),
      [20],
    );
    orthonormalize(Y, n, k, logs);
    assert.ok(logs.every((log) => log > -20));
  });

  for (const n of [32, 64])
    it(`exponents and growths of ${n} directions are those of QR at every step`, async () => {
      const steps = 80;
      const random = Random.fromSeed(n);
      // Half of the numbers fade a thousand times as fast as the others.
      const jacobians = Array.from({ length: steps }, () =>
        Float64Array.from({ length: n * n }, (_, i) => (random.normal() / 8) * (i % n < n / 2 ? 1 : 1e-3)),
      );
      const advance = (t: number, V: Float64Array, k: number) => V.set(product(jacobians[t], V, n, k, n));
      const order = Int32Array.from({ length: steps }, (_, t) => t);
      const blocks = [{ size: n, advance, logFactors: null }];
      const state: CarriedState = { direction: 'forward', order, size: n, blocks };
      const { exponents, ends, growth } = await lyapunovSpectrum(state, n, () => Promise.resolve());

      const V = Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));
      const logs = new Float64Array(n);
      const records = Array.from(ends, () => new Float64Array(n));
      for (let t = 0, record = 0; t < steps; t++) {
        advance(t, V, n);
        orthonormalize(V, n, n, logs);
        logs.forEach((log, j) => (records[record][j] += log));
        if (t + 1 === ends[record]) record++;
      }
      const sums = Float64Array.from({ length: n }, (_, j) => records.reduce((sum, record) => sum + record[j], 0));
      const largestFirst = Array.from(sums.keys()).sort((a, b) => sums[b] - sums[a]);
      assertClose(
        exponents,
        Float64Array.from(largestFirst, (j) => sums[j] / steps),
        1e-11,
        'exponents',
      );
      records.forEach((record, i) => {
        assertClose(
          growth[i],
          Float64Array.from(largestFirst, (j) => record[j]),
          1e-9,
          `growth up to ${ends[i]}`,
        );
      });
    });
});
