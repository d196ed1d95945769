// Training steps on batches of sequences of many lengths, ours beside PyTorch's packed sequences.
import { vocabulary } from '../grid.mjs';
import { table, verdict, whole } from '../lib/markdown.mjs';
import { fastestOf, interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median, speedup } from '../lib/statistics.mjs';

export const title = 'Sequences of many lengths, ours (recording always) beside packed ones in PyTorch';

/** Times as fast. */
const bar = 3;

const batch = 32;
const [shortest, longest] = [20, 200];
const batches = 8;

/** Spread evenly over all lengths, in an order that mixes them: multiples of a number that is prime to how many lengths there are. */
const lengths = Array.from({ length: batches * batch }, (_, i) => shortest + ((67 * i) % (longest - shortest + 1)));
const tokensPerStep = lengths.reduce((sum, length) => sum + length, 0) / batches;

const rows = ['lstm', 'gru'].map((cell) => ({
  name: `${cell} H 256 L 1 B ${batch}, lengths ${shortest} to ${longest}`,
  model: { cell, hidden: 256, layers: 1, batch, vocabulary, lengths },
}));

/** One entry a row and PyTorch: `{ row, peer, ours: tokens/s, theirs: tokens/s, threads, ratio, least, greatest }`. */
export async function measure({ ours, peers, only, timing, say }) {
  const results = [];
  for (const { name, model } of rows.filter(
    (row) => only.length === 0 || only.some((text) => row.name.includes(text)),
  )) {
    await ours.ask('build', { name: 'ours', ...model, window: longest, backend: 'ort', threads: null });
    for (const { name: peer, workers } of peers) {
      const sides = [];
      for (const { threads, worker } of workers) {
        await worker.ask('build', { name: 'packed', column: 'packed', ...model });
        sides.push({ threads, ...trainingSide(worker, 'packed') });
      }
      const theirs = await fastestOf(sides, timing.turn);
      const [own, packed] = await interleave([trainingSide(ours, 'ours'), theirs], timing);
      for (const { worker } of workers) await worker.ask('clear');
      const result = {
        ours: tokensPerStep / median(own),
        theirs: tokensPerStep / median(packed),
        ...speedup(packed, own),
      };
      results.push({ row: name, peer, threads: theirs.threads, ...result });
      say(name, `${whole(result.ours)} tokens/s, ${result.ratio.toFixed(2)} × ${peer}`);
    }
    await ours.ask('clear');
  }
  return results;
}

export function report(results) {
  if (results.length === 0) return 'Needs a PyTorch beside it.';
  const lines = results.map(({ row, peer, threads, ours, theirs, ratio, least, greatest }) => [
    row,
    peer,
    whole(ours),
    `${whole(theirs)} (${threads})`,
    `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
    verdict(ratio >= bar),
  ]);
  const headings = ['row', 'beside', 'ours', 'packed', 'times as fast', `≥ ${bar}`];
  return `Tokens per second, padding not counted.\n\n${table(headings, ['left', 'left', 'right', 'right', 'right', 'left'], lines)}`;
}
