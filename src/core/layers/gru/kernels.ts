/**
 * The GRU with `linear_before_reset = 1`, as PyTorch and cuDNN compute it; its equations are in its kernels,
 * src/kernels/assembly/gru.ts.
 */
import { at } from '../../../kernels/arena';
import { before, directionFlag } from '../../model/directionTape';
import type { Cell } from '../cell';

export const kernels: Cell = {
  linearBeforeReset: true,
  bypassesR: true,
  counts: ['updateGate.left', 'updateGate.right', 'resetGate.left', 'resetGate.right'],

  forwardKernel: 'gruForward',
  forwardStepKernel: 'gruForwardStep',
  forwardArguments({ tape, steps, batch, hiddenSize, lengths, R, Rb, scratch }, { first, count }, counts) {
    return [
      steps,
      batch,
      hiddenSize,
      first,
      count,
      directionFlag(tape),
      lengths,
      R,
      Rb,
      at(tape.gates),
      at(tape.recurrentCandidate),
      at(tape.states[0]),
      scratch,
      counts,
    ];
  },

  backwardKernel: 'gruBackward',
  backwardStepKernel: 'gruBackwardStep',
  backwardArguments(pass, { first, count }, squares) {
    const {
      tape,
      steps,
      batch,
      hiddenSize,
      lengths,
      truncation,
      R,
      hidden,
      carried,
      preActivations,
      recurrentPreActivations,
    } = pass;
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
      at(tape.recurrentCandidate),
      at(tape.states[0]),
      hidden,
      ...carried,
      preActivations,
      recurrentPreActivations,
      squares,
    ];
  },

  stepBack(kernels, { tape, step, rows, hiddenSize: H, hidden, preActivations, recurrentPreActivations, previous }) {
    kernels.gruStepBack(
      rows,
      H,
      at(tape.gates, step * 3 * H),
      at(tape.recurrentCandidate, step * H),
      at(tape.states[0], before(tape, step) * H),
      hidden,
      preActivations,
      recurrentPreActivations,
      previous,
    );
  },
};
