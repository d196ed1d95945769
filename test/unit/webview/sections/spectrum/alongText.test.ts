/** What a spectrum has by stretch and by lag, on the steps of the text it belongs to. */
import assert from 'node:assert/strict';
import type { StateSpectrum } from '../../../../../src/protocol/spectrum';
import {
  byStepOf,
  exponentsByStep,
  rankOfCarried,
  singularRows,
} from '../../../../../webview/sections/spectrum/alongText';

const T = 6;

function stretches(direction: StateSpectrum['direction'], from: readonly number[]): StateSpectrum {
  return {
    direction,
    size: 2,
    lyapunov: Float64Array.of(-1, -2),
    // The second stretch has the fastest direction of the whole text behind the other.
    finiteTime: { from: Int32Array.from(from), exponents: Float64Array.of(-1, -2, -4, -3) },
    jacobian: null,
    byLag: null,
  };
}

describe('a spectrum along the text', () => {
  it('has at each step the exponents of its stretch, the largest first', () => {
    assert.deepEqual(
      exponentsByStep(stretches('forward', [0, 4]), T, 5).map((row) => Array.from(row)),
      [
        [-1, -1, -1, -1, -3, -3],
        [-2, -2, -2, -2, -4, -4],
      ],
    );
  });

  it('of the backward direction, which reads the last step first, has them from the end', () => {
    assert.deepEqual(
      exponentsByStep(stretches('backward', [5, 1]), T, 1).map((row) => Array.from(row)),
      [[-3, -3, -1, -1, -1, -1]],
    );
  });

  it('has a value of each lag at its step, a straight line between two, and nothing beyond', () => {
    const [lags, values] = [Int32Array.of(1, 3), Float64Array.of(8, 4)];
    assert.deepEqual(Array.from(byStepOf(lags, values, 4, T, 'forward')), [NaN, 4, 6, 8, NaN, NaN]);
    assert.deepEqual(Array.from(byStepOf(lags, values, 1, T, 'backward')), [NaN, NaN, 8, 6, 4, NaN]);
  });

  it('has a rank only where some direction is carried, or where that is not known', () => {
    const byLag = {
      lags: Int32Array.of(1, 2, 3),
      largest: new Float64Array(3),
      effectiveRank: Float64Array.of(12, 12, 12),
      carried: Float64Array.of(12, 0, NaN),
    };
    assert.deepEqual(Array.from(rankOfCarried(byLag)), [12, NaN, 12]);
  });

  it('has singular values as powers of ten, a row for each place in their order', () => {
    const jacobian = {
      steps: Int32Array.of(0, 1),
      largest: Float64Array.of(10, 1, 0.1, 0),
      median: new Float64Array(2),
      smallest: new Float64Array(2),
    };
    const { rows, values } = singularRows(jacobian);
    assert.equal(rows, 2);
    assert.deepEqual(
      Array.from(values, (value) => Math.round(value * 1e6) / 1e6),
      [1, -1, 0, -Infinity],
    );
  });
});
