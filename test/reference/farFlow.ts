/** Per-target gradients as logarithms, over lags at which the gradient itself is no longer a float. */
import { add, multiply, multiplyTransposed, norm, oneHot, scale } from './algebra';
import type { ReferenceStep } from './cells';
import { zerosLike, type ReferenceModel, type ReferenceState, type Vector } from './model';
import { backwardColumn, crossEntropyGradient, type ReferenceTrace } from './network';

/**
 * log₁₀‖∂ℓ_τ/∂h_t‖ for t = 0 … τ, per layer; −Infinity where exactly zero. Backward is linear in what it carries, so what is
 * carried from step to step is brought back to length 1 and the logarithm of what was divided out is kept beside it:
 *   δ_t = 10^s · u_t,   log₁₀‖δ_t‖ = s + log₁₀‖u_t‖
 */
export function perTargetLog10(
  model: ReferenceModel,
  trace: ReferenceTrace,
  target: number,
  targetId: number,
): Vector[] {
  const unused = zerosLike(model);
  const log10 = model.layers.map(() => new Float64Array(target + 1));
  let fromAbove = multiplyTransposed(model.output.W, crossEntropyGradient(trace.scores[target], targetId));
  let carried: readonly ReferenceState[] = trace.final.map(({ h, c }) => ({
    h: new Float64Array(h.length),
    c: new Float64Array(c.length),
  }));
  let shift = 0;
  for (let t = target; t >= 0; t--) {
    const column = backwardColumn(model, trace.steps[t], fromAbove, carried, unused);
    column.hidden.forEach((delta, l) => (log10[l][t] = shift + Math.log10(norm(delta))));
    const length = Math.hypot(...column.before.flatMap(({ h, c }) => [norm(h), norm(c)]));
    const factor = length > 0 ? 1 / length : 1;
    carried = column.before.map(({ h, c }) => ({ h: scale(factor, h), c: scale(factor, c) }));
    shift -= Math.log10(factor);
    fromAbove = new Float64Array(fromAbove.length);
  }
  return log10;
}

/** The trace of a vanilla RNN of one layer whose states h_t [T, H] are given. */
export function traceOfStates(model: ReferenceModel, inputs: readonly number[], states: Vector): ReferenceTrace {
  const hiddenSize = states.length / inputs.length;
  const vocabularySize = model.output.b.length;
  const stateAt = (t: number): ReferenceState => ({
    h: t < 0 ? new Float64Array(hiddenSize) : states.slice(t * hiddenSize, (t + 1) * hiddenSize),
    c: new Float64Array(0),
  });
  const steps: ReferenceStep[][] = inputs.map((id, t) => [
    { x: oneHot(id, vocabularySize), before: stateAt(t - 1), after: stateAt(t), gates: [stateAt(t).h] },
  ]);
  const scores = inputs.map((_, t) => add(multiply(model.output.W, stateAt(t).h), model.output.b));
  return { steps, scores, final: [stateAt(inputs.length - 1)] };
}
