/** The second derivatives of the GRU: the way back of a step's tangents, with linear_before_reset = 1. */
import type { Float64Direction, TangentsBack } from '../float64Cell';

/**
 * With p = R ∂h_{t−1}, gate by gate, and q = R_n h_{t−1} + Rb_n:
 *   ∂h_t = z ⊙ ∂h_{t−1} + (h_{t−1} − n) ⊙ z′ ⊙ p_z + (1 − z) ⊙ n′ ⊙ ∂a_n,  ∂a_n = q ⊙ r′ ⊙ p_r + r ⊙ p_n
 * where a prime is the slope at the gate's pre-activation.
 */
export function tangentsBack(direction: Float64Direction, way: TangentsBack): void {
  const {
    layer: { hiddenSize: H, linearBeforeReset },
    activations: [f, g],
    states: [hidden],
    gates,
    preActivations: a,
    recurrentCandidate,
  } = direction;
  if (!linearBeforeReset) throw new Error('no second derivatives of a GRU with linear_before_reset = 0');
  const {
    n: directions,
    step,
    before,
    read: [dh],
    through: p,
    gradient: [gradient],
    throughGradient,
    of,
  } = way;
  const block = H * directions;
  for (let u = 0; u < H; u++) {
    const toUpdate = step * 3 * H + u;
    const [toReset, toCandidate] = [toUpdate + H, toUpdate + 2 * H];
    const [z, r, n, q] = [gates[toUpdate], gates[toReset], gates[toCandidate], recurrentCandidate[step * H + u]];
    const updateSlope = f.slope(a[toUpdate], z);
    const resetSlope = f.slope(a[toReset], r);
    const candidateSlope = g.slope(a[toCandidate], n);
    const apart = hidden[before * H + u] - n;
    const byCandidate = (1 - z) * candidateSlope;
    // Sums over the directions of the gradient with each of these.
    let [withUpdate, withReset, withThrough, withKept] = [0, 0, 0, 0];
    for (let i = 0, at = u * directions; i < directions; i++, at++) {
      const d = gradient[at];
      withUpdate += d * p[at];
      withReset += d * p[at + block];
      withThrough += d * p[at + 2 * block];
      withKept += d * dh[at];
      throughGradient[at] = d * apart * updateSlope;
      throughGradient[at + block] = d * byCandidate * q * resetSlope;
      throughGradient[at + 2 * block] = d * byCandidate * r;
      gradient[at] = d * z;
    }
    const withCandidate = q * resetSlope * withReset + r * withThrough;
    const ofUpdate =
      (withKept - candidateSlope * withCandidate) * updateSlope + apart * f.curvature(a[toUpdate]) * withUpdate;
    const ofCandidate =
      (1 - z) * g.curvature(a[toCandidate]) * withCandidate - candidateSlope * updateSlope * withUpdate;
    // What reaches a_n goes on to r and to q.
    const ofReset =
      byCandidate * (q * f.curvature(a[toReset]) * withReset + resetSlope * withThrough) + ofCandidate * q * resetSlope;
    const ofThrough = byCandidate * resetSlope * withReset + ofCandidate * r;
    of.preActivations[toUpdate] += ofUpdate;
    of.preActivations[toReset] += ofReset;
    of.preActivations[toCandidate] += ofCandidate;
    of.recurrent[toUpdate] += ofUpdate;
    of.recurrent[toReset] += ofReset;
    of.recurrent[toCandidate] += ofThrough;
    of.states[0][before * H + u] += updateSlope * withUpdate;
  }
}
