// What gradients cost that are smaller than what float32 holds at full precision: WebAssembly cannot have the processor take such numbers for zero.
import { vocabulary } from '../grid.mjs';
import { table, verdict } from '../lib/markdown.mjs';
import { interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median, speedup } from '../lib/statistics.mjs';

export const title = 'Vanishing gradients beside ordinary ones';

/** Most times the time of an ordinary step. */
const bar = 1.1;

/** One target at the end of a window, and nothing is learned. A factor a step with which the gradient passes on its way through all that float32 holds, and ends as zero; and one with which it does not shrink. */
const window = 500;
const still = { learningRate: 0 };
const shrinking = {
  rnn: {
    vanishing: { initialization: 'orthogonal', initScale: 0.7 },
    ordinary: { initialization: 'orthogonal', initScale: 1 },
  },
  // σ(0.85) = 0.7, σ(9) = 0.9999
  lstm: { vanishing: { forgetBias: 0.85 }, ordinary: { forgetBias: 9 } },
};

const rows = [
  ['rnn', 128, 1],
  ['rnn', 128, 32],
  ['lstm', 128, 1],
  ['lstm', 128, 32],
].map(([cell, hidden, batch]) => ({
  name: `${cell} H ${hidden} B ${batch} T ${window}, the last token predicted`,
  model: { cell, hidden, layers: 1, batch, window, vocabulary, lastTarget: true },
}));

/** One entry a row: `{ row, vanishing, ordinary: seconds a step, ratio, least, greatest }`. */
export async function measure({ ours, only, timing, say }) {
  const results = [];
  for (const { name, model } of rows.filter(
    (row) => only.length === 0 || only.some((text) => row.name.includes(text)),
  )) {
    const request = { ...model, backend: 'ort', threads: null };
    for (const [side, settings] of Object.entries(shrinking[model.cell]))
      await ours.ask('build', { name: side, ...request, settings: { ...still, ...settings } });
    const sides = ['vanishing', 'ordinary'].map((side) => trainingSide(ours, side));
    const [vanishing, ordinary] = await interleave(sides, timing);
    await ours.ask('clear');
    const result = { vanishing: median(vanishing), ordinary: median(ordinary), ...speedup(vanishing, ordinary) };
    results.push({ row: name, ...result });
    say(name, `${result.ratio.toFixed(2)} × the time of an ordinary step`);
  }
  return results;
}

export function report(results) {
  const milliseconds = (seconds) => (1000 * seconds).toFixed(2);
  const lines = results.map(({ row, vanishing, ordinary, ratio, least, greatest }) => [
    row,
    milliseconds(vanishing),
    milliseconds(ordinary),
    `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
    verdict(ratio <= bar),
  ]);
  const headings = ['row', 'vanishing, ms a step', 'ordinary', 'times the time', `≤ ${bar}`];
  return table(headings, ['left', 'right', 'right', 'right', 'left'], lines);
}
