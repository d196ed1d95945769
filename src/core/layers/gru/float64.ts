/**
 * z = f(W_z x + Wb_z + R_z h + Rb_z),  r likewise,  h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}, with
 *   linear_before_reset = 1 (PyTorch):  n = g(W_n x + Wb_n + r ⊙ (R_n h_{t−1} + Rb_n))
 *   linear_before_reset = 0:            n = g(W_n x + Wb_n + R_n (r ⊙ h_{t−1}) + Rb_n)
 */
import { addMatrixVector } from '../../float64/products';
import { addThroughR, previousState, type Float64Cell } from '../float64Cell';

export const float64: Float64Cell = {
  hasRecurrentCandidate: true,

  forward(
    {
      layer: { hiddenSize: H, linearBeforeReset },
      parameters: { R, Rb },
      activations: [f, g],
      states: [hidden],
      gates,
      preActivations,
      recurrentCandidate,
      scratch,
    },
    t,
    before,
    after,
  ) {
    const at = t * 3 * H;
    const h = before * H;
    const ofCandidate = R.subarray(2 * H * H);
    for (let j = 0; j < 2 * H; j++) preActivations[at + j] += Rb[j];
    addMatrixVector(preActivations, at, R, hidden, h, 2 * H, H);
    for (let j = 0; j < 2 * H; j++) gates[at + j] = f.value(preActivations[at + j]);
    const fromState = t * H;
    for (let u = 0; u < H; u++) {
      recurrentCandidate[fromState + u] = Rb[2 * H + u];
      scratch[u] = linearBeforeReset ? hidden[h + u] : gates[at + H + u] * hidden[h + u];
    }
    addMatrixVector(recurrentCandidate, fromState, ofCandidate, scratch, 0, H, H);
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
      ofInput,
    } = way;
    const at = step * 3 * H;
    // With linear_before_reset all three blocks read ∂h_{t−1}; without, the candidate's reads ∂(r ⊙ h_{t−1}).
    const da = Float64Array.from(way.throughR(0, linearBeforeReset ? 3 : 2, dh));
    if (ofInput) for (let i = 0; i < 2 * H * n; i++) da[i] += ofInput[i];
    const toCandidate = linearBeforeReset ? da.subarray(2 * H * n) : new Float64Array(H * n);
    for (let u = 0; u < H; u++) {
      const r = gates[at + H + u];
      const slope = f.slope(a[at + H + u], r);
      const read = linearBeforeReset ? recurrentCandidate[step * H + u] : hidden[before * H + u];
      const changed = linearBeforeReset ? toCandidate : dh;
      for (let i = u * n; i < (u + 1) * n; i++) toCandidate[i] = r * changed[i] + read * slope * da[H * n + i];
    }
    const dn = linearBeforeReset ? toCandidate : way.throughR(2, 1, toCandidate);
    for (let u = 0; u < H; u++) {
      const [z, candidate] = [gates[at + u], gates[at + 2 * H + u]];
      const byUpdate = (hidden[before * H + u] - candidate) * f.slope(a[at + u], z);
      const byCandidate = (1 - z) * g.slope(a[at + 2 * H + u], candidate);
      for (let i = u * n; i < (u + 1) * n; i++)
        dh[i] = z * dh[i] + byUpdate * da[i] + byCandidate * (ofInput ? dn[i] + ofInput[2 * H * n + i] : dn[i]);
    }
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
