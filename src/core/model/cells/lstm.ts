/**
 * The LSTM (Hochreiter & Schmidhuber 1997 with forget gates, as PyTorch and ONNX compute it), gates in ONNX order i o f c:
 *   i, o, f = σ(W x_t + Wb + R h_{t−1} + Rb)        g = tanh(…)
 *   c_t = f ⊙ c_{t−1} + i ⊙ g                        h_t = o ⊙ tanh(c_t)
 */
import { at } from '../../../kernels/arena';
import { logistic } from '../../numeric';
import type { Cell } from './cell';

export const lstm: Cell = {
  name: 'lstm',
  gateCount: 4,
  saved: ['inputGate', 'outputGate', 'forgetGate', 'candidate'],
  hasCellState: true,
  forgetGateBlock: 2,
  recurrentDiffers: false,

  operator() {
    return { opType: 'LSTM', attributes: {} };
  },

  addSaved(graph, { x2d, W2d, R2d, Wb, Rb }, previousHidden2d, outputs) {
    const bias = graph.node('Add', [Wb, Rb]);
    const fromInput = graph.node('Gemm', [x2d, W2d, bias], { transB: 1 });
    const a = graph.node('Gemm', [previousHidden2d, R2d, fromInput], { transB: 1 });
    const [i, o, f, g] = ['i', 'o', 'f', 'g'].map((gate) => `${a}.${gate}`) as [string, string, string, string];
    graph.nodeWithOutputs('Split', [a], [i, o, f, g], { axis: 1, num_outputs: 4 });
    graph.node('Sigmoid', [i], {}, outputs('inputGate'));
    graph.node('Sigmoid', [o], {}, outputs('outputGate'));
    graph.node('Sigmoid', [f], {}, outputs('forgetGate'));
    graph.node('Tanh', [g], {}, outputs('candidate'));
  },

  complete(kernels, { cellState, saved }, steps, size) {
    const { inputGate, forgetGate, candidate } = gatesOf(saved);
    for (let k = 0; k < steps * size; k += size) {
      kernels.lstmCells(size, at(inputGate, k), at(forgetGate, k), at(candidate, k), at(cellState, k), at(cellState, k + size));
    }
  },

  forwardStep({ hidden, cellState, saved }, step, batch, { hiddenSize: H }, input, inputOffset, recurrent) {
    const { inputGate, outputGate, forgetGate, candidate } = gatesOf(saved);
    const size = batch * H;
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < H; u++) {
        const k = step * size + b * H + u;
        const gate = b * 4 * H + u;
        const i = logistic(input[inputOffset + gate] + recurrent[gate]);
        const o = logistic(input[inputOffset + gate + H] + recurrent[gate + H]);
        const f = logistic(input[inputOffset + gate + 2 * H] + recurrent[gate + 2 * H]);
        const g = Math.tanh(input[inputOffset + gate + 3 * H] + recurrent[gate + 3 * H]);
        const c = f * cellState[k] + i * g;
        inputGate[k] = i;
        outputGate[k] = o;
        forgetGate[k] = f;
        candidate[k] = g;
        cellState[k + size] = c;
        hidden[k + size] = o * Math.tanh(c);
      }
    }
  },

  backwardStep(kernels, { cellState, saved }, step, batch, { hiddenSize: H }, gradients) {
    const { inputGate, outputGate, forgetGate, candidate } = gatesOf(saved);
    const size = batch * H;
    const k = step * size;
    kernels.lstmBackward(
      batch, H, at(inputGate, k), at(outputGate, k), at(forgetGate, k), at(candidate, k), at(cellState, k), at(cellState, k + size),
      at(gradients.hidden), at(gradients.cellState), at(gradients.cellTotal), at(gradients.input, gradients.inputOffset),
    );
    gradients.previousHidden.fill(0);
  },
};

interface Gates {
  readonly inputGate: Float32Array;
  readonly outputGate: Float32Array;
  readonly forgetGate: Float32Array;
  readonly candidate: Float32Array;
}

function gatesOf(saved: Readonly<Record<string, Float32Array>>): Gates {
  return saved as unknown as Gates;
}
