/**
 * The vanilla RNN.
 *   h_t = φ(W x_t + Wb + R h_{t−1} + Rb),  φ = tanh or relu
 */
import { at } from '../../../kernels/arena';
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

  backwardStep(kernels, { hidden }, step, batch, { hiddenSize, activation }, gradients) {
    const size = batch * hiddenSize;
    kernels.rnnBackward(size, activation === 'relu', at(hidden, (step + 1) * size), at(gradients.hidden), at(gradients.input, gradients.inputOffset));
    gradients.previousHidden.fill(0);
  },
};
