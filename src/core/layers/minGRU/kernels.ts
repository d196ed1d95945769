/** The minimal GRU; its equations are in its kernels, src/kernels/assembly/minGRU.ts. */
import { at } from '../../../kernels/arena';
import { before, directionFlag } from '../../model/directionTape';
import { kinkOfPositive } from '../candidate';
import type { Cell, CellSettings } from '../cell';

export const kernels: Cell = {
  linearBeforeReset: false,
  bypassesR: true,
  kink: ({ options }) => (options['positive'] === true ? { block: 1, at: kinkOfPositive } : null),
  counts: ['writeGate.left', 'writeGate.right'],

  forwardKernel: 'minGRUForward',
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

  backwardKernel: 'minGRUBackward',
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
    kernels.minGRUStepBack(
      rows,
      H,
      positiveFlag(options),
      at(tape.gates, step * 2 * H),
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
