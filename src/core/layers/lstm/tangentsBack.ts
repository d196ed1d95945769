/** The second derivatives of the LSTM: the way back of a step's tangents, without peepholes and with a forget gate of its own. */
import type { Float64Direction, TangentsBack } from '../float64Cell';

/**
 * With p = R ∂h_{t−1}, gate by gate:
 *   ∂c_t = f ⊙ ∂c_{t−1} + c_{t−1} ⊙ f′ ⊙ p_f + c̃ ⊙ i′ ⊙ p_i + i ⊙ c̃′ ⊙ p_c
 *   ∂h_t = h(c_t) ⊙ o′ ⊙ p_o + o ⊙ h′(c_t) ⊙ ∂c_t
 * where a prime is the slope at the gate's pre-activation.
 */
export function tangentsBack(direction: Float64Direction, way: TangentsBack): void {
  const {
    layer: { hiddenSize: H, inputForget },
    parameters: { peepholes },
    activations: [f, g, h],
    states: [, cellState],
    gates,
    preActivations: a,
  } = direction;
  if (peepholes || inputForget)
    throw new Error('no second derivatives of an LSTM with peepholes or without a forget gate');
  const {
    n,
    step,
    before,
    after,
    read: [, dc],
    through: p,
    gradient: [ofHidden, ofCell],
    throughGradient,
    of,
  } = way;
  for (let u = 0; u < H; u++) {
    const toInput = step * 4 * H + u;
    const [toOutput, toForget, toCandidate] = [toInput + H, toInput + 2 * H, toInput + 3 * H];
    const [input, output, forget, candidate] = [gates[toInput], gates[toOutput], gates[toForget], gates[toCandidate]];
    const inputSlope = f.slope(a[toInput], input);
    const outputSlope = f.slope(a[toOutput], output);
    const forgetSlope = f.slope(a[toForget], forget);
    const candidateSlope = g.slope(a[toCandidate], candidate);
    const cellBefore = cellState[before * H + u];
    const cell = cellState[after * H + u];
    const squashed = h.value(cell);
    const squashedSlope = h.slope(cell, squashed);
    // ∂c_t by each of its parts, ∂h_t by p_o and by ∂c_t.
    const byInput = candidate * inputSlope;
    const byForget = cellBefore * forgetSlope;
    const byCandidate = input * candidateSlope;
    const byOutput = squashed * outputSlope;
    const byCell = output * squashedSlope;
    // Sums over the directions: the gradient by ∂c_t with each of its parts, that by ∂h_t with p_o and with ∂c_t.
    let [withInput, withForget, withCandidate, withKept, withOutput, withCell] = [0, 0, 0, 0, 0, 0];
    for (let i = 0, at = u * n; i < n; i++, at++) {
      const [pInput, pOutput, pForget, pCandidate] = [p[at], p[at + H * n], p[at + 2 * H * n], p[at + 3 * H * n]];
      const kept = dc[at];
      const toHidden = ofHidden[at];
      const toCell = ofCell[at] + toHidden * byCell;
      withInput += toCell * pInput;
      withForget += toCell * pForget;
      withCandidate += toCell * pCandidate;
      withKept += toCell * kept;
      withOutput += toHidden * pOutput;
      withCell += toHidden * (forget * kept + byForget * pForget + byInput * pInput + byCandidate * pCandidate);
      throughGradient[at] = toCell * byInput;
      throughGradient[at + H * n] = toHidden * byOutput;
      throughGradient[at + 2 * H * n] = toCell * byForget;
      throughGradient[at + 3 * H * n] = toCell * byCandidate;
      ofCell[at] = toCell * forget;
      // All of h_{t−1} passes through R.
      ofHidden[at] = 0;
    }
    const bent = [
      withInput * candidate * f.curvature(a[toInput]) + withCandidate * inputSlope * candidateSlope,
      withOutput * squashed * f.curvature(a[toOutput]) + withCell * squashedSlope * outputSlope,
      withKept * forgetSlope + withForget * cellBefore * f.curvature(a[toForget]),
      withInput * inputSlope * candidateSlope + withCandidate * input * g.curvature(a[toCandidate]),
    ];
    for (let gate = 0, at = toInput; gate < 4; gate++, at += H) {
      of.preActivations[at] += bent[gate];
      of.recurrent[at] += bent[gate];
    }
    of.states[1][before * H + u] += withForget * forgetSlope;
    of.states[1][after * H + u] += withOutput * squashedSlope * outputSlope + withCell * output * h.curvature(cell);
  }
}
