// The playground's answers at the size of each kind, T 128, for one layer and for as many as there can be.
import { figureTable } from '../lib/figures.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'The playground, T 128';

const cells = ['rnn', 'gru', 'lstm', 'minGRU', 'minLSTM', 'mamba', 'attention'];
/** Milliseconds, when a slider moves: one picture of the screen. Many layers have no bar; meanwhile the last answer is shown. */
const depths = [
  { layers: 1, bar: 16 },
  { layers: 4, bar: null },
  { layers: 24, bar: null },
];
const moves = 15;

/**
 * One entry a cell and depth: `{ what, bar, now, before }`, each build's rounds of `{ clock, processor, first }`, milliseconds: medians of the moves, and
 * the first answer by the clock. A build before that lacks the kind, or the request, has none.
 */
export async function measure({ ours, before, timing, say }) {
  const builds = { now: ours, ...(before && { before: before.ours }) };
  const results = [];
  for (const { layers, bar } of depths) {
    for (const cell of cells) {
      const result = { what: `${cell}, ${layers === 1 ? '1 layer' : `${layers} layers`}`, bar, now: [], before: [] };
      for (let round = 0; round < timing.rounds; round++)
        for (const [name, worker] of Object.entries(builds))
          result[name].push(...(await roundOf(worker, name, { cell, layers })));
      results.push(result);
      say(title, `${result.what}: ${median(result.now.map(({ clock }) => clock)).toFixed(1)} ms`);
    }
  }
  return results;
}

async function roundOf(worker, name, request) {
  try {
    const { first, moved } = await worker.ask('playground', { ...request, moves });
    const middle = (key) => median(moved.map((each) => each[key]));
    return [{ clock: middle('clock'), processor: middle('processor'), first: first.clock }];
  } catch (error) {
    if (name === 'before') return [];
    throw error;
  }
}

export function report(results, { beforeName }) {
  const figures = results.flatMap(({ what, bar, now, before }) => {
    const figure = (name, key, limit) => ({
      what: name,
      unit: 'ms',
      values: now.map((round) => round[key]),
      ...(before.length > 0 && { before: before.map((round) => round[key]) }),
      bar: limit,
    });
    return [
      figure(`${what}: a slider moves`, 'clock', bar && { under: bar }),
      figure('… of processor time', 'processor', null),
      figure('… the first answer, for which weights are drawn', 'first', null),
    ];
  });
  return figureTable(figures, beforeName);
}
