/** Slopes and curvatures of ONNX's activation functions are those of their values, by central differences. */
import assert from 'node:assert/strict';
import { activationOf } from '../../../../src/core/float64/activations';
import { activationNames } from '../../../../src/core/model/generalModel';

// None of these is where a slope jumps, at 0, ±1, ±1.25 (of hardsigmoid) or ±5.5 (of the clip).
const places = [-30, -3.1, -1.7, -0.6, -0.05, 0.07, 0.3, 0.9, 1.6, 2.8, 7];
const [alpha, beta] = [0.4, 0.5];

describe('the derivatives of activations', () => {
  for (const name of activationNames)
    for (const clip of [null, 5.5])
      it(`${name}${clip === null ? '' : ', clipped'}`, () => {
        const f = activationOf({ name, alpha, beta }, clip);
        const valueAt = (x: number) => f.value(x);
        const slopeAt = (x: number) => f.slope(x, f.value(x));
        for (const x of places) {
          const difference = (of: (at: number) => number) => (of(x + 1e-5) - of(x - 1e-5)) / 2e-5;
          const close = (found: number, expected: number, what: string) => {
            assert.ok(Math.abs(found - expected) < 1e-9, `${what} at ${x}: ${found}, not ${expected}`);
          };
          close(slopeAt(x), difference(valueAt), 'slope');
          close(f.curvature(x), difference(slopeAt), 'curvature');
        }
      });
});
