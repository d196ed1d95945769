/** The spectral radius and its cap, beside the exact one. */
import assert from 'node:assert/strict';
import { plainStack, uniformModel } from '../../../../src/core/model/config';
import { randomOrthogonal } from '../../../../src/core/model/orthogonal';
import { initialize } from '../../../../src/core/model/initialize';
import { Parameters } from '../../../../src/core/model/parameters';
import { Random } from '../../../../src/core/model/random';
import { capRadii } from '../../../../src/core/optimize/radiusCap';
import { matrixSpectrumOf } from '../../../../src/core/spectra/matrixSpectrum';
import { logRadiusBound } from '../../../../src/core/spectra/radiusBound';

const radiusOf = (A: Float32Array | Float64Array, n: number) => matrixSpectrumOf(A, n, 0)?.spectralRadius ?? NaN;

/** Of what the bound is above the radius, and of rounding. */
const [above, below] = [6e-4, 1e-6];

describe('the spectral radius from above', () => {
  const random = Random.fromSeed(4);
  const gaussian = (n: number) => Float64Array.from({ length: n * n }, () => random.normal() / Math.sqrt(n));
  const n = 24;
  const triangular = gaussian(n).map((value, i) => (i % n < Math.floor(i / n) ? 0 : 5 * value));
  const cases: Readonly<Record<string, Float64Array>> = {
    'of a Gaussian matrix': gaussian(n),
    'of a very small one': gaussian(n).map((value) => value * 1e-200),
    'of a very large one': gaussian(n).map((value) => value * 1e200),
    'of an orthogonal one': randomOrthogonal(n, random),
    'of one that is far from normal': triangular,
  };
  for (const [name, A] of Object.entries(cases))
    it(`${name}: the exact one, or little more`, () => {
      const bound = logRadiusBound(A, n);
      const exact = Math.log(radiusOf(A, n));
      assert.ok(bound > exact - below && bound < exact + above, `${bound} for ${exact}`);
    });

  it('of a nilpotent one it is 0, and where a number is not finite it is none', () => {
    const shift = Float64Array.from({ length: n * n }, (_, i) => (i % n === Math.floor(i / n) + 1 ? 3 : 0));
    assert.equal(logRadiusBound(shift, n), -Infinity);
    assert.equal(logRadiusBound(new Float64Array(4), 2), -Infinity);
    for (const value of [NaN, Infinity]) assert.ok(Number.isNaN(logRadiusBound(Float64Array.of(1, value, 0, 1), 2)));
  });
});

describe('a cap on the spectral radius', () => {
  it('holds gate by gate, and leaves what is below it as it is', () => {
    const H = 12;
    const stack = { ...plainStack, activation: 'tanh', layers: 2, hiddenSize: H, vocabularySize: 5 } as const;
    for (const cell of ['rnn', 'lstm', 'gru', 'minGRU'] as const) {
      const config = uniformModel({ ...stack, cell });
      const settings = { initialization: 'gaussian', initScale: 1.1, forgetBias: null } as const;
      const before = initialize(config, Random.fromSeed(3), settings);
      const after = new Parameters(config, before.values.slice());
      capRadii(after, 1);
      let capped = 0;
      for (const [e, entry] of before.layout.entries.entries()) {
        const [was, is] = [before.view(entry), after.view(after.layout.entries[e])];
        if (entry.role !== 'R') {
          assert.deepEqual(is, was);
          continue;
        }
        for (let start = 0; start < was.length; start += H * H) {
          const [old, now] = [was.subarray(start, start + H * H), is.subarray(start, start + H * H)];
          if (radiusOf(old, H) <= 1) assert.deepEqual(now, old);
          else {
            capped++;
            const radius = radiusOf(now, H);
            assert.ok(radius <= 1 + 1e-6 && radius > 1 - above, `ρ is ${radius}`);
          }
        }
      }
      assert.equal(capped > 0, cell !== 'minGRU');
    }
  });
});
