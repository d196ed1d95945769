// What watching samples costs a running training.
import { grid } from '../grid.mjs';
import { percent, table, verdict, whole } from '../lib/markdown.mjs';
import { interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { quartiles } from '../lib/statistics.mjs';

export const title = 'The cost of samples';

/** Largest part of a step's time. */
const bar = 0.02;
const rows = ['lstm H 64 L 1 B 1 T 64', 'lstm H 256 L 1 B 32 T 100'];
/** Seconds of a turn to each second asked for: one sample is drawn every two seconds, and no turn is to be without. */
const turnsFor = 4;

/** One entry a row and build: tokens/s with samples and without, the part of the time that samples take, and the middle half of it in the rounds. */
export async function measure({ ours, before, timing, say }) {
  const builds = { now: ours, ...(before && { [before.name]: before.ours }) };
  const results = [];
  for (const { name, model } of grid.filter((row) => rows.includes(row.name))) {
    for (const worker of Object.values(builds))
      for (const training of ['with', 'without'])
        await worker.ask('build', { name: training, ...model, backend: 'ort', threads: null });
    const sides = Object.values(builds).flatMap((worker) => [
      trainingSide(worker, 'with', 'sampledStep'),
      trainingSide(worker, 'without'),
    ]);
    const samples = await interleave(sides, { rounds: timing.rounds, turn: turnsFor * timing.turn });
    for (const worker of Object.values(builds)) await worker.ask('clear');
    Object.keys(builds).forEach((build, i) => {
      const [sampled, bare] = [samples[2 * i], samples[2 * i + 1]];
      const speed = (seconds) => (model.batch * model.window) / mean(seconds);
      const costs = sampled.map((seconds, round) => seconds / bare[round] - 1);
      // Samples come in bursts, which a median would leave out.
      const result = {
        row: name,
        build,
        with: speed(sampled),
        without: speed(bare),
        cost: mean(sampled) / mean(bare) - 1,
        quartiles: quartiles(costs),
      };
      results.push(result);
      say(`${name}, ${build}`, `samples cost ${percent(result.cost)}`);
    });
  }
  return results;
}

export function report(results) {
  const lines = results.map(({ row, build, with: sampled, without, cost, quartiles: [lower, upper] }) => [
    row,
    build,
    whole(without),
    whole(sampled),
    percent(cost),
    `${percent(lower)} – ${percent(upper)}`,
    verdict(cost <= bar),
  ]);
  const headings = ['row', 'build', 'tokens/s', 'with samples', 'more time', 'middle half', `≤ ${percent(bar)}`];
  return `Turns with and without, one after the other: all of them together, and where the middle half of the pairs lies.\n\n${table(
    headings,
    headings.map((_, i) => (i < 2 || i === 6 ? 'left' : 'right')),
    lines,
  )}`;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
