/**
 * The GRU (Cho et al. 2014, with `linear_before_reset = 1` as PyTorch and cuDNN compute it), gates in ONNX order z r h:
 *   z, r = σ(W x_t + Wb + R h_{t−1} + Rb)
 *   q = R_h h_{t−1} + Rb_h                           n = tanh(W_h x_t + Wb_h + r ⊙ q)
 *   h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}
 */
import { at } from '../../../kernels/arena';
import { logistic } from '../../numeric';
import type { Cell } from './cell';

export const gru: Cell = {
  name: 'gru',
  gateCount: 3,
  saved: ['updateGate', 'resetGate', 'candidate', 'recurrentCandidate'],
  hasCellState: false,
  forgetGateBlock: null,
  recurrentDiffers: true,

  operator() {
    return { opType: 'GRU', attributes: { linear_before_reset: 1 } };
  },

  addSaved(graph, { x2d, W2d, R2d, Wb, Rb }, previousHidden2d, outputs) {
    const a = graph.node('Gemm', [x2d, W2d, Wb], { transB: 1 });
    const r = graph.node('Gemm', [previousHidden2d, R2d, Rb], { transB: 1 });
    const names = (from: string) => ['z', 'r', 'h'].map((gate) => `${from}.${gate}`) as [string, string, string];
    const [az, ar, ah] = names(a);
    const [rz, rr, rh] = names(r);
    graph.nodeWithOutputs('Split', [a], [az, ar, ah], { axis: 1, num_outputs: 3 });
    graph.nodeWithOutputs('Split', [r], [rz, rr, rh], { axis: 1, num_outputs: 3 });
    graph.node('Sigmoid', [graph.node('Add', [az, rz])], {}, outputs('updateGate'));
    const reset = graph.node('Sigmoid', [graph.node('Add', [ar, rr])], {}, outputs('resetGate'));
    const q = graph.node('Identity', [rh], {}, outputs('recurrentCandidate'));
    graph.node('Tanh', [graph.node('Add', [ah, graph.node('Mul', [reset, q])])], {}, outputs('candidate'));
  },

  complete() {
    // The graph gives everything.
  },

  forwardStep({ hidden, saved }, step, batch, { hiddenSize: H }, input, inputOffset, recurrent) {
    const { updateGate, resetGate, candidate, recurrentCandidate } = gatesOf(saved);
    const size = batch * H;
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < H; u++) {
        const k = step * size + b * H + u;
        const gate = b * 3 * H + u;
        const z = logistic(input[inputOffset + gate] + recurrent[gate]);
        const r = logistic(input[inputOffset + gate + H] + recurrent[gate + H]);
        const q = recurrent[gate + 2 * H];
        const n = Math.tanh(input[inputOffset + gate + 2 * H] + r * q);
        updateGate[k] = z;
        resetGate[k] = r;
        recurrentCandidate[k] = q;
        candidate[k] = n;
        hidden[k + size] = (1 - z) * n + z * hidden[k];
      }
    }
  },

  backwardStep(kernels, { hidden, saved }, step, batch, { hiddenSize: H }, gradients) {
    const { updateGate, resetGate, candidate, recurrentCandidate } = gatesOf(saved);
    const k = step * batch * H;
    kernels.gruBackward(
      batch, H, at(updateGate, k), at(resetGate, k), at(candidate, k), at(recurrentCandidate, k), at(hidden, k), at(gradients.hidden),
      at(gradients.input, gradients.inputOffset), at(gradients.recurrent, gradients.recurrentOffset), at(gradients.previousHidden),
    );
  },
};

interface Gates {
  readonly updateGate: Float32Array;
  readonly resetGate: Float32Array;
  readonly candidate: Float32Array;
  readonly recurrentCandidate: Float32Array;
}

function gatesOf(saved: Readonly<Record<string, Float32Array>>): Gates {
  return saved as unknown as Gates;
}
