/** The vanilla RNN; its equations are in its kernels, src/kernels/assembly/rnn.ts. */
import { at } from '../../../kernels/arena';
import { saturatedAbove } from '../../../terms/saturation';
import { after, directionFlag } from '../../model/directionTape';
import type { Cell } from '../cell';

export const kernels: Cell = {
  linearBeforeReset: false,
  bypassesR: false,
  kink: ({ activation }) => (activation === 'relu' ? { block: 0, at: 0 } : null),
  counts: ['saturated'],

  forwardKernel: 'rnnForward',
  forwardStepKernel: 'rnnForwardStep',
  forwardArguments({ tape, steps, batch, hiddenSize, activation, lengths, R }, { first, count }, counts) {
    return [
      steps,
      batch,
      hiddenSize,
      first,
      count,
      directionFlag(tape),
      lengths,
      R,
      Number(activation === 'relu'),
      saturatedAbove,
      at(tape.gates),
      at(tape.states[0]),
      counts,
    ];
  },

  backwardKernel: 'rnnBackward',
  backwardStepKernel: 'rnnBackwardStep',
  backwardArguments(
    { tape, steps, batch, hiddenSize, activation, lengths, truncation, R, hidden, carried, preActivations },
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
      Number(activation === 'relu'),
      at(tape.states[0]),
      hidden,
      ...carried,
      preActivations,
      squares,
    ];
  },

  stepBack(kernels, { tape, step, rows, hiddenSize: H, activation, hidden, preActivations }) {
    kernels.rnnStepBack(
      rows,
      H,
      Number(activation === 'relu'),
      at(tape.states[0], after(tape, step) * H),
      hidden,
      preActivations,
    );
  },
};
