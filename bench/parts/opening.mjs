// Opening a model of another tool of some 50 MB, verification included, and looking at 256 tokens with it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table, verdict } from '../lib/markdown.mjs';
import { startOurs } from '../lib/sides.mjs';
import { median } from '../lib/statistics.mjs';

export const title = 'Opening a model of another tool';

const model = { hidden: 512, layers: 6, embedding: 256 };
const probe = 256;
const rounds = 5;
/** Seconds to open, bytes beyond the file's size, seconds of a look. */
const bars = { seconds: 2, bytes: 300e6, look: 0.1 };

/** Medians over processes of their own: the peak of memory is the process's. `small` is one layer of the same size. */
export async function measure({ node, threads, say }) {
  const folder = mkdtempSync(join(tmpdir(), 'backflow-bench-'));
  try {
    const large = await opened(join(folder, 'large.onnx'), model);
    const small = await opened(join(folder, 'small.onnx'), { ...model, layers: 1 });
    say(
      title,
      `${megabytes(large.size)} MB in ${large.seconds.toFixed(2)} s, ${megabytes(large.bytes)} MB beyond it; a look ${(1000 * large.look).toFixed(0)} ms, of one layer ${(1000 * small.look).toFixed(0)} ms`,
    );
    return { large, small };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  async function opened(path, size) {
    const { bytes } = await alone('writeModel', { path, ...size });
    const samples = [];
    for (let round = 0; round < rounds; round++) samples.push(await alone('open', { path, probe }));
    const middle = (key) => median(samples.map((sample) => sample[key]));
    return {
      size: bytes,
      layers: size.layers,
      seconds: middle('seconds'),
      bytes: middle('bytes') - bytes,
      look: middle('look'),
    };
  }

  async function alone(action, request) {
    const worker = startOurs({ node, threads });
    try {
      return await worker.ask(action, request);
    } finally {
      await worker.end();
    }
  }
}

export function report({ large, small }) {
  const rows = [large, small].flatMap(({ size, layers, seconds, bytes, look }) => {
    const what = `LSTM H ${model.hidden} L ${layers}, ${megabytes(size)} MB`;
    return [
      [what, 'opened and proved, s', seconds.toFixed(2), `< ${bars.seconds}`, verdict(seconds < bars.seconds)],
      ['', 'memory beyond the file, MB', megabytes(bytes), `< ${megabytes(bars.bytes)}`, verdict(bytes < bars.bytes)],
      [
        '',
        `a look at ${probe} tokens, ms`,
        (1000 * look).toFixed(0),
        `< ${1000 * bars.look}`,
        verdict(look < bars.look),
      ],
    ];
  });
  return table(['model', '', 'measured', 'bar', 'reached'], ['left', 'left', 'right', 'right', 'left'], rows);
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}
