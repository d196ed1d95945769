/** h_t = f(W x_t + Wb + R h_{t−1} + Rb) */
import { addMatrixVector } from '../../float64/products';
import { addThroughR, previousState, type Float64Cell } from '../float64Cell';

export const float64: Float64Cell = {
  hasRecurrentCandidate: false,

  forward(
    { layer: { hiddenSize: H }, parameters: { R, Rb }, activations: [f], states: [hidden], gates, preActivations },
    t,
    before,
    after,
  ) {
    for (let u = 0; u < H; u++) preActivations[t * H + u] += Rb[u];
    addMatrixVector(preActivations, t * H, R, hidden, before * H, H, H);
    for (let u = 0; u < H; u++) {
      const a = preActivations[t * H + u];
      gates[t * H + u] = a;
      hidden[after * H + u] = f.value(a);
    }
  },

  // ∂a = ∂h ⊙ f′(a);  ∂h_{t−1} = Rᵀ ∂a
  back(direction, way) {
    const {
      layer: { hiddenSize: H },
      activations: [f],
      states: [states],
      preActivations: a,
    } = direction;
    const { n, step, after, hidden, preActivations, recurrent, previous } = way;
    for (let u = 0; u < H; u++) {
      const slope = f.slope(a[step * H + u], states[after * H + u]);
      for (let i = 0; i < n; i++) preActivations[i * H + u] = hidden[i * H + u] * slope;
    }
    recurrent.set(preActivations.subarray(0, n * H));
    previous.fill(0, 0, n * H);
    addThroughR(direction, way, previous, recurrent, 0, H, 0, H);
  },

  // ∂h_t = f′(a) ⊙ (W ∂x + R ∂h_{t−1})
  tangents({ layer: { hiddenSize: H }, activations: [f], states: [states], preActivations: a }, way) {
    const {
      n,
      step,
      after,
      states: [dh],
      ofInput,
    } = way;
    const da = way.throughR(0, 1, dh);
    for (let u = 0; u < H; u++) {
      const slope = f.slope(a[step * H + u], states[after * H + u]);
      for (let i = u * n; i < (u + 1) * n; i++) dh[i] = slope * (ofInput ? da[i] + ofInput[i] : da[i]);
    }
  },

  recurrentInput: (direction, _gate, _t, before, out) => {
    previousState(direction, before, out);
  },
};
