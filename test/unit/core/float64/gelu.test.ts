/** GELU in float64 beside the normal distribution's own functions. */
import { strict as assert } from 'node:assert';
import { exactGelu } from '../../../../src/core/float64/gelu';
import { normalCumulative, normalDensity } from '../../../../src/core/graph/operators/special';

describe('the exact GELU in float64', () => {
  it('is x Φ(x), and its slope Φ(x) + x φ(x), of an odd number of values, far ones too', () => {
    const x = Float64Array.from({ length: 4001 }, (_, i) => (i - 2000) / 180);
    x.set([-40, 40, -1e300, 0]);
    const { values, slopes } = exactGelu(x);
    const found = slopes();
    x.forEach((each, i) => {
      const size = Math.max(1, Math.abs(each));
      const cumulative = normalCumulative(each);
      assert.ok(Math.abs(values[i] - each * cumulative) <= 1e-15 * size, `gelu ${each}: ${values[i]}`);
      const slope = cumulative + each * normalDensity(each);
      assert.ok(Math.abs(found[i] - slope) <= 2e-15 * size, `its slope at ${each}: ${found[i]} for ${slope}`);
    });
  });

  it('leaves what is not a number so', () => {
    assert.deepEqual(exactGelu(Float64Array.of(NaN)).values, Float64Array.of(NaN));
  });
});
