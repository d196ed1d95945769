/**
 * GELU (Hendrycks & Gimpel 2016, arXiv:1606.08415). The exact one: gelu x = x Φ(x), gelu′ x = Φ(x) + x φ(x), with the normal distribution's Φ and φ. Φ by its
 * Taylor series around the nearest of the points k/32: to 1e−16, and many times as fast as its own series.
 * GPT-2's approximation: gelu x = ½ x (1 + tanh a), a = √(2/π) (x + 0.044715 x³).
 */
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

/** Φ(x). */
export function cumulative(x: number): number {
  if (!(Math.abs(x) < limit)) return Number.isNaN(x) ? x : x > 0 ? 1 : 0;
  const table = (coefficients ??= makeCoefficients());
  const nearest = Math.round(x * pointsPerUnit);
  const h = x - nearest / pointsPerUnit;
  const first = (nearest + limit * pointsPerUnit) * terms;
  let sum = table[first + terms - 1];
  for (let n = terms - 2; n >= 0; n--) sum = sum * h + table[first + n];
  return sum;
}

export function gelu(x: number): number {
  return x * cumulative(x);
}

export function geluSlope(x: number): number {
  return cumulative(x) + x * normalDensity(x);
}

const tanhScale = Math.sqrt(2 / Math.PI);
const tanhCubic = 0.044715;

export function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(tanhScale * (x + tanhCubic * x ** 3)));
}

export function geluTanhSlope(x: number): number {
  const tanh = Math.tanh(tanhScale * (x + tanhCubic * x ** 3));
  return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * tanhScale * (1 + 3 * tanhCubic * x * x);
}

/** A form of GELU and its derivative. */
export interface GeluForm {
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
}

export const geluForms: Readonly<Record<'exact' | 'tanh', GeluForm>> = {
  exact: { value: gelu, slope: geluSlope },
  tanh: { value: geluTanh, slope: geluTanhSlope },
};
