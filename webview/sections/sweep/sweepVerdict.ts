/**
 * The sentence over a sweep's picture: how the number that is shown depends on the two axes, where every trial that can be compared says the same. Trials are
 * compared that differ in that one setting alone; nothing is said of what holds only mostly, nor of fewer comparisons than `least`.
 */
import type { ShownSweep, ShownTrial } from '../../../src/pageContract/sweep';
import type { Texts } from '../../shared/texts';
import { boundOf, numberIn, orderOf, placesIn, type Bound, type ChosenAxes, type Measure } from './sweepCells';
import { nameKeys } from './sweepWords';

/** Fewer agree by chance too easily. */
const least = 4;

export function sweepVerdict(sweep: ShownSweep, { x, y }: ChosenAxes, measure: Measure, texts: Texts): string {
  return [x, y]
    .map((axis) => ofAxis(sweep, axis, measure, texts))
    .filter((sentence) => sentence !== null)
    .join(' ');
}

function ofAxis(sweep: ShownSweep, axis: number, measure: Measure, texts: Texts): string | null {
  const { key, values } = sweep.axes[axis];
  // A seed means nothing.
  if (values.length < 2 || axis === sweep.axes.length - 1) return null;
  const groups = groupsOf(sweep, axis, measure);
  return values.every((value) => numberIn(value) !== null)
    ? ofNumbers(groups, key, measure, texts)
    : ofNames(groups, sweep, axis, measure, texts);
}

/** Trials that are done and alike in all but one setting: what each came to, in the order of its values; null where there is nothing. */
function groupsOf(sweep: ShownSweep, axis: number, measure: Measure): (Bound | null)[][] {
  const places = placesIn(orderOf(sweep.axes[axis].values));
  const groups = new Map<string, (Bound | null)[]>();
  for (const trial of sweep.trials) {
    const key = trial.at.filter((_, i) => i !== axis).join();
    const group = groups.get(key) ?? places.map(() => null);
    groups.set(key, group);
    group[places[trial.at[axis]]] = ofDone(trial, measure);
  }
  return [...groups.values()];
}

function ofDone(trial: ShownTrial, measure: Measure): Bound | null {
  return trial.state === 'done' ? boundOf(trial, measure) : null;
}

/** Each value beside every larger one. */
function ofNumbers(
  groups: readonly (readonly (Bound | null)[])[],
  key: string,
  measure: Measure,
  texts: Texts,
): string | null {
  let [pairs, way] = [0, 0];
  for (const group of groups)
    for (const [i, one] of group.entries())
      for (let j = i + 1; j < group.length; j++) {
        const sign = compared(one, group[j]);
        if (sign === null) continue;
        if (sign === 0 || (pairs > 0 && sign !== way)) return null;
        pairs++;
        way = sign;
      }
  if (pairs < least) return null;
  return texts.get(
    way > 0 ? 'panel.sweep.verdict.grows' : 'panel.sweep.verdict.falls',
    texts.get(nameKeys[measure]),
    key,
    texts.numbers.integer(pairs),
  );
}

/** Where one has the largest horizon, or the smallest loss, in every group that has all. */
function ofNames(
  groups: readonly (readonly (Bound | null)[])[],
  sweep: ShownSweep,
  axis: number,
  measure: Measure,
  texts: Texts,
): string | null {
  const whole = groups.filter((group) => group.every((bound) => bound !== null));
  const better = measure === 'horizon' ? 1 : -1;
  const isBest = (group: readonly (Bound | null)[], i: number) =>
    group.every((other, j) => j === i || compared(other, group[i]) === better);
  const { key, values } = sweep.axes[axis];
  const best = values.findIndex((_, i) => whole.every((group) => isBest(group, i)));
  if (whole.length < least || best < 0) return null;
  return texts.get(
    measure === 'horizon' ? 'panel.sweep.verdict.largest' : 'panel.sweep.verdict.smallest',
    texts.get(nameKeys[measure]),
    `${key} ${values[orderOf(values)[best]]}`,
    texts.numbers.integer(whole.length),
  );
}

/** 1 where the second is larger, −1 where it is smaller, 0 where they are the same; null where that is not known. */
function compared(a: Bound | null, b: Bound | null): 1 | 0 | -1 | null {
  if (!a || !b || (a.isBeyond && b.isBeyond)) return null;
  if (a.isBeyond) return a.value >= b.value ? -1 : null;
  if (b.isBeyond) return b.value >= a.value ? 1 : null;
  return b.value > a.value ? 1 : b.value < a.value ? -1 : 0;
}
