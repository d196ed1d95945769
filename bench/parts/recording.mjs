// What recording every ∂L/∂h_t norm and the gates' saturation costs a training step.
import { percent, table, verdict } from '../lib/markdown.mjs';
import { interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { speedup } from '../lib/statistics.mjs';

export const title = 'The cost of recording';

/** Largest part of a step's time. */
const bar = 0.05;

/** One entry a row: the part of the time that recording takes, from the same training with and without it. */
export async function measure({ ours, rows, timing, say }) {
  const results = [];
  for (const { name, model } of rows) {
    await ours.ask('build', { name: 'with', ...model, backend: 'ort', threads: null });
    await ours.ask('build', { name: 'without', ...model, backend: 'ort', threads: null, recording: false });
    const [recorded, bare] = await interleave(['with', 'without'].map((side) => trainingSide(ours, side)), timing);
    await ours.ask('clear');
    const { ratio, least, greatest } = speedup(recorded, bare);
    results.push({ row: name, cost: ratio - 1, least: least - 1, greatest: greatest - 1 });
    say(name, `recording costs ${percent(ratio - 1)}`);
  }
  return results;
}

export function report(results) {
  const lines = results.map(({ row, cost, least, greatest }) => [row, percent(cost), `${percent(least)} – ${percent(greatest)}`, verdict(cost <= bar)]);
  return table(['row', 'more time', 'least – greatest', `≤ ${percent(bar)}`], ['left', 'right', 'right', 'left'], lines);
}
