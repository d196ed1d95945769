/** The functions inside the kernels of float64, each to a few units in the last place of what JavaScript has. */
import { strict as assert } from 'node:assert';
import { enableRelaxedSimd } from '../../../src/engine/relaxedSimd';
import { Arena, at } from '../../../src/kernels/arena';
import { kinds } from '../support/kernelArrays';

enableRelaxedSimd();

const n = 4001;
/** From −largest to largest. */
const spread = (largest: number) => Float64Array.from({ length: n }, (_, i) => (2 * largest * i) / (n - 1) - largest);

function assertRelative(actual: Float64Array, expected: readonly number[] | Float64Array, what: string): void {
  actual.forEach((value, i) => {
    const wanted = expected[i];
    const isClose = Object.is(value, wanted) || Math.abs(value - wanted) <= 2e-15 * Math.abs(wanted);
    assert.ok(isClose, `${what}, ${i}: ${value} for ${wanted}`);
  });
}

for (const simd of kinds) {
  describe(`functions in float64, ${simd}`, () => {
    const arena = Arena.ofSize(1 << 20, { simd });
    const [x, out, slope] = [arena.doubles(n), arena.doubles(n), arena.doubles(n)];
    const { kernels } = arena;

    it('σ and the softplus, with its slope; 0 where e^x is below the normal numbers', () => {
      const given = spread(700);
      given.set([0, -0, -750, -Infinity, NaN, -1e-300]);
      x.set(given);
      kernels.applyLogistic64(at(out), at(x), n);
      const logistic = given.map((value) =>
        value < 0 ? Math.exp(value) / (1 + Math.exp(value)) : 1 / (1 + Math.exp(-value)),
      );
      assertRelative(out, logistic, 'σ');
      kernels.applySoftplus64(at(out), at(slope), at(x), n);
      assertRelative(slope, logistic, 'slope');
      assertRelative(
        out,
        given.map((value) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))),
        'softplus',
      );
    });

    it('a causal softmax of any length, and what is not a number in it', () => {
      for (const T of [1, 2, 5, 30]) {
        const { kernels: own, rows } = Arena.build(
          (arena) => ({ kernels: arena.kernels, rows: arena.doubles(T * T) }),
          {
            simd,
          },
        );
        const given = Float64Array.from({ length: T * T }, (_, i) => 9 * Math.sin(i));
        rows.set(given);
        if (T > 2) rows[2 * T] = NaN;
        own.softmaxCausal64(at(rows), T, 0.7);
        for (let row = 0; row < T; row++) {
          const exponentials = given.subarray(row * T, row * T + row + 1).map((value) => Math.exp(0.7 * value));
          const sum = exponentials.reduce((a, b) => a + b, 0);
          rows.subarray(row * T, (row + 1) * T).forEach((value, t) => {
            const expected = t > row ? 0 : exponentials[t] / sum;
            const isRight =
              row === 2 && t <= row ? Number.isNaN(value) : Math.abs(value - expected) <= 1e-14 * expected;
            assert.ok(isRight, `${T}: row ${row}, ${t}`);
          });
        }
      }
    });
  });
}
