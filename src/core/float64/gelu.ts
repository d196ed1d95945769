/**
 * GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415). The exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ. Φ by its
 * Taylor series around the nearest of the points k/32, and φ by that series' slope: to 1e−16, and many times as fast as its own series.
 * GPT-2's approximation: gelu x = ½ x (1 + tanh a), a = √(2/π) (x + 0.044715 x³).
 */
import { at } from '../../kernels/arena';
import { newDoubles, type TakeDoubles } from './doubles';
import { workspace } from './workspace';
import { normalCumulative, normalDensity } from '../graph/operators/special';

const pointsPerUnit = 32;
/** Beyond it Φ is 0 or 1 in float64, as is x Φ(x) in comparison with what it is added to. */
const limit = 39;
/** Terms of a series: |h| ≤ 1/64, so that the next one is below 1e−17 where Φ is not small itself. */
const terms = 9;

let coefficients: Float64Array | null = null;

/** Φ^(n)(x) / n! at every point, from Φ^(n+2) = −x Φ^(n+1) − n Φ^(n). */
function makeCoefficients(): Float64Array {
  const made = new Float64Array((2 * limit * pointsPerUnit + 1) * terms);
  for (let point = 0; point <= 2 * limit * pointsPerUnit; point++) {
    const x = point / pointsPerUnit - limit;
    const derivatives = [normalCumulative(x), normalDensity(x)];
    for (let n = 0; derivatives.length < terms; n++) {
      const [before, last] = derivatives.slice(-2);
      derivatives.push(-x * last - n * (n === 0 ? 0 : before));
    }
    let factorial = 1;
    derivatives.forEach((derivative, n) => {
      if (n > 0) factorial *= n;
      made[point * terms + n] = derivative / factorial;
    });
  }
  return made;
}

/** Of every element gelu, and gelu′. */
export interface Gelu {
  readonly values: Float64Array;
  readonly slopes: () => Float64Array;
}

export function exactGelu(x: Float64Array, take: TakeDoubles = newDoubles): Gelu {
  const table = (coefficients ??= makeCoefficients());
  const n = x.length;
  const space = workspace([table.length, n, n, n]);
  const [series, given, values, slopes] = [space.holding(table), space.holding(x), space.room(n), space.room(n)];
  space.kernels.applyGated64(at(values), at(slopes), at(given), n, at(series), terms, pointsPerUnit, limit);
  const [ofValues, ofSlopes] = [take(n), take(n)];
  ofValues.set(values);
  ofSlopes.set(slopes);
  return { values: ofValues, slopes: () => ofSlopes };
}

const tanhScale = Math.sqrt(2 / Math.PI);
const tanhCubic = 0.044715;

export function tanhGelu(x: Float64Array): Gelu {
  const tanhs = x.map((each) => Math.tanh(tanhScale * (each + tanhCubic * each ** 3)));
  return {
    values: x.map((each, i) => 0.5 * each * (1 + tanhs[i])),
    slopes: () =>
      x.map((each, i) => {
        const inner = tanhScale * (1 + 3 * tanhCubic * each * each);
        return 0.5 * (1 + tanhs[i]) + 0.5 * each * (1 - tanhs[i] * tanhs[i]) * inner;
      }),
  };
}
