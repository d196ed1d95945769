/** h_t = Σ_k (Π_{j=k+1..t} (1 − z_j)) ⊙ z_k ⊙ h̃_k;  part k of V·h_t is V·term_k. No gate reads the state, so that they are held fixed by nothing but the tokens. */
import { before } from '../../model/directionTape';
import { gateValues, surviving, type AdditiveForm } from '../additiveForm';

export const additive: AdditiveForm = {
  holds: () => true,

  add(parts, score) {
    const {
      layer: { hiddenSize: H },
      direction,
      weights,
      order,
    } = score;
    const [gate, candidate] = gateValues(2, score);
    const initial = before(direction, order[0]) * H;
    let carriedIn = 0;
    for (let u = 0; u < H; u++) {
      const terms = surviving(
        order,
        (t) => 1 - gate(t, u),
        (t) => gate(t, u) * candidate(t, u),
        direction.states[0][initial + u],
      );
      carriedIn += weights[u] * terms.carriedIn;
      order.forEach((t, k) => (parts[t] += weights[u] * terms.values[k]));
    }
    return carriedIn;
  },
};
