/** A sweep as a table: one row for each trial. */
import type { ShownSweep } from '../../../src/pageContract/sweep';
import type { ExportedTable } from '../../shared/exporting/exported';
import type { Texts } from '../../shared/texts';
import { numberIn } from './sweepCells';

const units = { nats: ' (nats per token)', squaredError: ' (mean squared error)' } as const;

export function sweepTable({ axes, trials, lossUnit }: ShownSweep, texts: Texts): ExportedTable {
  const unit = lossUnit === null ? '' : units[lossUnit];
  return {
    id: 'trials',
    title: texts.get('panel.sweep.trials'),
    columns: [
      ...axes.map(({ key }) => key),
      'state',
      'step',
      `loss${unit}`,
      `validation loss${unit}`,
      'horizon (tokens; empty: larger than looked for)',
      'horizon looked for within (tokens)',
      'reason',
    ],
    rows: () =>
      trials.map(({ at, state, step, loss, validationLoss, horizon, within, reason }) => [
        ...axes.map(({ values }, i) => numberIn(values[at[i]]) ?? values[at[i]]),
        state,
        step,
        loss,
        validationLoss,
        horizon,
        within,
        reason,
      ]),
  };
}
