/** ℓ = −ln p(target), p the softmax of y: of tokens, in nats. ∂ℓ/∂y = p − (1 at the target). */
import { at } from '../../kernels/arena';
import { restoreTargets } from '../analysis/lossErrors';
import type { Objective } from './objective';

export const crossEntropy: Objective = {
  losses({ rows, arena, probabilities, targets, targetLogProbabilities }) {
    const V = widthOf(probabilities, targets);
    arena.kernels.softmax(rows, V, at(probabilities), at(targets), at(targetLogProbabilities));
  },

  gradient({ arena, probabilities, targets }, first, rows, scale, out) {
    const V = widthOf(probabilities, targets);
    arena.kernels.lossGradient(rows, V, at(probabilities, first * V), at(targets, first), scale, at(out));
  },

  errors(outputs, first, rows, out) {
    const { probabilities, targets } = outputs;
    crossEntropy.gradient(outputs, first, rows, 1, out);
    restoreTargets(out, targets.subarray(first, first + rows), widthOf(probabilities, targets));
  },

  losses64({ rows, probabilities, targets, targetLogProbabilities }) {
    const V = widthOf(probabilities, targets);
    for (let t = 0; t < rows; t++) {
      const row = probabilities.subarray(t * V, (t + 1) * V);
      let largest = -Infinity;
      for (const logit of row) largest = Math.max(largest, logit);
      const ofTarget = targets[t] < 0 ? NaN : row[targets[t]];
      let sum = 0;
      for (let i = 0; i < V; i++) sum += row[i] = Math.exp(row[i] - largest);
      if (targets[t] >= 0) targetLogProbabilities[t] = ofTarget - (largest + Math.log(sum));
      for (let i = 0; i < V; i++) row[i] /= sum;
    }
  },

  error64({ probabilities, targets }, t) {
    const V = widthOf(probabilities, targets);
    if (targets[t] < 0) return new Float64Array(V);
    const error = probabilities.slice(t * V, (t + 1) * V);
    restoreTargets(error, targets.subarray(t, t + 1), V);
    return error;
  },
};

/** V: both have room for as many steps. */
function widthOf({ length }: ArrayLike<number>, targets: Int32Array): number {
  return length / targets.length;
}
