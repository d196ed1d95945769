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

    it('a row of a softmax, of any length', () => {
      for (const length of [1, 2, 5, 64]) {
        const given = Float64Array.from({ length }, (_, i) => 9 * Math.sin(i));
        x.set(given);
        kernels.softmaxRow64(at(x), length, 0.7);
        const exponentials = given.map((value) => Math.exp(0.7 * value));
        const sum = exponentials.reduce((a, b) => a + b, 0);
        x.subarray(0, length).forEach((value, i) =>
          assert.ok(Math.abs(value - exponentials[i] / sum) <= 1e-14 * (exponentials[i] / sum), `${length}, ${i}`),
        );
      }
    });
  });
}
