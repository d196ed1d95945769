/**
 * Norms over the features of each step; T × F:
 *   layerNorm  y = γ ⊙ x̂ + β,  x̂ = (x − mean) / √(variance + ε)
 *   rmsNorm    y = γ ⊙ x̂,      x̂ = x / √(mean x² + ε)
 */
import type { NormKind } from '../../layers/norm';
import type { Norm } from '../model/generalModel';
import { newDoubles, type TakeDoubles } from './doubles';

/** Of a row: x̂ = (x − shift) · inverse. */
interface Statistics {
  readonly shift: number;
  readonly inverse: number;
}

const statisticsOf: Readonly<
  Record<NormKind, (x: Float64Array, start: number, F: number, epsilon: number) => Statistics>
> = {
  layerNorm(x, start, F, epsilon) {
    let mean = 0;
    for (let i = 0; i < F; i++) mean += x[start + i];
    mean /= F;
    let variance = 0;
    for (let i = 0; i < F; i++) {
      const centered = x[start + i] - mean;
      variance += centered * centered;
    }
    return { shift: mean, inverse: 1 / Math.sqrt(variance / F + epsilon) };
  },

  rmsNorm(x, start, F, epsilon) {
    let square = 0;
    for (let i = 0; i < F; i++) square += x[start + i] * x[start + i];
    return { shift: 0, inverse: 1 / Math.sqrt(square / F + epsilon) };
  },
};

export function normalize(
  x: Float64Array,
  { kind, gamma: factors, beta: terms, epsilon }: Norm,
  take: TakeDoubles = newDoubles,
): Float64Array {
  const F = factors.length;
  const y = take(x.length);
  // One kind of array, whatever the model's weights lie in.
  const [gamma, beta] = [Float64Array.from(factors), Float64Array.from(terms)];
  for (let start = 0; start < x.length; start += F) {
    const { shift, inverse } = statisticsOf[kind](x, start, F, epsilon);
    for (let i = 0; i < F; i++) y[start + i] = gamma[i] * (x[start + i] - shift) * inverse;
    if (beta.length > 0) for (let i = 0; i < F; i++) y[start + i] += beta[i];
  }
  return y;
}

/** weights · y of a step as it depends on x with the row's size held fixed: held · x + rest. Its mean, if it is taken away, depends on x. @param weights [F] */
export function heldNorm(
  x: Float64Array,
  step: number,
  weights: Float64Array,
  { kind, gamma, beta, epsilon }: Norm,
): { readonly held: Float64Array; readonly rest: number } {
  const F = gamma.length;
  const { inverse } = statisticsOf[kind](x, step * F, F, epsilon);
  const scaled = weights.map((weight, i) => weight * gamma[i] * inverse);
  const mean = kind === 'layerNorm' ? scaled.reduce((sum, value) => sum + value, 0) / F : 0;
  let rest = 0;
  for (let i = 0; i < beta.length; i++) rest += weights[i] * beta[i];
  return { held: scaled.map((value) => value - mean), rest };
}

/**
 * ∂/∂y → ∂/∂x of one step, in place:  ∂x = inverse · (g − mean(g) − x̂ mean(g ⊙ x̂)),  g = γ ⊙ ∂y; of rmsNorm without mean(g).
 * @param x T × F  @param gradient at [start, start + F)
 */
export function normalizeBack(
  x: Float64Array,
  step: number,
  gradient: Float64Array,
  start: number,
  { kind, gamma, epsilon }: Norm,
): void {
  const F = gamma.length;
  const at = step * F;
  const { shift, inverse } = statisticsOf[kind](x, at, F, epsilon);
  let sum = 0;
  let along = 0;
  for (let i = 0; i < F; i++) {
    const g = gamma[i] * gradient[start + i];
    sum += g;
    along += g * (x[at + i] - shift);
  }
  sum = kind === 'rmsNorm' ? 0 : sum / F;
  along *= inverse / F;
  for (let i = 0; i < F; i++)
    gradient[start + i] = inverse * (gamma[i] * gradient[start + i] - sum - (x[at + i] - shift) * inverse * along);
}

/**
 * How y changes with x along n directions, in place:  ∂y = γ ⊙ inverse · (∂x − mean(∂x) − x̂ mean(x̂ ⊙ ∂x)); of rmsNorm without mean(∂x).
 * @param x T × F  @param tangents [F, n]
 */
