/** c_t = Σ_k (Π_{j=k+1..t} f_j) ⊙ i_k ⊙ g_k;  part k of V·h_t is V·[o_t ⊙ (tanh C_k − tanh C_{k−1})], C_k the partial sums. */
import { before } from '../../model/directionTape';
import { gateValues, surviving, type AdditiveForm } from '../additiveForm';

export const additive: AdditiveForm = {
  holds: ({ clip, directions }) =>
    clip === null && directions.every(({ activations }) => activations[2].name === 'tanh'),

  add(parts, score) {
    const {
      layer: { hiddenSize: H },
      direction,
      weights,
      order,
    } = score;
    const [inputGate, outputGate, forgetGate, candidate] = gateValues(4, score);
    const initial = before(direction, order[0]) * H;
    let carriedIn = 0;
    for (let u = 0; u < H; u++) {
      const terms = surviving(
        order,
        (t) => forgetGate(t, u),
        (t) => inputGate(t, u) * candidate(t, u),
        direction.states[1][initial + u],
      );
      const weight = weights[u] * outputGate(order[order.length - 1], u);
      let sum = terms.carriedIn;
      let squashed = Math.tanh(sum);
      carriedIn += weight * squashed;
      order.forEach((t, k) => {
        sum += terms.values[k];
        const next = Math.tanh(sum);
        parts[t] += weight * (next - squashed);
        squashed = next;
      });
    }
    return carriedIn;
  },
};
