/** Functions that JavaScript does not have, to float64's last digits. */

/** erf x = 2/√π ∫₀ˣ e^−t² dt. */
export function erf(x: number): number {
  return Math.abs(x) < 1.5 ? erfSeries(x) : Math.sign(x) * (1 - erfcFraction(Math.abs(x)));
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
