/** Cells whose gates see the input alone and whose step is h_t = a ⊙ h_{t−1} + b: their kernels are called alike, whatever the gates. */
import { at } from '../../kernels/arena';
import type { Kernels } from '../../kernels/exports';
import { before, directionFlag } from '../model/directionTape';
import { kinkOfPositive } from './candidate';
import type { Cell, CellSettings } from './cell';

/** rows, H, positive, gates, before, ∂L/∂h, ∂L/∂a, ∂L/∂h_{t−1}: numbers and addresses, as the kernels have them. */
type StepBackArguments = [number, number, number, number, number, number, number, number];

interface Scan {
  /** G, the candidate's block being the last. */
  readonly gates: number;
  readonly counts: Cell['counts'];
  readonly forward: keyof Kernels;
  readonly backward: keyof Kernels;
  readonly stepBack: (kernels: Kernels, given: StepBackArguments) => void;
}

export function scanned({ gates, counts, forward, backward, stepBack }: Scan): Cell {
  return {
    linearBeforeReset: false,
    bypassesR: true,
    kink: ({ options }) => (options['positive'] === true ? { block: gates - 1, at: kinkOfPositive } : null),
    counts,

    forwardKernel: forward,
    forwardStepKernel: null,
    forwardArguments({ tape, steps, batch, hiddenSize, options, lengths }, { first, count }, counted) {
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
        counted,
      ];
    },

    backwardKernel: backward,
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
      stepBack(kernels, [
        rows,
        H,
        positiveFlag(options),
        at(tape.gates, step * gates * H),
        at(tape.states[0], before(tape, step) * H),
        hidden,
        preActivations,
        previous,
      ]);
    },
  };
}

function positiveFlag(options: CellSettings['options']): number {
  return Number(options['positive'] === true);
}
