/** Cells whose gates see the input alone and whose step is h_t = a ⊙ h_{t−1} + b: their kernels are called alike, whatever the gates. */
import { at } from '../../kernels/arena';
import type { Kernels } from '../../kernels/exports';
import { before, directionFlag, type DirectionTape } from '../model/directionTape';
import { kinkOfPositive } from './candidate';
import type { Cell, CellSettings } from './cell';

/** rows, H, positive, gates, before, ∂L/∂h, ∂L/∂a, ∂L/∂h_{t−1}: numbers and addresses, as the kernels have them. */
type StepBackArguments = [number, number, number, number, number, number, number, number];

/** rows, H, positive, bias, gates, occurrences, counts. */
type GatesArguments = [number, number, number, number, number, number, number];

interface Scan {
  /** G, the candidate's block being the last. */
  readonly gates: number;
  readonly counts: Cell['counts'];
  readonly activate: (kernels: Kernels, given: GatesArguments) => void;
  readonly forward: keyof Kernels;
  readonly backward: keyof Kernels;
  readonly stepBack: (kernels: Kernels, given: StepBackArguments) => void;
}

export function scanned({ gates, counts, activate, forward, backward, stepBack }: Scan): Cell {
  return {
    linearBeforeReset: false,
    bypassesR: true,
    kink: ({ options }) => (options['positive'] === true ? { block: gates - 1, at: kinkOfPositive } : null),
    counts,

    gatesOfInput(kernels, { rows, hiddenSize, options, bias, gates: of, occurrences, counts: counted }) {
      activate(kernels, [rows, hiddenSize, positiveFlag(options), bias, of, occurrences, counted]);
    },

    forwardKernel: forward,
    forwardStepKernel: null,
    forwardArguments({ tape, steps, batch, hiddenSize, options, lengths, bias }, { first, count }, counted) {
      return [
        steps,
        batch,
        hiddenSize,
        first,
        count,
        directionFlag(tape),
        lengths,
        positiveFlag(options),
        ...tokensOf(tape, gates * hiddenSize),
        bias,
        at(tape.gates),
        at(tape.states[0]),
        counted,
      ];
    },

    backwardKernel: backward,
    backwardStepKernel: null,
    backwardArguments(
      { tape, steps, batch, hiddenSize, options, lengths, truncation, hidden, carried, preActivations, sums },
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
        ...tokensOf(tape, gates * hiddenSize),
        at(tape.gates),
        at(tape.states[0]),
        hidden,
        ...carried,
        preActivations,
        sums,
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

/** As the kernels have them: the tokens, or 0, and the row of the gates that is no token's. */
function tokensOf({ tokens, gates }: DirectionTape, width: number): [number, number] {
  return tokens ? [at(tokens), gates.length / width - 1] : [0, 0];
}

function positiveFlag(options: CellSettings['options']): number {
  return Number(options['positive'] === true);
}
