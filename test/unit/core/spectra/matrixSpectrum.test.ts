/** Spectral radius and norm of matrices whose eigenvalues are known. */
import { strict as assert } from 'node:assert';
import { matrixSpectrumInPieces, matrixSpectrumOf } from '../../../../src/core/spectra/matrixSpectrum';
import { randomOrthogonal } from '../../../../src/core/model/orthogonal';
import { Random } from '../../../../src/core/model/random';
import { assertNear } from '../../../reference/compare';
import { noPause } from './support';

const radius = (n: number, values: ArrayLike<number>) =>
  matrixSpectrumOf(Float64Array.from(values), n, 0)?.spectralRadius ?? NaN;

describe('spectral radius and norm', () => {
  it('of g times an orthogonal matrix both are g', () => {
    for (const [n, gain] of [
      [1, 0.3],
      [7, 0.9],
      [40, 1],
      [12, 3e100],
    ]) {
      const Q = randomOrthogonal(n, Random.fromSeed(n)).map((value) => gain * value);
      const found = matrixSpectrumOf(Float64Array.from(Q), n, 0);
      assertNear(found!.spectralRadius / gain, 1, 1e-12, 'radius', true);
      assertNear(found!.spectralNorm / gain, 1, 1e-12, 'norm', true);
    }
  });

  it('of a triangular matrix the radius is its diagonal’s largest, however large the rest', () => {
    const n = 20;
    const random = Random.fromSeed(4);
    const A = Float64Array.from({ length: n * n }, (_, i) => (i % n < Math.floor(i / n) ? 0 : random.normal()));
    for (let i = 0; i < n; i++) A[i * n + i] = 0.1 + 0.03 * i;
    assertNear(radius(n, A), 0.1 + 0.03 * (n - 1), 1e-10, 'radius', true);
  });

  it('of a pair of complex eigenvalues, and of two of opposite sign', () => {
    const [c, s] = [Math.cos(1), Math.sin(1)];
    assertNear(radius(2, [0.7 * c, 5 * s, (-0.7 * 0.7 * s) / 5, 0.7 * c]), 0.7, 1e-12, 'rotation', true);
    assertNear(radius(2, [2, 0, 0, -2]), 2, 1e-13, 'opposite', true);
  });

  it('[[8, 8], [−8, −8]] has radius 0 and norm 16; zeros have both 0', () => {
    const found = matrixSpectrumOf(Float64Array.of(8, 8, -8, -8), 2, 0);
    assert.equal(found?.spectralRadius, 0);
    assertNear(found.spectralNorm, 16, 1e-12, 'norm', true);
    assert.deepEqual(matrixSpectrumOf(new Float64Array(9), 3, 0), {
      spectralRadius: 0,
      spectralNorm: 0,
    });
  });

  it('is the same in pieces', async () => {
    const A = Float64Array.from({ length: 49 }, (_, i) => Math.sin(i * i));
    assert.deepEqual(await matrixSpectrumInPieces(A, 7, 0, noPause), matrixSpectrumOf(A, 7, 0));
  });

  it('is null of numbers that are not finite, and looks at its own block alone', () => {
    const both = Float64Array.of(NaN, 3, -0.25, 0);
    assert.equal(matrixSpectrumOf(both, 1, 0), null);
    assert.deepEqual(matrixSpectrumOf(both, 1, 2), { spectralRadius: 0.25, spectralNorm: 0.25 });
  });
});
