/** A sweep as its page shows it: a grid of settings, and what came of each trial. The editor has read it from the sweep's folder and checked it. */

import type { LossUnit } from '../protocol/run';

/** More are refused: neither a folder nor a picture of so many can be looked at. */
export const maxTrials = 10_000;

/** Trials that can be compared at once. */
export const comparedTrials = { least: 2, most: 4 } as const;

/**
 * `stopped`: by the scheduler, before its last step. `diverged`: a loss that is not finite. `begun`: its run is there and no result yet, because it is
 * being trained or was cut off. `waiting`: nothing is there yet.
 */
export type TrialState = 'done' | 'stopped' | 'diverged' | 'failed' | 'begun' | 'waiting';

/** A setting that is swept, or `seed`. */
export interface SweepAxis {
  readonly key: string;
  /** As they were given; no two are the same. */
  readonly values: readonly string[];
}

/** What is known of it; null where nothing is. */
export interface TrialResult {
  readonly state: TrialState;
  readonly step: number | null;
  /** Both in the sweep's unit. */
  readonly loss: number | null;
  readonly validationLoss: number | null;
  /** In tokens; null with `within` known: it is larger than that. */
  readonly horizon: number | null;
  /** Lags among which the horizon was looked for; null: it was not. */
  readonly within: number | null;
  /** Why it failed, as the trainer said it. */
  readonly reason: string | null;
}

export interface ShownTrial extends TrialResult {
  /** Of each axis, which value it has. */
  readonly at: readonly number[];
  /** Whether there is something to look at: a checkpoint of its run, or a recorded step. */
  readonly canOpen: boolean;
}

export interface ShownSweep {
  /** Of its folder. */
  readonly name: string;
  /** Name of the text's file. */
  readonly corpus: string;
  /** Null of a training function of the user's own. */
  readonly lossUnit: LossUnit;
  /** Training steps of a trial that is not stopped. */
  readonly steps: number;
  /** At least two; the last is `seed`. */
  readonly axes: readonly SweepAxis[];
  readonly trials: readonly ShownTrial[];
}
