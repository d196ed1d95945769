/** Several trials of a sweep may fall into one cell of its picture: which of them is meant. */
import * as vscode from 'vscode';
import type { ShownSweep, ShownTrial, TrialState } from '../../pageContract/sweep';
import type { MessageKey } from '../../messages';
import type { LossUnit } from '../../protocol/run';
import { fixed } from '../../terms/numberFormat';
import { localize } from '../localize';
import { squaredError } from '../squaredError';

const stateKeys = {
  done: 'panel.sweep.state.done',
  stopped: 'panel.sweep.state.stopped',
  diverged: 'panel.sweep.state.diverged',
  failed: 'panel.sweep.state.failed',
  begun: 'panel.sweep.state.begun',
  waiting: 'panel.sweep.state.waiting',
} as const satisfies Record<TrialState, MessageKey>;

const lossKeys = {
  nats: { validationLoss: 'panel.sweep.validationLossOf', loss: 'panel.sweep.lossOf' },
  plain: { validationLoss: 'panel.sweep.validationLossPlain', loss: 'panel.sweep.lossPlain' },
} as const satisfies Record<string, Record<string, MessageKey>>;

/** Undefined where the question was dismissed. */
export async function pickTrial(sweep: ShownSweep, trials: readonly number[]): Promise<number | undefined> {
  const items = trials.map((trial) => {
    const shown = sweep.trials[trial];
    return { label: differingSettings(sweep, shown, trials), description: outcome(shown, sweep.lossUnit), trial };
  });
  const placeHolder = localize('sweep.pick.placeholder');
  return (await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.trial;
}

/** “window 128, seed 2”: what tells it from the others. */
export function differingSettings({ axes, trials }: ShownSweep, { at }: ShownTrial, among: readonly number[]): string {
  return axes
    .flatMap(({ key, values }, i) =>
      among.some((other) => trials[other].at[i] !== at[i]) ? [`${key} ${values[at[i]]}`] : [],
    )
    .join(', ');
}

function outcome({ state, step, loss, validationLoss, horizon, within }: ShownTrial, lossUnit: LossUnit): string {
  const number = (value: number) => value.toLocaleString(vscode.env.language);
  return [
    localize(stateKeys[state]),
    ...(step === null ? [] : [localize('step.number', number(step))]),
    ...lossOf(lossUnit, validationLoss, loss),
    ...(within === null
      ? []
      : [localize('sweep.pick.horizon', horizon === null ? `> ${number(within)}` : number(horizon))]),
  ].join(' · ');
}

/** Which of the two it is, too: a trial that was stopped before its first validation has the loss of its training alone. */
function lossOf(unit: LossUnit, validationLoss: number | null, loss: number | null): string[] {
  const written = (value: number) => (unit === 'nats' ? fixed(value, 3) : squaredError(value));
  const keys = lossKeys[unit === 'nats' ? 'nats' : 'plain'];
  if (validationLoss !== null) return [localize(keys.validationLoss, written(validationLoss))];
  return loss === null ? [] : [localize(keys.loss, written(loss))];
}
