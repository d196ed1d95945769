/** The minimal LSTM; its equations are in its kernels, src/kernels/assembly/minLSTM.ts. */
import { at } from '../../../kernels/arena';
import { before, directionFlag } from '../../model/directionTape';
import { kinkOfPositive } from '../candidate';
import type { Cell, CellSettings } from '../cell';

export const kernels: Cell = {
  linearBeforeReset: false,
  bypassesR: true,
  kink: ({ options }) => (options['positive'] === true ? { block: 2, at: kinkOfPositive } : null),
  counts: ['relativeForgetGate.left', 'relativeForgetGate.right', 'inputGate.left', 'inputGate.right'],

  forwardKernel: 'minLSTMForward',
  forwardStepKernel: null,
  forwardArguments({ tape, steps, batch, hiddenSize, options, lengths }, { first, count }, counts) {
    return [
      steps,
      batch,
      hiddenSize,
      first,
      count,
      directionFlag(tape),
      lengths,
      positiveFlag(options),
      at(tape.gates),
      at(tape.states[0]),
      counts,
    ];
  },

  backwardKernel: 'minLSTMBackward',
  backwardStepKernel: null,
  backwardArguments(
    { tape, steps, batch, hiddenSize, options, lengths, truncation, hidden, carried, preActivations },
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
      positiveFlag(options),
      at(tape.gates),
      at(tape.states[0]),
      hidden,
      ...carried,
      preActivations,
      squares,
    ];
  },

  stepBack(kernels, { tape, step, rows, hiddenSize: H, options, hidden, preActivations, previous }) {
    kernels.minLSTMStepBack(
      rows,
      H,
      positiveFlag(options),
      at(tape.gates, step * 3 * H),
      at(tape.states[0], before(tape, step) * H),
      hidden,
      preActivations,
      previous,
    );
  },
};

function positiveFlag(options: CellSettings['options']): number {
  return Number(options['positive'] === true);
}
