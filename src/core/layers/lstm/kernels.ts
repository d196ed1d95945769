/** The LSTM; its equations are in its kernels, src/kernels/assembly/lstm.ts. */
import { at } from '../../../kernels/arena';
import { after, before, directionFlag } from '../../model/directionTape';
import type { Cell } from '../cell';

export const kernels: Cell = {
  recurrentDiffers: false,
  counts: ['inputGate.left', 'inputGate.right', 'outputGate.left', 'outputGate.right', 'forgetGate.left', 'forgetGate.right'],

  forwardKernel: 'lstmForward',
  forwardStepKernel: 'lstmForwardStep',
  forwardArguments({ tape, steps, batch, hiddenSize, lengths, R }, { first, count }, counts) {
    return [steps, batch, hiddenSize, first, count, directionFlag(tape), lengths, R, at(tape.gates), at(tape.hidden), at(tape.cellState), counts];
  },

  backwardKernel: 'lstmBackward',
  backwardStepKernel: 'lstmBackwardStep',
  backwardArguments({ tape, steps, batch, hiddenSize, lengths, truncation, R, hidden, carriedHidden, carriedCell, preActivations }, { first, count }, squares) {
    return [
      steps, batch, hiddenSize, first, count, directionFlag(tape), lengths, truncation, R,
      at(tape.gates), at(tape.cellState), hidden, carriedHidden, carriedCell, preActivations, squares,
    ];
  },

  stepBack(kernels, { tape, step, rows, hiddenSize: H, hidden, cellState, cellTotal, preActivations }) {
    kernels.lstmStepBack(
      rows, H, at(tape.gates, step * 4 * H), at(tape.cellState, before(tape, step) * H), at(tape.cellState, after(tape, step) * H),
      hidden, cellState, cellTotal, preActivations,
    );
  },
};