export function normalizeTangents(
  x: Float64Array,
  step: number,
  tangents: Float64Array,
  n: number,
  { kind, gamma, epsilon }: Norm,
): void {
  const F = gamma.length;
  const at = step * F;
  const { shift, inverse } = statisticsOf[kind](x, at, F, epsilon);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    let along = 0;
    for (let f = 0; f < F; f++) {
      sum += tangents[f * n + i];
      along += tangents[f * n + i] * (x[at + f] - shift);
    }
    sum = kind === 'rmsNorm' ? 0 : sum / F;
    along *= inverse / F;
    for (let f = 0; f < F; f++)
      tangents[f * n + i] = gamma[f] * inverse * (tangents[f * n + i] - sum - (x[at + f] - shift) * inverse * along);
  }
}

/** `normalizeBack` of many gradients, rows of any steps. */
export class NormBack {
  /** T × F and T: x̂, and the inverses. */
  private readonly normalized: Float64Array;
  private readonly inverses: Float64Array;
  /** One kind of array, whatever the model's weights lie in. */
  private readonly gamma: Float64Array;

  constructor(
    x: Float64Array,
    private readonly norm: Norm,
  ) {
    const F = norm.gamma.length;
    const T = x.length / F;
    this.gamma = Float64Array.from(norm.gamma);
    this.normalized = new Float64Array(x.length);
    this.inverses = new Float64Array(T);
    for (let t = 0; t < T; t++) {
      const { shift, inverse } = statisticsOf[norm.kind](x, t * F, F, norm.epsilon);
      this.inverses[t] = inverse;
      for (let i = t * F; i < (t + 1) * F; i++) this.normalized[i] = (x[i] - shift) * inverse;
    }
  }

  /** In place. @param steps of each row */
  run(gradients: Float64Array, steps: Int32Array): void {
    const {
      normalized,
      inverses,
      gamma,
      norm: { kind },
    } = this;
    const F = gamma.length;
    for (let row = 0; row < steps.length; row++) {
      const [at, x] = [row * F, steps[row] * F];
      // Two of each, so that one addition need not wait for the last.
      let sum = 0;
      let along = 0;
      let sumOfOdd = 0;
      let alongOfOdd = 0;
      let i = 0;
      for (; i + 1 < F; i += 2) {
        const g = (gradients[at + i] *= gamma[i]);
        const h = (gradients[at + i + 1] *= gamma[i + 1]);
        sum += g;
        along += g * normalized[x + i];
        sumOfOdd += h;
        alongOfOdd += h * normalized[x + i + 1];
      }
      if (i < F) {
        const g = (gradients[at + i] *= gamma[i]);
        sum += g;
        along += g * normalized[x + i];
      }
      sum = kind === 'rmsNorm' ? 0 : (sum + sumOfOdd) / F;
      along = (along + alongOfOdd) / F;
      const inverse = inverses[steps[row]];
      for (i = 0; i < F; i++) gradients[at + i] = inverse * (gradients[at + i] - sum - normalized[x + i] * along);
    }
  }
}

/** Gradients of a norm's parameters. */
export interface NormGradient {
  readonly gamma: Float64Array;
  /** Empty where the norm has none. */
  readonly beta: Float64Array;
}

export function zeroNormGradient({ gamma, beta }: Norm): NormGradient {
  return { gamma: new Float64Array(gamma.length), beta: new Float64Array(beta.length) };
}

/** Adds a step's share of ∂L/∂γ = Σ_t ∂L/∂y_t ⊙ x̂_t and ∂L/∂β = Σ_t ∂L/∂y_t. @param above ∂L/∂y_t at [start, start + F) */
export function addNormGradient(
  sum: NormGradient,
  x: Float64Array,
  step: number,
  above: Float64Array,
  start: number,
  { kind, epsilon }: Norm,
): void {
  const F = sum.gamma.length;
  const at = step * F;
  const { shift, inverse } = statisticsOf[kind](x, at, F, epsilon);
  for (let i = 0; i < F; i++) sum.gamma[i] += above[start + i] * ((x[at + i] - shift) * inverse);
  for (let i = 0; i < sum.beta.length; i++) sum.beta[i] += above[start + i];
}
