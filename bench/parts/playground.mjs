// The playground's answers, H 64, T 128, for every cell and matrix.
import { figureTable } from '../lib/figures.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'The playground, H 64, T 128';

const cells = ['rnn', 'gru', 'lstm'];
const matrices = ['orthogonal', 'gaussian'];
/** Milliseconds, when a slider moves. */
const bar = 50;
const moves = 15;

/** One entry a cell and matrix: `{ what, now, before }`, each build's rounds of `{ first, moved }`, medians in milliseconds. */
export async function measure({ ours, before, timing, say }) {
  const builds = { now: ours, ...(before && { before: before.ours }) };
  const results = [];
  for (const cell of cells) {
    for (const matrix of matrices) {
      const result = {
        what: `${cell}, ${matrix}`,
        ...Object.fromEntries(Object.keys(builds).map((name) => [name, []])),
      };
      for (let round = 0; round < timing.rounds; round++) {
        for (const [name, worker] of Object.entries(builds)) {
          const { first, moved } = await worker.ask('playground', { cell, matrix, moves });
          result[name].push({ first, moved: median(moved) });
        }
      }
      results.push(result);
      say(title, `${result.what}: ${median(result.now.map(({ moved }) => moved)).toFixed(1)} ms`);
    }
  }
  return results;
}

export function report(results, { beforeName }) {
  const figures = results.flatMap(({ what, now, before }) => {
    const figure = (name, key, limit) => ({
      what: name,
      unit: 'ms',
      values: now.map((round) => round[key]),
      ...(before && { before: before.map((round) => round[key]) }),
      bar: limit,
    });
    return [
      figure(`${what}: a slider moves`, 'moved', { under: bar }),
      figure('… the first answer, with its matrices', 'first', null),
    ];
  });
  return figureTable(figures, beforeName);
}
