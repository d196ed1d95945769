// Frames of every kind of layer beside those of an LSTM, and the matrix of the lowest boundary beside PyTorch's backward passes, one for each target.
import { vocabulary } from '../grid.mjs';
import { table, verdict } from '../lib/markdown.mjs';
import { fastestOf, interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median, speedup } from '../lib/statistics.mjs';

export const title = 'Inspecting 256 tokens, by kind of layer';

const tokens = 256;
/** Times an LSTM's frame, and times as fast as the backward passes. */
const bars = { frame: 3, passes: 10 };
const sizes = { hidden: 128, layers: 2, batch: 1, window: 64, vocabulary };
const kinds = [
  { cell: 'lstm' },
  { cell: 'minGRU' },
  { cell: 'minLSTM' },
  { cell: 'mamba', around: { norm: 'rmsNorm', finalNorm: 'rmsNorm', residual: true, tied: true } },
  { cell: 'attention', around: { norm: 'layerNorm', finalNorm: 'layerNorm', residual: true, tied: true } },
];
const precisions = ['float32', 'float64'];

/** `{ frames: [{ cell, seconds, ratio, least, greatest, reached }], matrix: seconds, passes: [{ peer, precision, threads, seconds, ratio, least, greatest, reached }] }`. */
export async function measure({ ours, peers, timing, say }) {
  for (const kind of kinds)
    await ours.ask('build', { name: kind.cell, ...kind, ...sizes, backend: 'ort', threads: null });
  const samples = await interleave(
    kinds.map(({ cell }) => trainingSide(ours, cell, 'newFrame')),
    timing,
  );
  const frames = kinds.map(({ cell }, i) => {
    const { ratio, least, greatest } = speedup(samples[i], samples[0]);
    return { cell, seconds: median(samples[i]), ratio, least, greatest, reached: ratio <= bars.frame };
  });
  for (const { cell, seconds, ratio } of frames)
    say(title, `${cell}: a frame of ${(1000 * seconds).toFixed(1)} ms, ${ratio.toFixed(2)} × an LSTM's`);

  const passes = [];
  let matrix = null;
  for (const peer of peers)
    for (const precision of precisions) {
      const side = await fastestPeer(peer, precision, timing);
      const [own, theirs] = await interleave([trainingSide(ours, 'attention', 'inputMatrix'), side], timing);
      for (const { worker } of peer.workers) await worker.ask('clear');
      const ofAll = theirs.map((seconds) => tokens * seconds);
      const times = speedup(ofAll, own);
      matrix = median(own);
      const { threads } = side;
      passes.push({
        ...{ peer: peer.name, precision, threads, ours: matrix, seconds: median(ofAll), ...times },
        reached: times.ratio >= bars.passes,
      });
      say(title, `matrix ${matrix.toFixed(2)} s, ${times.ratio.toFixed(1)} × ${peer.name} in ${precision}`);
    }
  await ours.ask('clear');
  return { frames, passes };
}

async function fastestPeer({ workers }, precision, { turn }) {
  const sides = [];
  for (const { threads, worker } of workers) {
    const request = { hidden: sizes.hidden, layers: sizes.layers, heads: 4, window: tokens, vocabulary };
    await worker.ask('build', { name: precision, column: 'passes', precision, ...request });
    sides.push({ threads, ...trainingSide(worker, precision) });
  }
  return fastestOf(sides, turn);
}

export function report({ frames, passes }) {
  const ofFrames = frames.map(({ cell, seconds, ratio, least, greatest, reached }) => [
    cell,
    (1000 * seconds).toFixed(1),
    `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
    verdict(reached),
  ]);
  const ofPasses = passes.map(({ peer, precision, threads, ours, seconds, ratio, least, greatest, reached }) => [
    `${peer}, ${precision}`,
    ours.toFixed(2),
    `${seconds.toFixed(2)} (${threads})`,
    `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
    verdict(reached),
  ]);
  return `H 128, L 2. Frames of a text that has changed, while the model is trained: mixers are read in float64, recurrent cells in float32.

${table(['kind', 'frame, ms', 'times an LSTM’s', `≤ ${bars.frame}`], ['left', 'right', 'right', 'right'], ofFrames)}

The input matrix of ${tokens} targets, attention, ours in float64 with the reading of the text; beside it one backward pass for each target by what the lowest layer reads, with weights that want no gradient; in brackets the peer's threads, and the least and greatest ratio of one round.

${table(
  ['beside', 'ours, s', 'backward passes, s', 'times as fast', `≥ ${bars.passes}`],
  ['left', 'right', 'right', 'right', 'right'],
  ofPasses,
)}`;
}
