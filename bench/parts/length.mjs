// What a token of a text costs the kinds whose scans go step by step: exact gradients over texts of 1e3 to 1e6 tokens, in segments as for an LSTM.
import { table, verdict } from '../lib/markdown.mjs';
import { startOurs } from '../lib/sides.mjs';

export const title = 'The cost of a token by the length of the text';

const lengths = [1e3, 1e4, 1e5, 1e6];
const kinds = [
  { name: 'minGRU H 64', model: { cell: 'minGRU', hidden: 64 } },
  { name: 'minLSTM H 64', model: { cell: 'minLSTM', hidden: 64 } },
  {
    name: 'mamba D 64 S 16',
    model: { cell: 'mamba', hidden: 64, around: { norm: 'rmsNorm', finalNorm: 'rmsNorm', residual: true, tied: true } },
  },
];
/** Times as much a token at the longest as at 1e4, where the text has several segments. */
const bar = 1.5;

/** One entry a kind: `{ name, seconds: of each length, megabytes: the greatest at the longest }`. */
export async function measure({ node, threads, say }) {
  const results = [];
  for (const { name, model } of kinds) {
    const measured = [];
    for (const steps of lengths) {
      const worker = startOurs({ node, threads });
      try {
        measured.push(await worker.ask('gradient', { vocabulary: 65, ...model, steps, segmented: true }));
      } finally {
        await worker.end();
      }
    }
    const seconds = measured.map((each) => each.seconds);
    results.push({ name, seconds, megabytes: measured.at(-1).bytes / 1e6 });
    say(name, seconds.map((each, i) => `${perToken(each, i)} µs`).join(', '));
  }
  return results;
}

function perToken(seconds, length) {
  return ((1e6 * seconds) / lengths[length]).toFixed(2);
}

export function report(results) {
  const headings = [
    '',
    ...lengths.map((length) => `T ${length.toExponential(0).replace('+', '')}`),
    'peak MB',
    'linear',
  ];
  const lines = results.map(({ name, seconds, megabytes }) => [
    name,
    ...seconds.map(perToken),
    megabytes.toFixed(0),
    verdict(seconds.at(-1) / lengths.at(-1) <= (bar * seconds[1]) / lengths[1]),
  ]);
  return `Microseconds a token of the whole gradient, one layer and one stream, in segments; linear: at the longest at most ${bar} times that at 1e4. Attention has no state to carry: its text is its window, at most 4096 tokens.\n\n${table(
    headings,
    headings.map((_, i) => (i === 0 ? 'left' : 'right')),
    lines,
  )}`;
}
