// Lyapunov exponents beside PyTorch's loop of Jacobians and QR, in processor time, and the random network of which the literature has numbers.
import { vocabulary } from '../grid.mjs';
import { table, verdict } from '../lib/markdown.mjs';
import { median, speedup } from '../lib/statistics.mjs';

export const title = 'Lyapunov exponents: LSTM, H 128, 256 tokens, float64, one thread';

const size = { hidden: 128, vocabulary };
const tokens = 256;
/** Times as fast as PyTorch's loop. */
const bar = 20;
const rows = [
  { what: 'the 8 largest', count: 8, reads: false },
  { what: 'the 16 largest', count: 16, reads: false },
  { what: '… the text read too', count: 16, reads: true },
  { what: 'all 256', count: 256, reads: false },
];
/** x ← W tanh(x), N = 1000: what simulations of that size give, and how near ours is to be. */
const gaussian = [
  { gain: 1.5, expected: 0.063 },
  { gain: 2, expected: 0.153 },
  { gain: 3, expected: 0.308 },
  { gain: 5, expected: 0.531 },
];
const near = 0.02;
const networks = { count: 8, units: 1000, steps: 1000 };

/** `{ times: [{ what, peer, ours, theirs, ratio, least, greatest }], random: [{ gain, expected, mean, error }] }`, seconds of processor time. */
export async function measure({ ours, peers, timing, say, quick }) {
  const times = [];
  for (const row of rows) times.push(...(await timesOf(row, { ours, peers, timing, say })));
  const random = [];
  for (const { gain, expected } of quick ? [] : gaussian) {
    const found = await randomExponents(ours, gain);
    say(title, `gain ${gain}: ${found.mean.toFixed(4)} ± ${found.error.toFixed(4)}, expected ${expected}`);
    random.push({ gain, expected, ...found });
  }
  return { times, random };
}

async function timesOf({ what, count, reads }, { ours, peers, timing, say }) {
  const own = [];
  const theirs = peers.map(() => []);
  for (let round = 0; round < timing.rounds; round++) {
    const request = { ...size, steps: tokens, count, reads, times: count > 100 ? 1 : 20 };
    own.push((await ours.ask('exponents', request)).processor);
    for (const [i, { workers }] of peers.entries()) {
      const { worker } = workers.find(({ threads }) => threads === 1) ?? workers[0];
      if (round === 0) await worker.ask('build', { name: what, column: 'exponents', ...size, window: tokens, count });
      theirs[i].push((await worker.ask('run', { name: what, steps: 1 })).processor);
    }
  }
  return peers.map(({ name }, i) => {
    const found = { what, peer: name, ours: median(own), theirs: median(theirs[i]), ...speedup(theirs[i], own) };
    say(title, `${what}: ${(1000 * found.ours).toFixed(1)} ms, ${found.ratio.toFixed(1)} × ${name}`);
    return found;
  });
}

/** Of several networks, since one of this size lies some hundredths beside the mean. */
async function randomExponents(ours, gain) {
  const { count, units, steps } = networks;
  const found = [];
  for (let seed = 1; seed <= count; seed++)
    found.push((await ours.ask('gaussian', { size: units, gain, steps, seed })).exponent);
  const mean = found.reduce((sum, value) => sum + value, 0) / count;
  const variance = found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, error: Math.sqrt(variance / count) };
}

export function report({ times, random }) {
  const ofTimes = times.map(({ what, peer, ours, theirs, ratio, least, greatest }) => [
    what,
    (1000 * ours).toFixed(1),
    peer,
    (1000 * theirs).toFixed(0),
    `${ratio.toFixed(1)} (${least.toFixed(1)}–${greatest.toFixed(1)})`,
    verdict(ratio >= bar),
  ]);
  const ofRandom = random.map(({ gain, expected, mean, error }) => [
    String(gain),
    `${mean.toFixed(4)} ± ${error.toFixed(4)}`,
    String(expected),
    verdict(Math.abs(mean / expected - 1) <= near),
  ]);
  const { count, units, steps } = networks;
  return [
    'Processor time, of a text whose states are there on both sides unless the row says otherwise.',
    table(
      ['exponents', 'ours, ms', 'beside', 'its, ms', 'times as fast', `≥ ${bar}`],
      ['left', 'right', 'left', 'right', 'right', 'left'],
      ofTimes,
    ),
    ...(ofRandom.length > 0
      ? [
          `The largest exponent of x ← W tanh(x), W Gaussian, ${units} units: the mean of ${count} networks, ${steps} steps each.`,
          table(['gain', 'ours', 'simulations', 'within 2 %'], ['right', 'right', 'right', 'left'], ofRandom),
        ]
      : []),
  ].join('\n\n');
}
