// Training steps of minGRU and minLSTM, ours beside the two ways in which PyTorch computes them.
import { vocabulary } from '../grid.mjs';
import { table, verdict, whole } from '../lib/markdown.mjs';
import { fastestOf, interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median, speedup } from '../lib/statistics.mjs';

export const title = 'minGRU and minLSTM, ours (recording always) beside PyTorch';

const columns = ['scan', 'loop'];
/** Times as fast as the faster of the two. */
const bar = 5;

const rows = ['minGRU', 'minLSTM'].flatMap((cell) =>
  [1, 2].map((layers) => ({
    name: `${cell} H 256 L ${layers} B 32 T 256`,
    model: { cell, hidden: 256, layers, batch: 32, window: 256, vocabulary },
  })),
);

/** One entry a row and PyTorch: `{ row, peer, ours: tokens/s, columns: [{ column, threads, tokensPerSecond, ratio, least, greatest }], reached }`. */
export async function measure({ ours, peers, only, timing, say }) {
  const results = [];
  for (const { name, model } of rows.filter((row) => only.every((text) => row.name.includes(text)))) {
    const options = { positive: true };
    await ours.ask('build', { name: 'ours', ...model, options, backend: 'ort', threads: null });
    for (const peer of peers) {
      const sides = [];
      for (const column of columns) sides.push(await fastestPeer(peer, column, model, timing));
      const [own, ...theirs] = await interleave([trainingSide(ours, 'ours'), ...sides], timing);
      for (const { worker } of peer.workers) await worker.ask('clear');
      const tokens = model.batch * model.window;
      const measured = theirs.map((samples, i) => ({
        column: columns[i],
        threads: sides[i].threads,
        tokensPerSecond: tokens / median(samples),
        ...speedup(samples, own),
      }));
      const ratio = Math.min(...measured.map((each) => each.ratio));
      results.push({
        row: name,
        peer: peer.name,
        ours: tokens / median(own),
        columns: measured,
        ratio,
        reached: ratio >= bar,
      });
      say(name, `${whole(tokens / median(own))} tokens/s, ${ratio.toFixed(1)} × the faster of ${peer.name}`);
    }
    await ours.ask('clear');
  }
  return results;
}

async function fastestPeer({ workers }, column, model, { turn }) {
  const sides = [];
  for (const { threads, worker } of workers) {
    await worker.ask('build', { name: column, column, ...model });
    sides.push({ threads, ...trainingSide(worker, column) });
  }
  return fastestOf(sides, turn);
}

export function report(results) {
  const headings = ['row', 'PyTorch', 'ours', ...columns.flatMap((column) => [column, 'times as fast']), `≥ ${bar}`];
  const lines = results.map(({ row, peer, ours, columns: measured, reached }) => [
    row,
    peer,
    whole(ours),
    ...measured.flatMap(({ tokensPerSecond, threads, ratio, least, greatest }) => [
      `${whole(tokensPerSecond)} (${threads})`,
      `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
    ]),
    verdict(reached),
  ]);
  return `Tokens per second, medians; in brackets the peer's threads, and the least and greatest ratio of one round. *Scan* is the published scan in logarithms, *loop* one operation a step; the candidate is positive on both sides. The bar is for the faster.\n\n${table(
    headings,
    headings.map((_, i) => (i < 2 ? 'left' : 'right')),
    lines,
  )}`;
}
