// What a training step costs by its sizes, one at a time around one row, ours beside PyTorch's: a size at which one side falls behind alone would stand out.
import { vocabulary } from '../grid.mjs';
import { table, whole } from '../lib/markdown.mjs';
import { fastestOf, interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'A training step’s cost by its sizes, ours beside PyTorch';

const middle = { hidden: 128, layers: 1, batch: 16, window: 64 };
const axes = {
  batch: [1, 2, 4, 8, 15, 16, 32, 64, 128],
  window: [16, 32, 64, 128, 256, 512],
  hidden: [16, 32, 64, 96, 128, 192, 256, 384, 512],
  layers: [1, 2, 3, 4, 6],
};
const letters = { batch: 'B', window: 'T', hidden: 'H', layers: 'L' };
const cells = ['lstm', 'gru', 'rnn'];

/** One entry a point: `{ cell, axis, size, ours: tokens/s, peers: [{ peer, tokensPerSecond, ratio }] }`. */
export async function measure({ ours, peers, only, timing: { rounds, turn }, say }) {
  // The first round is not counted: in it, much is still being compiled.
  const timing = { rounds: 1 + Math.min(rounds, 3), turn: Math.max(0.25, turn / 2) };
  const results = [];
  for (const cell of cells.filter((name) => only.length === 0 || only.some((text) => text.includes(name)))) {
    for (const [axis, sizes] of Object.entries(axes)) {
      for (const size of sizes) results.push(await measurePoint({ cell, axis, size }, ours, peers, timing));
      say(`${cell}, ${letters[axis]}`, ratiosOf(results.filter((each) => each.cell === cell && each.axis === axis)));
    }
  }
  return results;
}

async function measurePoint({ cell, axis, size }, ours, peers, timing) {
  const model = { cell, vocabulary, ...middle, [axis]: size };
  await ours.ask('build', { name: 'ours', ...model, backend: 'ort', threads: null });
  const theirs = [];
  for (const { name: peer, workers } of peers) {
    const sides = [];
    for (const { threads, worker } of workers) {
      await worker.ask('build', { name: 'plain', column: 'plain', ...model });
      sides.push({ peer, threads, ...trainingSide(worker, 'plain') });
    }
    theirs.push(await fastestOf(sides, timing.turn));
  }
  const measured = await interleave([trainingSide(ours, 'ours'), ...theirs], timing);
  const [own, ...samples] = measured.map((seconds) => seconds.slice(1));
  await ours.ask('clear');
  for (const { workers } of peers) for (const { worker } of workers) await worker.ask('clear');
  const tokens = model.batch * model.window;
  return {
    ...{ cell, axis, size },
    ours: tokens / median(own),
    peers: samples.map((seconds, i) => ({
      peer: theirs[i].peer,
      tokensPerSecond: tokens / median(seconds),
      ratio: median(seconds) / median(own),
    })),
  };
}

function ratiosOf(points) {
  return points.map(({ size, peers }) => [size, ...peers.map(({ ratio }) => ratio.toFixed(2))].join(': ')).join(', ');
}

export function report(results) {
  const peers = results[0]?.peers.map(({ peer }) => peer) ?? [];
  const headings = ['cell', 'size', 'ours', ...peers.flatMap((peer) => [peer, 'times as fast'])];
  const lines = results.map(({ cell, axis, size, ours, peers: theirs }) => [
    cell,
    `${letters[axis]} ${size}`,
    whole(ours),
    ...theirs.flatMap(({ tokensPerSecond, ratio }) => [whole(tokensPerSecond), ratio.toFixed(2)]),
  ]);
  const { hidden, layers, batch, window } = middle;
  const alignments = headings.map((_, i) => (i < 2 ? 'left' : 'right'));
  return `Tokens per second; all other sizes are those of H ${hidden} L ${layers} B ${batch} T ${window}.\n\n${table(headings, alignments, lines)}`;
}
