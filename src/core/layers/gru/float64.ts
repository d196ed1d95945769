/**
 * z = f(W_z x + Wb_z + R_z h + Rb_z),  r likewise,  h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}, with
 *   linear_before_reset = 1 (PyTorch):  n = g(W_n x + Wb_n + r ⊙ (R_n h_{t−1} + Rb_n))
 *   linear_before_reset = 0:            n = g(W_n x + Wb_n + R_n (r ⊙ h_{t−1}) + Rb_n)
 */
import { addThroughR, addThroughState, previousState, type Float64Cell } from '../float64Cell';
import { tangentsBack } from './tangentsBack';

export const float64: Float64Cell = {
  hasRecurrentCandidate: true,

  forward(direction, t, before, after) {
    const {
      layer: { hiddenSize: H, linearBeforeReset },
      parameters: { Rb },
      activations: [f, g],
      states: [hidden],
      gates,
      preActivations,
      recurrentCandidate,
      scratch,
    } = direction;
    const at = t * 3 * H;
    const h = before * H;
    for (let j = 0; j < 2 * H; j++) preActivations[at + j] += Rb[j];
    addThroughState(direction, preActivations, at, hidden, h, 0, 2);
    for (let j = 0; j < 2 * H; j++) gates[at + j] = f.value(preActivations[at + j]);
    const fromState = t * H;
    for (let u = 0; u < H; u++) {
      recurrentCandidate[fromState + u] = Rb[2 * H + u];
      scratch[u] = linearBeforeReset ? hidden[h + u] : gates[at + H + u] * hidden[h + u];
    }
    addThroughState(direction, recurrentCandidate, fromState, scratch, 0, 2, 1);
    for (let u = 0; u < H; u++) {
      preActivations[at + 2 * H + u] += linearBeforeReset
        ? gates[at + H + u] * recurrentCandidate[fromState + u]
        : recurrentCandidate[fromState + u];
      const n = g.value(preActivations[at + 2 * H + u]);
      gates[at + 2 * H + u] = n;
      const z = gates[at + u];
      hidden[after * H + u] = (1 - z) * n + z * hidden[h + u];
    }
  },

  // ∂n = ∂h ⊙ (1 − z),  ∂z = ∂h ⊙ (h_{t−1} − n),  ∂h_{t−1} = z ⊙ ∂h + …
  back(direction, way) {
    const { n: rows, step, before, hidden: dh, preActivations: da, recurrent: dr, previous } = way;
    const {
      layer: { hiddenSize: H, linearBeforeReset },
      activations: [f, g],
      states: [hidden],
      gates,
      preActivations,
      recurrentCandidate,
    } = direction;
    const at = step * 3 * H;
    previous.fill(0, 0, rows * H);
    for (let u = 0; u < H; u++) {
      const z = gates[at + u];
      const n = gates[at + 2 * H + u];
      const toUpdate = (hidden[before * H + u] - n) * f.slope(preActivations[at + u], z);
      const toCandidate = (1 - z) * g.slope(preActivations[at + 2 * H + u], n);
      for (let i = 0; i < rows; i++) {
        const d = dh[i * H + u];
        da[i * 3 * H + u] = d * toUpdate;
        da[i * 3 * H + 2 * H + u] = d * toCandidate;
      }
    }
    // What reaches r: through R_n's output, or through its input.
    if (!linearBeforeReset) addThroughR(direction, way, previous, da, 2 * H, 3 * H, 2 * H, H);
    for (let u = 0; u < H; u++) {
      const r = gates[at + H + u];
      const slope = f.slope(preActivations[at + H + u], r);
      for (let i = 0; i < rows; i++) {
        const row = i * 3 * H;
        const candidate = da[row + 2 * H + u];
        const toReset = linearBeforeReset
          ? candidate * recurrentCandidate[step * H + u]
          : previous[i * H + u] * hidden[before * H + u];
        da[row + H + u] = toReset * slope;
        dr[row + u] = da[row + u];
        dr[row + H + u] = da[row + H + u];
        dr[row + 2 * H + u] = linearBeforeReset ? candidate * r : candidate;
        previous[i * H + u] = gates[at + u] * dh[i * H + u] + (linearBeforeReset ? 0 : r * previous[i * H + u]);
      }
    }
    addThroughR(direction, way, previous, dr, 0, 3 * H, 0, linearBeforeReset ? 3 * H : 2 * H);
  },

  // ∂h_t = z ⊙ ∂h_{t−1} + (h_{t−1} − n) ⊙ ∂z + (1 − z) ⊙ ∂n
  tangents(direction, way) {
    const {
      layer: { hiddenSize: H, linearBeforeReset },
      activations: [f, g],
      states: [hidden],
      gates,
      preActivations: a,
      recurrentCandidate,
    } = direction;
    const {
      n,
      step,
      before,
      states: [dh],
      products,
    } = way;
    const at = step * 3 * H;
    const byUpdate = new Float64Array(H);
    const byReset = new Float64Array(H);
    const byCandidate = new Float64Array(H);
    for (let u = 0; u < H; u++) {
      const [z, r, candidate] = [gates[at + u], gates[at + H + u], gates[at + 2 * H + u]];
      const read = linearBeforeReset ? recurrentCandidate[step * H + u] : hidden[before * H + u];
      byUpdate[u] = (hidden[before * H + u] - candidate) * f.slope(a[at + u], z);
      byReset[u] = read * f.slope(a[at + H + u], r);
      byCandidate[u] = (1 - z) * g.slope(a[at + 2 * H + u], candidate);
    }
    if (linearBeforeReset) {
      // All of it is one sum over the gates; W's candidate does not go through r.
      const weights = products.weightsOf(1);
      const ofInput = new Float64Array(3 * H);
      for (let u = 0; u < H; u++) {
        ofInput[u] = weights[u] = byUpdate[u];
        ofInput[H + u] = weights[H + u] = byCandidate[u] * byReset[u];
        ofInput[2 * H + u] = byCandidate[u];
        weights[2 * H + u] = byCandidate[u] * gates[at + H + u];
      }
      const mixed = products.mix(1, dh, ofInput);
      for (let u = 0; u < H; u++) for (let i = u * n; i < (u + 1) * n; i++) dh[i] = gates[at + u] * dh[i] + mixed[i];
      return;
    }
    // The candidate's block reads ∂(r ⊙ h_{t−1}) = r ⊙ ∂h_{t−1} + h_{t−1} ⊙ ∂r.
    const { input } = products;
    const ofGates = products.through(0, 2, dh);
    if (input) for (let i = 0; i < 2 * H * n; i++) ofGates[i] += input[i];
    const read = new Float64Array(H * n);
    for (let u = 0; u < H; u++)
      for (let i = u * n; i < (u + 1) * n; i++) read[i] = gates[at + H + u] * dh[i] + byReset[u] * ofGates[H * n + i];
    const ofCandidate = products.through(2, 1, read);
    if (input) for (let i = 0; i < H * n; i++) ofCandidate[i] += input[2 * H * n + i];
    for (let u = 0; u < H; u++)
      for (let i = u * n; i < (u + 1) * n; i++)
        dh[i] = gates[at + u] * dh[i] + byUpdate[u] * ofGates[i] + byCandidate[u] * ofCandidate[i];
  },

  tangentsBack,

  keeps: {
    state: 0,
    factors: ({ layer: { hiddenSize: H }, gates }, t, out) => {
      out.set(gates.subarray(3 * t * H, (3 * t + 1) * H));
    },
  },

  recurrentInput(direction, gate, t, before, out) {
    previousState(direction, before, out);
    const {
      layer: { hiddenSize: H, linearBeforeReset },
      gates,
    } = direction;
    if (gate === 2 && !linearBeforeReset) for (let u = 0; u < H; u++) out[u] *= gates[(3 * t + 1) * H + u];
  },
};
