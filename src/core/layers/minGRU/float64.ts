/** z = σ(W_z x + b_z),  h̃ = W_h x + b_h, or g of it,  h_t = (1 − z) ⊙ h_{t−1} + z ⊙ h̃ */
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
    const at = t * 2 * H;
    for (let u = 0; u < H; u++) {
      const z = logistic.value(a[at + u]);
      const candidate = candidateOf(a[at + H + u], positive);
      gates[at + u] = z;
      gates[at + H + u] = candidate;
      hidden[after * H + u] = keptOf(a[at + u]) * hidden[before * H + u] + z * candidate;
    }
  },

  // ∂z = ∂h ⊙ (h̃ − h_{t−1}),  ∂h̃ = ∂h ⊙ z,  ∂h_{t−1} = (1 − z) ⊙ ∂h
  back(direction, { n, step, before, hidden: dh, preActivations: da, previous }) {
    const {
      layer: { hiddenSize: H },
      states: [hidden],
      gates,
      preActivations: a,
    } = direction;
    const positive = isPositive(direction);
    const at = step * 2 * H;
    for (let u = 0; u < H; u++) {
      const z = gates[at + u];
      const toGate = (gates[at + H + u] - hidden[before * H + u]) * logistic.slope(a[at + u], z);
      const toCandidate = z * slopeOfCandidate(a[at + H + u], positive);
      const kept = keptOf(a[at + u]);
      for (let i = 0; i < n; i++) {
        const d = dh[i * H + u];
        da[i * 2 * H + u] = d * toGate;
        da[i * 2 * H + H + u] = d * toCandidate;
        previous[i * H + u] = d * kept;
      }
    }
  },

  // ∂h_t = (1 − z) ⊙ ∂h_{t−1} + (h̃ − h_{t−1}) ⊙ ∂z + z ⊙ ∂h̃
  tangents(direction, { n, step, before, states: [dh], products: { input } }) {
    const {
      layer: { hiddenSize: H },
      states: [hidden],
      gates,
      preActivations: a,
    } = direction;
    const positive = isPositive(direction);
    const at = step * 2 * H;
    for (let u = 0; u < H; u++) {
      const z = gates[at + u];
      const kept = keptOf(a[at + u]);
      const byGate = (gates[at + H + u] - hidden[before * H + u]) * logistic.slope(a[at + u], z);
      const byCandidate = z * slopeOfCandidate(a[at + H + u], positive);
      for (let i = u * n; i < (u + 1) * n; i++)
        dh[i] = kept * dh[i] + (input ? byGate * input[i] + byCandidate * input[H * n + i] : 0);
    }
  },

  logFactors({ layer: { hiddenSize: H }, preActivations: a }, t, out) {
    for (let u = 0; u < H; u++) out[u] = -softplus(a[t * 2 * H + u]);
  },

  // ∂ ln (1 − z) = −z ∂a
  logFactorsBack({ layer: { hiddenSize: H }, preActivations: a }, t, gradient, preActivations) {
    for (let u = 0; u < H; u++) preActivations[u] -= gradient[u] * logistic.value(a[t * 2 * H + u]);
  },
};

/** 1 − σ(a), to the last digits also where σ is near 1. */
function keptOf(a: number): number {
  return logistic.value(-a);
}
