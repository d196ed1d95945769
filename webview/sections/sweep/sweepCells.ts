/** A sweep over two of its axes: the trials that fall into each cell, and the one number that the cell is colored by. */
import type { ShownSweep, ShownTrial } from '../../../src/pageContract/sweep';

/** What a cell is colored by. */
export const measures = ['horizon', 'validationLoss', 'loss'] as const;
export type Measure = (typeof measures)[number];

/** Two axes of the sweep, by their places in its list. */
export interface ChosenAxes {
  readonly x: number;
  readonly y: number;
}

/** A median, or what is known of it: a horizon beyond the text is larger than a known number. */
export interface Median {
  readonly value: number;
  readonly relation: 'equal' | 'above' | 'atLeast';
  /** Trials it is of. */
  readonly of: number;
}

export interface Cell {
  /** Places of its values among those of the axes, in the order of the picture. */
  readonly column: number;
  readonly row: number;
  /** Places in the sweep's list. */
  readonly trials: readonly number[];
  /** Over those that are done; where none is, over those that were stopped. Null where no trial has a value. */
  readonly median: Median | null;
  /** Whether the median is of trials that were stopped before their last step. */
  readonly isOfStopped: boolean;
}

/** The first two settings with several values, the others filled up from the front: as the picture in HTML has them. */
export function usualAxes({ axes }: Pick<ShownSweep, 'axes'>): ChosenAxes {
  const settings = axes.slice(0, -1).map((_, i) => i);
  const several = settings.filter((i) => axes[i].values.length > 1);
  const [x, y] = [...several, ...settings.filter((i) => !several.includes(i)), axes.length - 1];
  return { x, y };
}

/** Which measures some trial has. */
export function measuresOf({ trials }: Pick<ShownSweep, 'trials'>): Measure[] {
  return measures.filter((measure) => trials.some((trial) => boundOf(trial, measure) !== null));
}

/** The values of an axis from the smallest on where all are numbers, else as they were given: each a place in the axis' list. */
export function orderOf(values: readonly string[]): number[] {
  const places = values.map((_, i) => i);
  const numbers = values.map(numberIn);
  return numbers.every((number) => number !== null)
    ? places.sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0))
    : places;
}

/** Null for a text that is no number. */
export function numberIn(text: string): number | null {
  const number = text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

/** By row, from the first on, and within it by column: columns × rows, some of which may have no trials. */
export function cellsOf(sweep: ShownSweep, { x, y }: ChosenAxes, measure: Measure): Cell[] {
  const [columns, rows] = [x, y].map((axis) => orderOf(sweep.axes[axis].values));
  const [columnOf, rowOf] = [columns, rows].map((order) => placesIn(order));
  const members: number[][] = Array.from({ length: columns.length * rows.length }, () => []);
  sweep.trials.forEach(({ at }, trial) => members[rowOf[at[y]] * columns.length + columnOf[at[x]]].push(trial));
  return members.map((trials, i) => {
    const shown = trials.map((trial) => sweep.trials[trial]);
    const done = medianOf(
      shown.filter(({ state }) => state === 'done'),
      measure,
    );
    const median =
      done ??
      medianOf(
        shown.filter(({ state }) => state === 'stopped'),
        measure,
      );
    return {
      column: i % columns.length,
      row: Math.floor(i / columns.length),
      trials,
      median,
      isOfStopped: done === null && median !== null,
    };
  });
}

/** The inverse of an order. */
export function placesIn(order: readonly number[]): number[] {
  const places: number[] = [];
  order.forEach((value, place) => (places[value] = place));
  return places;
}

/** A number, or one that the true one is larger than. */
export interface Bound {
  readonly value: number;
  readonly isBeyond: boolean;
}

/** Null where the trial has none. */
export function boundOf({ horizon, within, loss, validationLoss, state }: ShownTrial, measure: Measure): Bound | null {
  if (state !== 'done' && state !== 'stopped') return null;
  if (measure === 'horizon') {
    if (within === null) return null;
    return horizon === null ? { value: within, isBeyond: true } : { value: horizon, isBeyond: false };
  }
  const value = measure === 'loss' ? loss : validationLoss;
  return value === null ? null : { value, isBeyond: false };
}

/**
 * Of what is known alone: a value beyond the text counts as the largest lag that was looked at, which is less than it is, so the median can only be larger
 * than the one of these numbers. It is larger where one in the middle is such a value; where only one below is, it may be.
 */
function medianOf(trials: readonly ShownTrial[], measure: Measure): Median | null {
  const bounds = trials.flatMap((trial) => boundOf(trial, measure) ?? []);
  if (bounds.length === 0) return null;
  bounds.sort((a, b) => a.value - b.value || Number(a.isBeyond) - Number(b.isBeyond));
  const [lower, upper] = [(bounds.length - 1) >> 1, bounds.length >> 1];
  const value = (bounds[lower].value + bounds[upper].value) / 2;
  const relation =
    bounds[lower].isBeyond || bounds[upper].isBeyond
      ? 'above'
      : bounds.slice(0, lower).some(({ isBeyond }) => isBeyond)
        ? 'atLeast'
        : 'equal';
  return { value, relation, of: bounds.length };
}
