/** What a sweep's page says of settings, numbers and trials. */
import type { PageKey } from '../../../src/messages';
import type { ShownSweep, ShownTrial, TrialState } from '../../../src/pageContract/sweep';
import type { LossUnit } from '../../../src/protocol/run';
import type { Texts } from '../../shared/texts';
import { boundOf, type Cell, type Measure, type Median } from './sweepCells';

export const stateKeys = {
  done: 'panel.sweep.state.done',
  stopped: 'panel.sweep.state.stopped',
  diverged: 'panel.sweep.state.diverged',
  failed: 'panel.sweep.state.failed',
  begun: 'panel.sweep.state.begun',
  waiting: 'panel.sweep.state.waiting',
} as const satisfies Record<TrialState, PageKey>;

/** In the order in which they are listed. */
const states = Object.keys(stateKeys) as TrialState[];

/** What a number is of, and in. */
export interface Quantity {
  readonly measure: Measure;
  readonly lossUnit: LossUnit;
}

const unitKeys = {
  nats: {
    horizon: 'panel.sweep.horizon',
    validationLoss: 'panel.sweep.validationLoss',
    loss: 'panel.sweep.loss',
  },
  squaredError: {
    horizon: 'panel.sweep.horizon',
    validationLoss: 'panel.sweep.validationLossSquared',
    loss: 'panel.sweep.lossSquared',
  },
  none: {
    horizon: 'panel.sweep.horizon',
    validationLoss: 'panel.sweep.name.validationLoss',
    loss: 'panel.sweep.name.loss',
  },
} as const satisfies Record<Exclude<LossUnit, null> | 'none', Record<Measure, PageKey>>;

/** The measure with its unit. */
export function measureKey({ measure, lossUnit }: Quantity): PageKey {
  return unitKeys[lossUnit ?? 'none'][measure];
}

/** Without the unit, for sentences. */
export const nameKeys = {
  horizon: 'panel.sweep.name.horizon',
  validationLoss: 'panel.sweep.name.validationLoss',
  loss: 'panel.sweep.name.loss',
} as const satisfies Record<Measure, PageKey>;

const valueKeys = {
  horizon: 'panel.sweep.horizonOf',
  validationLoss: 'panel.sweep.validationLossOf',
  loss: 'panel.sweep.lossOf',
} as const satisfies Record<Measure, PageKey>;

/** Of losses that are not in nats. */
const plainValueKeys = {
  ...valueKeys,
  validationLoss: 'panel.sweep.validationLossPlain',
  loss: 'panel.sweep.lossPlain',
} as const satisfies Record<Measure, PageKey>;

const signs: Readonly<Record<Median['relation'], string>> = { equal: '', above: '> ', atLeast: '≥ ' };
/** Trials of a cell that are listed. */
const maxListed = 8;

export class SweepWords {
  constructor(private readonly texts: Texts) {}

  /** A number as it stands in a cell and on the scale. */
  number(value: number, { measure, lossUnit }: Quantity, digits = 2): string {
    const { numbers } = this.texts;
    if (measure === 'horizon') return numbers.plain(value);
    // Other losses can be of any size.
    return lossUnit === 'nats' ? numbers.decimals(value, digits) : numbers.short(value);
  }

  median({ value, relation }: Pick<Median, 'value' | 'relation'>, quantity: Quantity, digits?: number): string {
    return signs[relation] + this.number(value, quantity, digits);
  }

  /** “gain 0.8, kind rnn”. */
  settings({ axes }: ShownSweep, { at }: ShownTrial, which: readonly number[]): string {
    return which.map((i) => `${axes[i].key} ${axes[i].values[at[i]]}`).join(', ');
  }

  /** By all settings that have several values. */
  name(sweep: ShownSweep, trial: ShownTrial): string {
    const several = sweep.axes.flatMap(({ values }, i) => (values.length > 1 ? [i] : []));
    return this.settings(sweep, trial, several);
  }

