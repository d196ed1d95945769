/** h_t = f(W x_t + Wb + R h_{t−1} + Rb) */
import { addThroughR, addThroughState, previousState, type Float64Cell } from '../float64Cell';

export const float64: Float64Cell = {
  hasRecurrentCandidate: false,

  forward(direction, t, before, after) {
    const {
      layer: { hiddenSize: H },
      parameters: { Rb },
      activations: [f],
      states: [hidden],
      gates,
      preActivations,
    } = direction;
    for (let u = 0; u < H; u++) preActivations[t * H + u] += Rb[u];
    addThroughState(direction, preActivations, t * H, hidden, before * H, 0, 1);
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
  tangents(
    { layer: { hiddenSize: H }, activations: [f], states: [states], preActivations: a },
    { step, after, states: [dh], products },
  ) {
    const weights = products.weightsOf(1);
    for (let u = 0; u < H; u++) weights[u] = f.slope(a[step * H + u], states[after * H + u]);
    dh.set(products.mix(1, dh));
  },

  // Of ∂h_t = f′(a) ⊙ p, p = R ∂h_{t−1}.
  tangentsBack(
    { layer: { hiddenSize: H }, activations: [f], states: [states], preActivations: a },
    { n, step, after, through: p, gradient: [gradient], throughGradient, of: { preActivations, recurrent } },
  ) {
    for (let u = 0, at = step * H; u < H; u++, at++) {
      const slope = f.slope(a[at], states[after * H + u]);
      let toSlope = 0;
      for (let i = u * n; i < (u + 1) * n; i++) {
        toSlope += gradient[i] * p[i];
        throughGradient[i] = slope * gradient[i];
      }
      const bent = toSlope * f.curvature(a[at]);
      preActivations[at] += bent;
      recurrent[at] += bent;
    }
    gradient.fill(0);
  },

  slopes({ layer: { hiddenSize: H }, activations: [f], states: [states], preActivations: a }, t, after, out) {
    for (let u = 0; u < H; u++) out[u] = f.slope(a[t * H + u], states[after * H + u]);
  },

  recurrentInput: (direction, _gate, _t, before, out) => {
    previousState(direction, before, out);
  },
};
