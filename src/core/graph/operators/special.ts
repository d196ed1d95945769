/** Functions that JavaScript does not have, to float64's last digits. */

/** erf x = 2/√π ∫₀ˣ e^−t² dt: by its Taylor series about the nearest multiple of `spacing`, of which a few terms are enough. */
export function erf(x: number): number {
  const size = Math.abs(x);
  // erf 6 is 1 to the last digit.
  if (!(size < 6)) return Math.sign(x);
  const place = Math.round(size / spacing);
  const d = size - place * spacing;
  const first = place * terms;
  let sum = coefficients[first + terms - 1];
  for (let n = terms - 2; n >= 0; n--) sum = sum * d + coefficients[first + n];
  return x < 0 ? -sum : sum;
}

const spacing = 1 / 8;
const terms = 13;
const coefficients = taylorSeries(6);

/**
 * Of erf about 0, spacing, 2 · spacing … to `end`. The derivative is 2/√π e^−x² · e^(−2xd − d²), and of the last factor in powers of d the coefficients are
 * a₀ = 1, aₙ₊₁ = −2 (x aₙ + aₙ₋₁)/(n + 1).
 */
function taylorSeries(end: number): Float64Array {
  const places = end / spacing + 1;
  const series = new Float64Array(places * terms);
  for (let place = 0; place < places; place++) {
    const x = place * spacing;
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    series[place * terms] = x < 1.5 ? erfSeries(x) : 1 - erfcFraction(x);
    let [before, a] = [0, 1];
    for (let n = 0; n + 1 < terms; n++) {
      series[place * terms + n + 1] = (slope * a) / (n + 1);
      [before, a] = [a, (-2 * (x * a + before)) / (n + 1)];
    }
  }
  return series;
}

/** 1 − erf x, right relative to itself where it is small. */
export function erfc(x: number): number {
  return x < 1.5 ? 1 - erf(x) : erfcFraction(x);
}

/** The standard normal distribution's Φ(x). */
export function normalCumulative(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2);
}

export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** 2/√π e^−x² Σ_n 2ⁿ x^(2n+1) / (2n+1)!!: all terms of one sign. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** e^−x²/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), from its far end. */
function erfcFraction(x: number): number {
  if (Number.isNaN(x)) return x;
  let tail = x;
  for (let k = fractionTerms(x); k >= 1; k--) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}

function fractionTerms(x: number): number {
  return Math.ceil(10 + 180 / (x * x));
}
