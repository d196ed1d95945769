/**
 * GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415), the exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ. Φ by its
 * Taylor series around the nearest of the points k/32: to 1e−16, and many times as fast as its own series.
 */
import { at } from '../../kernels/arena';
import { workspace } from './workspace';
import { normalCumulative, normalDensity } from '../graph/operators/special';

const pointsPerUnit = 32;
/** Beyond it Φ is 0 or 1 in float64, as is x Φ(x) in comparison with what it is added to. */
const limit = 39;
/** Terms of a series: |h| ≤ 1/64, so that the next one is below 1e−17 where Φ is not small itself. */
const terms = 9;

/** 1 / √(2π). */
const densityOfZero = 1 / Math.sqrt(2 * Math.PI);

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

/** Φ of every element. */
export function cumulatives(x: Float64Array): Float64Array {
  const table = (coefficients ??= makeCoefficients());
  const space = workspace([table.length, x.length, x.length]);
  const [series, given, found] = [space.holding(table), space.holding(x), space.room(x.length)];
  space.kernels.applySeries64(at(found), at(given), x.length, at(series), terms, pointsPerUnit, limit);
  return found.slice();
}

/** gelu′ of every element, from Φ of it. */
export function geluSlopes(x: Float64Array, ofCumulative: Float64Array): Float64Array {
  const space = workspace([x.length]);
  const exponentials = space.room(x.length);
  for (let i = 0; i < x.length; i++) exponentials[i] = -0.5 * x[i] * x[i];
  space.kernels.applyExp64(at(exponentials), x.length);
  const slopes = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) slopes[i] = ofCumulative[i] + x[i] * densityOfZero * exponentials[i];
  return slopes;
}
