/** A sweep as a table: one row for each trial. */
import type { ShownSweep } from '../../../src/pageContract/sweep';
import type { ExportedTable } from '../../shared/exporting/exported';
import type { Texts } from '../../shared/texts';
import { numberIn } from './sweepCells';

export function sweepTable({ axes, trials }: ShownSweep, texts: Texts): ExportedTable {
  return {
    id: 'trials',
    title: texts.get('panel.sweep.trials'),
    columns: [
      ...axes.map(({ key }) => key),
      'state',
      'step',
      'loss',
      'validation loss',
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
