/** Jacobians of every kind and their spectra, beside PyTorch in float64 (test/vectors/spectra.py). */
import { strict as assert } from 'node:assert';
import { productsByLag, singularValuesAt } from '../../../../src/core/spectra/jacobian';
import { lyapunovSpectrum } from '../../../../src/core/spectra/lyapunov';
import { assertNear } from '../../../reference/compare';
import { mambaModel, modelOf, noPause, statesOf, vectors, wholeJacobian } from './support';

/** Of a value that is a difference of large ones: absolute, beside values about 1. */
const tolerance = 1e-8;
/** Stands for the logarithm of an exact zero. */
const zero = -9999;
const last = vectors.ids.length - 1;

function assertAll(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, i) => {
    if (value === zero) assert.ok(actual[i] < -30, `${what} ${i}: ${actual[i]}`);
    else assertNear(actual[i], value, tolerance, `${what} ${i}`, true);
  });
}

describe('Jacobians of the carried state, as PyTorch’s jacrev has them', () => {
  for (const each of vectors.cases)
    for (const d of each.directions.keys())
      it(`${each.name}${d === 1 ? ', backward' : ''}: Jacobians, singular values, exponents and products by lag`, async () => {
        const state = statesOf(modelOf(each))[d];
        const { size } = state;
        const expected = each.directions[d];
        for (const [i, visited] of vectors.shown.entries()) {
          assertAll(wholeJacobian(state, visited), expected.shown[i], `J of step ${visited}`);
          const { largest, median, smallest } = singularValuesAt(state, state.order[visited], size);
          const values = expected.singularValues[i];
          assertAll(largest, values, `singular values of step ${visited}`);
          assertNear(median, (values[(size - 1) >> 1] + values[size >> 1]) / 2, tolerance, 'median', true);
          assertNear(smallest, values[size - 1], tolerance, 'smallest', true);
        }
        const { exponents } = await lyapunovSpectrum(state, size, noPause);
        if (expected.exponents) assertAll(exponents, expected.exponents, 'exponent');
        if (expected.logDeterminant !== null)
          assertNear(
            exponents.reduce((sum, value) => sum + value, 0),
            expected.logDeterminant,
            tolerance,
            'ln |det J|',
            true,
          );
        const { logs } = await productsByLag(state, last, vectors.lags, noPause);
        for (const [i, lag] of vectors.lags.entries()) assertAll(logs[i], expected.byLag[i], `ln σ at lag ${lag}`);
      });

  it('mamba: factors of the scan, exponents and products by lag', async () => {
    const [state] = statesOf(mambaModel());
    const { mamba } = vectors;
    for (const [i, visited] of vectors.shown.entries()) {
      const whole = wholeJacobian(state, visited);
      assertAll(
        Array.from({ length: state.size }, (_, u) => whole[u * state.size + u]),
        mamba.shown[i],
        'factor',
      );
    }
    assertAll((await lyapunovSpectrum(state, state.size, noPause)).exponents, mamba.exponents, 'exponent');
    const { logs } = await productsByLag(state, last, vectors.lags, noPause);
    for (const [i, lag] of vectors.lags.entries()) assertAll(logs[i], mamba.byLag[i], `ln σ at lag ${lag}`);
  });
});
