/** ℓ = (1/V) Σ_i (y_i − z_i)², of V numbers z that are to be predicted, without a factor ½: the mean over some steps is what PyTorch's `MSELoss` gives. ∂ℓ/∂y_i = (2/V)(y_i − z_i). */
import type { Floats } from '../model/trace';
import type { Objective, Outputs } from './objective';

export const squaredError: Objective = {
  losses: minusErrors,

  gradient(outputs, first, rows, scale, out) {
    const V = widthOf(outputs);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < V; i++) out[row * V + i] = scale * slope(outputs, first + row, i, V);
  },

  errors(outputs, first, rows, out) {
    squaredError.gradient(outputs, first, rows, 1, out);
  },

  losses64: minusErrors,

  error64(outputs, row) {
    const V = widthOf(outputs);
    return Float64Array.from({ length: V }, (_, i) => slope(outputs, row, i, V));
  },
};

/** What is predicted is y itself. */
function minusErrors<F extends Floats>(outputs: Outputs<F>): void {
  const { rows, probabilities, targets, targetNumbers, targetLogProbabilities } = outputs;
  const V = widthOf(outputs);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    if (targets[row] >= 0)
      for (let at = row * V; at < (row + 1) * V; at++) sum += (probabilities[at] - targetNumbers[at]) ** 2;
    targetLogProbabilities[row] = sum === 0 ? 0 : -sum / V;
  }
}

/** ∂ℓ/∂y_i of a step. */
function slope({ probabilities, targets, targetNumbers }: Outputs<Floats>, row: number, i: number, V: number): number {
  if (targets[row] < 0) return 0;
  const at = row * V + i;
  return (2 / V) * (probabilities[at] - targetNumbers[at]);
}

/** V: both have room for as many steps. */
function widthOf({ probabilities, targets }: Outputs<Floats>): number {
  return probabilities.length / targets.length;
}
