// Training steps of Mamba, ours beside the sequential path of transformers, which is what it computes without a graphics card.
import { vocabulary } from '../grid.mjs';
import { table, verdict, whole } from '../lib/markdown.mjs';
import { fastestOf, interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median, speedup } from '../lib/statistics.mjs';

export const title = 'Mamba, ours (recording always) beside transformers';

/** Times as fast. */
const bar = 20;

const rows = [
  {
    name: 'mamba D 128 L 2 S 16 B 16 T 128',
    model: { cell: 'mamba', hidden: 128, layers: 2, batch: 16, window: 128, vocabulary },
  },
];
/** The published block. */
const around = { norm: 'rmsNorm', finalNorm: 'rmsNorm', residual: true, tied: true };

/** One entry a row and PyTorch: `{ row, peer, ours: tokens/s, threads, theirs: tokens/s, ratio, least, greatest, reached }`. */
export async function measure({ ours, peers, only, timing, say }) {
  const results = [];
  for (const { name, model } of rows.filter((row) => only.every((text) => row.name.includes(text)))) {
    await ours.ask('build', { name: 'ours', ...model, around, backend: 'ort', threads: null });
    for (const peer of peers) {
      const side = await fastestPeer(peer, model, timing);
      const [own, theirs] = await interleave([trainingSide(ours, 'ours'), side], timing);
      for (const { worker } of peer.workers) await worker.ask('clear');
      const tokens = model.batch * model.window;
      const times = speedup(theirs, own);
      const result = {
        row: name,
        peer: peer.name,
        ours: tokens / median(own),
        threads: side.threads,
        theirs: tokens / median(theirs),
        ...times,
      };
      results.push({ ...result, reached: times.ratio >= bar });
      say(name, `${whole(result.ours)} tokens/s, ${times.ratio.toFixed(1)} × transformers on ${peer.name}`);
    }
    await ours.ask('clear');
  }
  return results;
}

async function fastestPeer({ workers }, model, { turn }) {
  const sides = [];
  for (const { threads, worker } of workers) {
    await worker.ask('build', { name: 'sequential', column: 'sequential', ...model });
    sides.push({ threads, ...trainingSide(worker, 'sequential') });
  }
  return fastestOf(sides, turn);
}

export function report(results) {
  const headings = ['row', 'PyTorch', 'ours', 'transformers', 'times as fast', `≥ ${bar}`];
  const lines = results.map(({ row, peer, ours, theirs, threads, ratio, least, greatest, reached }) => [
    row,
    peer,
    whole(ours),
    `${whole(theirs)} (${threads})`,
    `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
    verdict(reached),
  ]);
  return `Tokens per second, medians; in brackets the peer's threads, and the least and greatest ratio of one round. \`MambaForCausalLM\` in training on its sequential path.\n\n${table(
    headings,
    headings.map((_, i) => (i < 2 ? 'left' : 'right')),
    lines,
  )}`;
}
