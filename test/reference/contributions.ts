/** What each token left in the state of the top layer, as parts of one logit; the gates are held fixed. */
import { add, dot, map, times } from './algebra';
import { hiddenSizeOf, type ReferenceModel, type Vector } from './model';
import type { ReferenceTrace } from './network';

/** `carriedIn` + sum of `tokens` = `whole` = V_target · h_T, without the output's bias. */
export interface ReferenceContributions {
  readonly carriedIn: number;
  readonly tokens: Vector;
  readonly whole: number;
}

/**
 * lstm: c_T = Σ_k (Π_{j>k} f_j) ⊙ i_k ⊙ g_k + (Π f) ⊙ c_in,  score of k = V·[o_T ⊙ (tanh C_k − tanh C_{k−1})], C_k the partial sums
 * gru:  h_T = Σ_k (Π_{j>k} z_j) ⊙ (1 − z_k) ⊙ n_k + (Π z) ⊙ h_in,  score of k = V·[that term]
 */
export function contributions(model: ReferenceModel, trace: ReferenceTrace, target: number): ReferenceContributions {
  const steps = trace.steps.map((column) => column[model.layers.length - 1]);
  const last = steps[steps.length - 1];
  const hiddenSize = hiddenSizeOf(model);
  const weights = model.output.W.slice(target * hiddenSize, (target + 1) * hiddenSize);

  // What step k kept, and what it wrote.
  const kept = steps.map(({ gates }) => (model.cell === 'lstm' ? gates[2] : gates[0]));
  const written = steps.map(({ gates }) =>
    model.cell === 'lstm' ? times(gates[0], gates[3]) : map((z, n) => (1 - z) * n, gates[0], gates[2]),
  );
  const initial = model.cell === 'lstm' ? steps[0].before.c : steps[0].before.h;
  const survived = (term: Vector, from: number) =>
    kept.slice(from).reduce((product, keep) => times(product, keep), term);
  const terms = [survived(initial, 0), ...written.map((term, k) => survived(term, k + 1))];

  let sum: Vector = new Float64Array(hiddenSize);
  const parts = terms.map((term) => {
    const before = sum;
    sum = add(sum, term);
    return dot(
      weights,
      model.cell === 'lstm' ? map((o, c, b) => o * (Math.tanh(c) - Math.tanh(b)), last.gates[1], sum, before) : term,
    );
  });
  return { carriedIn: parts[0], tokens: Float64Array.from(parts.slice(1)), whole: dot(weights, last.after.h) };
}
