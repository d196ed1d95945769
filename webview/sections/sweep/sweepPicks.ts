/** Which trials of a sweep the reader has picked to compare: places in its list, in the order in which they were picked. */
import { comparedTrials, type ShownSweep } from '../../../src/pageContract/sweep';
import type { Cell } from './sweepCells';

export type Picked = readonly number[];

/** After a cell was picked, one of its trials with it, or let go, with all of them. */
export function withCell(sweep: ShownSweep, { trials }: Cell, picked: Picked): Picked {
  const others = picked.filter((trial) => !trials.includes(trial));
  return others.length < picked.length || trials.length === 0
    ? others
    : [...picked, likest(sweep, trials, picked.at(-1))];
}

/** After one trial was picked, or let go. */
export function withTrial(trial: number, picked: Picked): Picked {
  return picked.includes(trial) ? picked.filter((other) => other !== trial) : [...picked, trial];
}

/**
 * Of a cell's trials the first that can be opened and is done; of several such the one that has most settings in common with what was picked last, so that what
 * is compared differs as little as possible beside the two axes.
 */
function likest({ trials }: ShownSweep, among: readonly number[], last: number | undefined): number {
  const rank = (trial: number): number => {
    const { at, canOpen, state } = trials[trial];
    const alike = last === undefined ? 0 : at.filter((value, axis) => value === trials[last].at[axis]).length;
    // No sweep has so many axes.
    return (canOpen ? 1e6 : 0) + (state === 'done' ? 1e3 : 0) + alike;
  };
  return among.reduce((best, trial) => (rank(trial) > rank(best) ? trial : best));
}

/** Why these cannot be compared, and which trial is to blame; null where they can. */
export type Refusal =
  | { readonly why: 'none' | 'one' | 'tooMany' }
  | { readonly why: 'waiting' | 'begun' | 'failed' | 'nothing'; readonly trial: number };

export function refusalOf({ trials }: ShownSweep, picked: Picked): Refusal | null {
  if (picked.length === 0) return { why: 'none' };
  if (picked.length > comparedTrials.most) return { why: 'tooMany' };
  const trial = picked.find((each) => !trials[each].canOpen);
  if (trial !== undefined) {
    const { state } = trials[trial];
    return { why: state === 'waiting' || state === 'begun' || state === 'failed' ? state : 'nothing', trial };
  }
  return picked.length < comparedTrials.least ? { why: 'one' } : null;
}
