// Figures with a bar, and beside the build before: one line of a table each.
import { table, verdict } from './markdown.mjs';
import { median, speedup } from './statistics.mjs';

/**
 * @typedef {object} Figure
 * @property {string} what
 * @property {string} unit
 * @property {number[]} values one a round; their median counts
 * @property {number[]} [before] the same of the build before, round by round
 * @property {{ under: number } | { least: number } | null} bar under which it is to stay, or which it is to reach; null for none
 * @property {boolean} [isRate] more is better; less unless given
 * @property {number} [digits] behind the point
 */

/** @param {Figure[]} figures @param {string | null} before the name of the build before, where there is one */
export function figureTable(figures, before) {
  const headings = [
    '',
    'measured',
    'in the rounds',
    'bar',
    'reached',
    ...(before === null ? [] : [before, 'times as good', 'in the rounds']),
  ];
  const rows = figures.map((figure) => [
    figure.what,
    middle(figure, figure.values),
    range(figure, figure.values),
    ...judged(figure),
    ...(before === null ? [] : compared(figure)),
  ]);
  return table(
    headings,
    headings.map((_, i) => (i === 0 || i === 4 ? 'left' : 'right')),
    rows,
  );
}

function judged({ bar, values, unit }) {
  if (bar === null) return ['', ''];
  const value = median(values);
  return 'under' in bar
    ? [`< ${bar.under} ${unit}`.trim(), verdict(value < bar.under)]
    : [`≥ ${bar.least} ${unit}`.trim(), verdict(value >= bar.least)];
}

/** How many times as good as the build before: the ratio of the medians, and the least and greatest within a round. */
function compared(figure) {
  const { values, before, isRate = false } = figure;
  if (before === undefined) return ['', '', ''];
  // A difference can be nothing or less, and then has no ratio.
  if ([...values, ...before].some((value) => value <= 0)) return [middle(figure, before), '', ''];
  const cost = (amounts) => (isRate ? amounts.map((amount) => 1 / amount) : amounts);
  const { ratio, least, greatest } = speedup(cost(before), cost(values));
  return [middle(figure, before), ratio.toFixed(2), `${least.toFixed(2)}–${greatest.toFixed(2)}`];
}

function middle({ unit, digits = 1 }, values) {
  return `${median(values).toFixed(digits)} ${unit}`.trim();
}

function range({ digits = 1 }, values) {
  return values.length < 2 ? '' : `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;
}