  /** “23”, “failed”, or “23, stopped early at step 20 of 100”. */
  outcome(sweep: ShownSweep, trial: ShownTrial, measure: Measure): string {
    const bound = boundOf(trial, measure);
    const quantity = { measure, lossUnit: sweep.lossUnit };
    const value =
      bound && this.median({ value: bound.value, relation: bound.isBeyond ? 'above' : 'equal' }, quantity, 3);
    const state = trial.state === 'done' && value !== null ? [] : [this.state(sweep, trial)];
    return [...(value === null ? [] : [value]), ...state].join(', ');
  }

  /** “5 done, 1 failed”. */
  counts(trials: readonly ShownTrial[]): string {
    return states
      .flatMap((state) => {
        const count = trials.filter((trial) => trial.state === state).length;
        const word = this.texts.get(stateKeys[state]);
        return count === 0 ? [] : [this.texts.get('panel.sweep.count', this.texts.numbers.integer(count), word)];
      })
      .join(', ');
  }

  /** What stands in a cell without a number, a line each: the state of its one trial, or how many are in which. */
  withoutValue(trials: readonly ShownTrial[]): string[] {
    const [first] = trials;
    if (trials.every(({ state }) => state === first.state))
      return [this.texts.get(first.state === 'done' ? 'panel.sweep.noValue' : stateKeys[first.state])];
    return this.counts(trials).split(', ');
  }

  /** All that is known of a cell, a line each. @param which the axes that make the cell  @param medians of every measure */
  cell(
    sweep: ShownSweep,
    { trials, isOfStopped }: Cell,
    which: readonly number[],
    medians: readonly (readonly [Measure, Median])[],
  ): string[] {
    const { texts } = this;
    const shown = trials.map((trial) => sweep.trials[trial]);
    if (shown.length === 0) return [];
    const { lossUnit } = sweep;
    const keys = lossUnit === 'nats' ? valueKeys : plainValueKeys;
    const values = medians.map(([measure, median]) =>
      texts.get(keys[measure], this.median(median, { measure, lossUnit }, 3)),
    );
    const place = this.settings(sweep, shown[0], which);
    if (shown.length === 1) {
      const [trial] = shown;
      const first = texts.get('panel.sweep.at', place, [...values, this.state(sweep, trial)].join(' · '));
      return trial.reason === null ? [first] : [first, trial.reason];
    }
    const most = Math.max(0, ...medians.map(([, { of }]) => of));
    const of = texts.numbers.integer(most);
    const counted =
      most === 0 ? [] : [texts.get(isOfStopped ? 'panel.sweep.mediansOfStopped' : 'panel.sweep.medians', of)];
    return [
      texts.get('panel.sweep.at', place, [...values, ...counted, this.counts(shown)].join(' · ')),
      this.listed(sweep, shown, which, medians.at(0)?.[0] ?? 'horizon'),
    ];
  }

  /** “seed 1: 23 · seed 2: failed”. */
  private listed(sweep: ShownSweep, trials: readonly ShownTrial[], which: readonly number[], measure: Measure): string {
    const others = sweep.axes.flatMap(({ values }, i) => (values.length > 1 && !which.includes(i) ? [i] : []));
    const said = trials
      .slice(0, maxListed)
      .map((trial) =>
        this.texts.get('panel.sweep.at', this.settings(sweep, trial, others), this.outcome(sweep, trial, measure)),
      );
    const more = trials.length - said.length;
    return [...said, ...(more > 0 ? [this.texts.get('panel.sweep.more', this.texts.numbers.integer(more))] : [])].join(
      ' · ',
    );
  }

  /** With the step where that is not the last. */
  private state({ steps }: ShownSweep, { state, step }: ShownTrial): string {
    const word = this.texts.get(stateKeys[state]);
    if (step === null || step === steps || state === 'done') return word;
    return this.texts.get(
      'panel.sweep.atStep',
      word,
      this.texts.numbers.integer(step),
      this.texts.numbers.integer(steps),
    );
  }
}
