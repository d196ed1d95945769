/** The LSTM; its equations are in its kernels, src/kernels/assembly/lstm.ts. */
import { at } from '../../../kernels/arena';
import { after, before, directionFlag } from '../../model/directionTape';
import type { Cell } from '../cell';

export const kernels: Cell = {
  linearBeforeReset: false,
  bypassesR: false,
  counts: [
    'inputGate.left',
    'inputGate.right',
    'outputGate.left',
    'outputGate.right',
    'forgetGate.left',
    'forgetGate.right',
  ],

  forwardKernel: 'lstmForward',
  forwardStepKernel: 'lstmForwardStep',
  forwardArguments({ tape, steps, batch, hiddenSize, lengths, R }, { first, count }, counts) {
    return [
      steps,
      batch,
      hiddenSize,
      first,
      count,
      directionFlag(tape),
      lengths,
      R,
      at(tape.gates),
      ...tape.states.map((states) => at(states)),
      counts,
    ];
  },

  backwardKernel: 'lstmBackward',
  backwardStepKernel: 'lstmBackwardStep',
  backwardArguments(
    { tape, steps, batch, hiddenSize, lengths, truncation, R, hidden, carried, preActivations },
    { first, count },
    squares,
  ) {
    return [
      steps,
      batch,
      hiddenSize,
      first,
      count,
      directionFlag(tape),
      lengths,
      truncation,
      R,
      at(tape.gates),
      at(tape.states[1]),
      hidden,
      ...carried,
      preActivations,
      squares,
    ];
  },

  stepBack(kernels, { tape, step, rows, hiddenSize: H, hidden, further, furtherTotal, preActivations }) {
    const [, cell] = tape.states;
    kernels.lstmStepBack(
      rows,
      H,
      at(tape.gates, step * 4 * H),
      at(cell, before(tape, step) * H),
      at(cell, after(tape, step) * H),
      hidden,
      further,
      furtherTotal,
      preActivations,
    );
  },
};
