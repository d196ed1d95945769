// Where the time of our training steps goes, row by row.
import { percent, table } from '../lib/markdown.mjs';

export const title = 'Profile of our training step (main thread)';

/** Functions shown a row. */
const shown = 12;

/** One entry a row: `{ row, secondsPerStep, groups: { name → share }, functions: [{ name, place, share }] }`. */
export async function measure({ ours, rows, kinds, timing, say }) {
  const results = [];
  for (const { name, model } of [...rows, ...kinds]) {
    await ours.ask('build', { name, ...model, backend: 'ort', threads: null });
    const { seconds } = await ours.ask('run', { name, steps: 2 });
    const steps = Math.max(2, Math.ceil((4 * timing.turn) / (seconds / 2)));
    const { seconds: profiled, functions } = await ours.ask('profile', { name, steps });
    await ours.ask('clear');
    const result = {
      row: name,
      secondsPerStep: profiled / steps,
      groups: grouped(functions),
      functions: functions.slice(0, shown),
    };
    results.push(result);
    say(
      name,
      Object.entries(result.groups)
        .map(([group, share]) => `${group} ${percent(share)}`)
        .join(', '),
    );
  }
  return results;
}

/** The first pattern that fits "place name" says what a function belongs to. */
const groups = [
  ['nothing to do', / \((program|idle)\)$/],
  ['garbage collection', /garbage collector/],
  ['optimizer and clipping', /adam|optimizer|clip|clampMagnitude|ours\.js step$/i],
  ['recurrent products', /^wasm .*(product\/|panels\/|multiplyAdd|pack$)/],
  ['recurrence backward', /^wasm .*(back)/i],
  ['recurrence forward', /^wasm .*(lstm|gru|rnn|functions|steps|mamba)/i],
  ['inside attention', /^wasm .*(attention|transposedProduct)/],
  ['norm and GELU', /^wasm .*(norm|gelu)/i],
  ['waiting for threads', /ours\.js waitWhile$/],
  ['kernels, other', /^wasm /],
  ['ONNX Runtime', /^native |^(backend|inference-session.*|tensor.*|binding)\.js /],
  ['rest', /./],
];

function grouped(functions) {
  const shares = Object.fromEntries(groups.map(([group]) => [group, 0]));
  for (const { name, place, share } of functions)
    shares[groups.find(([, pattern]) => pattern.test(`${place} ${name}`))[0]] += share;
  return Object.fromEntries(Object.entries(shares).filter(([, share]) => share >= 0.005));
}

export function report(results) {
  const names = groups.map(([group]) => group).filter((group) => results.some((result) => group in result.groups));
  const overview = table(
    ['row', 'ms per step', ...names],
    ['left', 'right', ...names.map(() => 'right')],
    results.map(({ row, secondsPerStep, groups: shares }) => [
      row,
      (1000 * secondsPerStep).toFixed(2),
      ...names.map((group) => (group in shares ? percent(shares[group]) : '')),
    ]),
  );
  const details = results.map(
    ({ row, functions }) =>
      `- ${row}: ${functions.map(({ name, place, share }) => `${name} (${place}) ${percent(share)}`).join(', ')}`,
  );
  return `${overview}\n\nFunctions by their own time:\n\n${details.join('\n')}`;
}
