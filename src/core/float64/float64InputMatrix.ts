/** The source × target matrix of the lowest boundary in float64: ∂ℓ_τ/∂x_t for every target τ, through every layer and direction. */
import { perTargetInFloat64, lowestInputFlow } from './float64PerTarget';
import type { Float64Trace } from './float64Trace';
import { LowestInput } from './lowestInput';

/**
 * T × T, row τ, column t: log₁₀‖∂ℓ_τ/∂x_t‖ of what the lowest layer reads; NaN where x_t cannot reach τ, −Infinity for exactly zero. `pause` is called
 * after each target with the part that is done; it may throw to cancel.
 */
export async function inputMatrixInFloat64(
  trace: Float64Trace,
  pause: (done: number) => Promise<void>,
): Promise<Float64Array> {
  const { steps: T, model } = trace;
  const input = new LowestInput(model, (T * (T + 1)) / 2);
  const matrix = new Float64Array(T * T);
  for (let target = 0; target < T; target++) {
    matrix.set(lowestInputFlow((await perTargetInFloat64(trace, target)).lowest, input), target * T);
    await pause((target + 1) / T);
  }
  return matrix;
}
