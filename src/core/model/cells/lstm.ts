/**
 * The LSTM (Hochreiter & Schmidhuber 1997 with forget gates, as PyTorch and ONNX compute it), gates in ONNX order i o f c:
 *   i, o, f = σ(W x_t + Wb + R h_{t−1} + Rb)        g = tanh(…)
 *   c_t = f ⊙ c_{t−1} + i ⊙ g                        h_t = o ⊙ tanh(c_t)
 */
import { logistic } from '../../numeric';
import type { Cell } from './cell';

/** Between these, h / o gives tanh(c), and 1 − tanh², to a few units in the last place of float32. */
const smallestGate = 1e-6;
const unsaturated = 0.9;

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

  complete({ cellState, saved }, steps, size) {
    const { inputGate, forgetGate, candidate } = gatesOf(saved);
    for (let i = 0; i < steps * size; i++) cellState[size + i] = forgetGate[i] * cellState[i] + inputGate[i] * candidate[i];
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

  backwardStep({ hidden, cellState, saved }, step, batch, { hiddenSize: H }, gradients) {
    const { inputGate, outputGate, forgetGate, candidate } = gatesOf(saved);
    const { input, inputOffset } = gradients;
    const size = batch * H;
    for (let b = 0; b < batch; b++) {
      for (let u = 0; u < H; u++) {
        const n = b * H + u;
        const k = step * size + n;
        const gate = inputOffset + b * 4 * H + u;
        const i = inputGate[k];
        const o = outputGate[k];
        const f = forgetGate[k];
        const g = candidate[k];
        const dh = gradients.hidden[n];
        // tanh(c_t) is h_t / o, but for rounding, which spoils 1 − tanh² where the cell is saturated or the gate nearly shut.
        const quotient = hidden[k + size] / o;
        const tanhC = o > smallestGate && Math.abs(quotient) < unsaturated ? quotient : Math.tanh(cellState[k + size]);
        // ∂L/∂c_t = (through c_{t+1}) + ∂L/∂h_t ⊙ o ⊙ (1 − tanh² c_t)
        const dc = gradients.cellState[n] + dh * o * (1 - tanhC * tanhC);
        gradients.cellTotal[n] = dc;
        // ∂L/∂a = ∂L/∂gate ⊙ gate′;  σ′ = σ(1 − σ),  tanh′ = 1 − g²
        input[gate] = dc * g * i * (1 - i);
        input[gate + H] = dh * tanhC * o * (1 - o);
        input[gate + 2 * H] = dc * cellState[k] * f * (1 - f);
        input[gate + 3 * H] = dc * i * (1 - g * g);
        // ∂L/∂c_{t−1} = ∂L/∂c_t ⊙ f
        gradients.cellState[n] = dc * f;
      }
    }
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
