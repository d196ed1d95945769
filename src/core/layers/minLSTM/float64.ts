/**
 * f = σ(W_f x + b_f),  i = σ(W_i x + b_i),  h̃ = W_h x + b_h, or g of it,  f′ = f / (f + i),  i′ = i / (f + i),
 * h_t = f′ ⊙ h_{t−1} + i′ ⊙ h̃
 */
import { candidateOf, isPositive, logistic, slopeOfCandidate, softplus } from '../candidate';
import type { Float64Cell } from '../float64Cell';

export const float64: Float64Cell = {
  hasRecurrentCandidate: false,

  forward(direction, t, before, after) {
    const {
      layer: { hiddenSize: H },
      states: [hidden],
      gates,
      preActivations: a,
    } = direction;
    const positive = isPositive(direction);
    const at = t * 3 * H;
    for (let u = 0; u < H; u++) {
      const candidate = candidateOf(a[at + 2 * H + u], positive);
      gates[at + u] = logistic.value(a[at + u]);
      gates[at + H + u] = logistic.value(a[at + H + u]);
      gates[at + 2 * H + u] = candidate;
      const odds = logOddsOf(a[at + u], a[at + H + u]);
      hidden[after * H + u] = logistic.value(odds) * hidden[before * H + u] + logistic.value(-odds) * candidate;
    }
  },

  // ∂f′ = ∂h ⊙ (h_{t−1} − h̃),  ∂f′/∂a_f = f′ i′ (1 − f),  ∂f′/∂a_i = −f′ i′ (1 − i),  ∂h̃ = ∂h ⊙ i′,  ∂h_{t−1} = f′ ⊙ ∂h
  back(direction, { n, step, before, hidden: dh, preActivations: da, previous }) {
    const {
      layer: { hiddenSize: H },
      states: [hidden],
      gates,
      preActivations: a,
    } = direction;
    const positive = isPositive(direction);
    const at = step * 3 * H;
    for (let u = 0; u < H; u++) {
      const odds = logOddsOf(a[at + u], a[at + H + u]);
      const kept = logistic.value(odds);
      const written = logistic.value(-odds);
      const toShare = (hidden[before * H + u] - gates[at + 2 * H + u]) * kept * written;
      const toForget = toShare * logistic.value(-a[at + u]);
      const toInput = -toShare * logistic.value(-a[at + H + u]);
      const toCandidate = written * slopeOfCandidate(a[at + 2 * H + u], positive);
      for (let i = 0; i < n; i++) {
        const d = dh[i * H + u];
        da[i * 3 * H + u] = d * toForget;
        da[i * 3 * H + H + u] = d * toInput;
        da[i * 3 * H + 2 * H + u] = d * toCandidate;
        previous[i * H + u] = d * kept;
      }
    }
  },

  // ∂h_t = f′ ⊙ ∂h_{t−1} + (h_{t−1} − h̃) ⊙ ∂f′ + i′ ⊙ ∂h̃
  tangents(direction, { n, step, before, states: [dh], products: { input } }) {
    const {
      layer: { hiddenSize: H },
      states: [hidden],
      gates,
      preActivations: a,
    } = direction;
    const positive = isPositive(direction);
    const at = step * 3 * H;
    for (let u = 0; u < H; u++) {
      const odds = logOddsOf(a[at + u], a[at + H + u]);
      const [kept, written] = [logistic.value(odds), logistic.value(-odds)];
      const byShare = (hidden[before * H + u] - gates[at + 2 * H + u]) * kept * written;
      const byForget = byShare * logistic.value(-a[at + u]);
      const byInput = -byShare * logistic.value(-a[at + H + u]);
      const byCandidate = written * slopeOfCandidate(a[at + 2 * H + u], positive);
      for (let i = u * n; i < (u + 1) * n; i++)
        dh[i] =
          kept * dh[i] +
          (input ? byForget * input[i] + byInput * input[H * n + i] + byCandidate * input[2 * H * n + i] : 0);
    }
  },

  logFactors({ layer: { hiddenSize: H }, preActivations: a }, t, out) {
    for (let u = 0; u < H; u++) out[u] = -softplus(-logOddsOf(a[t * 3 * H + u], a[t * 3 * H + H + u]));
  },

  // ∂ ln f′ = i′ ((1 − f) ∂a_f − (1 − i) ∂a_i)
  logFactorsBack({ layer: { hiddenSize: H }, preActivations: a }, t, gradient, preActivations) {
    for (let u = 0; u < H; u++) {
      const [forget, input] = [a[t * 3 * H + u], a[t * 3 * H + H + u]];
      const toOdds = gradient[u] * logistic.value(-logOddsOf(forget, input));
      preActivations[u] += toOdds * logistic.value(-forget);
      preActivations[H + u] -= toOdds * logistic.value(-input);
    }
  },
};

/** ln (f / i), of which f′ is the logistic function: so both gates may be as good as shut. */
function logOddsOf(forget: number, input: number): number {
  return softplus(-input) - softplus(-forget);
}
