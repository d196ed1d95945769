// What recording every ∂L/∂h_t norm and the gates' saturation costs a training step.
import { percent, table, verdict } from '../lib/markdown.mjs';
import { interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median, quartiles } from '../lib/statistics.mjs';

export const title = 'The cost of recording';

/** Largest part of a step's time. */
const bar = 0.05;

/** A small difference needs many turns, and short ones, so that what else happens on the machine meets both. */
const turnsForOne = 8;

/** One entry a row: the part of the time that recording takes, from the same training with and without it. */
export async function measure({ ours, rows, kinds, timing, say }) {
  const results = [];
  for (const { name, model } of [...rows, ...kinds]) {
    await ours.ask('build', { name: 'with', ...model, backend: 'ort', threads: null });
    await ours.ask('build', { name: 'without', ...model, backend: 'ort', threads: null, recording: false });
    const turns = { rounds: turnsForOne * timing.rounds, turn: timing.turn / turnsForOne };
    const sides = ['with', 'without'].map((side) => trainingSide(ours, side));
    const [recorded, bare] = await interleave(sides, turns);
    await ours.ask('clear');
    const costs = recorded.map((seconds, i) => seconds / bare[i] - 1);
    const [ofRecorded, ofBare] = sides.map(({ processor }) => processor.slice(-turns.rounds));
    const byProcessor = median(ofRecorded.map((seconds, i) => seconds / ofBare[i] - 1));
    const result = { row: name, cost: median(costs), quartiles: quartiles(costs), byProcessor };
    results.push(result);
    say(name, `recording costs ${percent(result.cost)}`);
  }
  return results;
}

export function report(results) {
  const lines = results.map(({ row, cost, quartiles: [lower, upper], byProcessor }) => [
    row,
    percent(cost),
    `${percent(lower)} – ${percent(upper)}`,
    percent(byProcessor),
    verdict(cost <= bar),
  ]);
  return `Of pairs of short turns, one with and one without: the median, and where the middle half lies; and the median by processor time, which others at work change less.\n\n${table(['row', 'more time', 'middle half', 'more processor time', `≤ ${percent(bar)}`], ['left', 'right', 'right', 'right', 'left'], lines)}`;
}
