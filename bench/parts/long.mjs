// Exact gradients over long texts: time and memory of the segmented way, beside one tape for the whole text where that fits.
import { percent, table, verdict } from '../lib/markdown.mjs';
import { startOurs } from '../lib/sides.mjs';

export const title = 'Full backpropagation over long texts, LSTM, H 64';

const lengths = [1e3, 1e4, 1e5, 1e6];
/** Longest text whose whole tape is made for comparison. */
const longestPlain = 1e5;
const bars = { bytes: 1e9, work: 1.5, difference: 1e-6 };

/** One entry a length: seconds and peak bytes of both ways (`plain` null where it is not made), and their largest relative difference. */
export async function measure({ node, threads, say }) {
  const results = [];
  for (const steps of lengths) {
    const ways = steps <= longestPlain ? [true, false, true, false] : [true];
    const measured = [];
    for (const segmented of ways) measured.push({ segmented, ...(await alone('gradient', { steps, segmented })) });
    const segmented = best(measured.filter((each) => each.segmented));
    const plain = steps <= longestPlain ? best(measured.filter((each) => !each.segmented)) : null;
    const difference = plain === null ? null : (await alone('gradientDifference', { steps })).difference;
    results.push({ steps, segmented, plain, difference });
    say(
      `T = ${steps}`,
      `${((1e6 * segmented.seconds) / steps).toFixed(1)} µs per token, ${megabytes(segmented.bytes)} MB`,
    );
  }
  return results;

  /** Each in a process of its own: the peak of memory is the process's. */
  async function alone(action, request) {
    const worker = startOurs({ node, threads });
    try {
      return await worker.ask(action, { hidden: 64, vocabulary: 65, ...request });
    } finally {
      await worker.end();
    }
  }
}

function best(measured) {
  return {
    seconds: Math.min(...measured.map(({ seconds }) => seconds)),
    bytes: Math.max(...measured.map(({ bytes }) => bytes)),
  };
}

export function report(results) {
  const perToken = (way, steps) => (way === null ? '' : ((1e6 * way.seconds) / steps).toFixed(2));
  const lines = results.map(({ steps, segmented, plain, difference }) => [
    steps.toExponential(0).replace('+', ''),
    perToken(segmented, steps),
    perToken(plain, steps),
    plain === null ? '' : (segmented.seconds / plain.seconds).toFixed(2),
    megabytes(segmented.bytes),
    plain === null ? '' : megabytes(plain.bytes),
    difference === null ? '' : difference.toExponential(1),
  ]);
  const headings = [
    'T',
    'µs per token, segmented',
    'whole tape',
    'work',
    'peak MB, segmented',
    'whole tape',
    'largest relative difference',
  ];
  const longest = results.at(-1);
  const compared = results.filter(({ plain }) => plain !== null);
  const judged = [
    `peak memory at most ${megabytes(bars.bytes)} MB: ${verdict(longest.segmented.bytes <= bars.bytes)}`,
    `work at most ${percent(bars.work - 1)} more: ${verdict(compared.every(({ segmented, plain }) => segmented.seconds <= bars.work * plain.seconds))}`,
    `gradient the same to ${bars.difference}: ${verdict(compared.every(({ difference }) => difference <= bars.difference))}`,
  ];
  return `${table(
    headings,
    headings.map(() => 'right'),
    lines,
  )}\n\n${judged.join('; ')}.`;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}
