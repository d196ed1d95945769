/** y = γ ⊙ x̂ + β,  x̂ = (x − mean) / √(variance + ε), over the features of each step; T × F. */
import type { LayerNorm } from '../model/generalModel';

/** Mean and 1 / √(variance + ε) of a row. */
function statistics(x: Float64Array, start: number, F: number, epsilon: number): { mean: number; inverse: number } {
  let mean = 0;
  for (let i = 0; i < F; i++) mean += x[start + i] / F;
  let variance = 0;
  for (let i = 0; i < F; i++) variance += (x[start + i] - mean) ** 2 / F;
  return { mean, inverse: 1 / Math.sqrt(variance + epsilon) };
}

export function normalize(x: Float64Array, { gamma, beta, epsilon }: LayerNorm): Float64Array {
  const F = gamma.length;
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += F) {
    const { mean, inverse } = statistics(x, start, F, epsilon);
    for (let i = 0; i < F; i++) y[start + i] = gamma[i] * (x[start + i] - mean) * inverse + beta[i];
  }
  return y;
}

/**
 * ∂/∂y → ∂/∂x of one step, in place:  ∂x = inverse · (g − mean(g) − x̂ mean(g ⊙ x̂)),  g = γ ⊙ ∂y.
 * @param x T × F  @param gradient at [start, start + F)
 */
export function normalizeBack(
  x: Float64Array,
  step: number,
  gradient: Float64Array,
  start: number,
  { gamma, epsilon }: LayerNorm,
): void {
  const F = gamma.length;
  const at = step * F;
  const { mean, inverse } = statistics(x, at, F, epsilon);
  let [sum, along] = [0, 0];
  for (let i = 0; i < F; i++) {
    const g = gamma[i] * gradient[start + i];
    sum += g / F;
    along += (g * (x[at + i] - mean) * inverse) / F;
  }
  for (let i = 0; i < F; i++)
    gradient[start + i] = inverse * (gamma[i] * gradient[start + i] - sum - (x[at + i] - mean) * inverse * along);
}
