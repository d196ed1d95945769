/**
 * The vanilla RNN.
 *   h_t = φ(W x_t + Wb + R h_{t−1} + Rb),  φ = tanh or relu
 */
import type { Cell } from './cell';

export const rnn: Cell = {
  name: 'rnn',
  gateCount: 1,
  saved: [],
  hasCellState: false,
  forgetGateBlock: null,
  recurrentDiffers: false,

  operator({ activation }) {
    return { opType: 'RNN', attributes: { activations: [activation === 'tanh' ? 'Tanh' : 'Relu'] } };
  },

  addSaved() {
    // φ′ follows from h_t itself.
  },

  complete() {
    // The graph gives everything.
  },

  forwardStep({ hidden }, step, batch, { hiddenSize, activation }, input, inputOffset, recurrent) {
    const size = batch * hiddenSize;
    const row = (step + 1) * size;
    const relu = activation === 'relu';
    for (let i = 0; i < size; i++) {
      const a = input[inputOffset + i] + recurrent[i];
      hidden[row + i] = relu ? Math.max(a, 0) : Math.tanh(a);
    }
  },

  backwardStep({ hidden }, step, batch, { hiddenSize, activation }, gradients) {
    const size = batch * hiddenSize;
    const row = (step + 1) * size;
    const relu = activation === 'relu';
    const { input, inputOffset } = gradients;
    for (let i = 0; i < size; i++) {
      const h = hidden[row + i];
      // ∂L/∂a = ∂L/∂h ⊙ φ′(a);  tanh′ = 1 − h²,  relu′ = [h > 0]
      const derivative = relu ? Number(h > 0) : 1 - h * h;
      input[inputOffset + i] = gradients.hidden[i] * derivative;
    }
    gradients.previousHidden.fill(0);
  },
};
