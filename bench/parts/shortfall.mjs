// Why a bar of the training table is missed: what it would take of the machine's peak, and where the time of our step goes.
import { barOf, grid, reaches, recurrentShape } from '../grid.mjs';
import { percent, table, whole } from '../lib/markdown.mjs';
import { measure as profileOf } from './profile.mjs';

export const title = 'Where a bar is missed, and why';

/** The profiles of the rows with a missed bar; nothing where training and limit were not measured. */
export async function measure(tools, { training, limit }) {
  if (!training || !limit) return [];
  const missed = new Set(training.filter((result) => missedBy(result, limit).length > 0).map(({ row }) => row));
  return profileOf({ ...tools, rows: tools.rows.filter(({ name }) => missed.has(name)), kinds: [] });
}

export function report(profiles, { training, limit }) {
  if (!training || !limit) return 'Needs the parts training and limit.';
  if (profiles.length === 0) return 'Every bar is reached.';
  const lines = profiles.flatMap((profile) => linesOf(profile, training, limit));
  const headings = [
    'row',
    'beside',
    'the bar, tokens/s',
    'of the peak',
    'the peer, of the peak',
    'ours, of the peak',
    'why',
  ];
  const steps = profiles.map(({ row, secondsPerStep, groups }) => {
    const parts = Object.entries(groups)
      .sort(([, a], [, b]) => b - a)
      .map(([group, share]) => `${group} ${percent(share)}`);
    return `- ${row}: ${(1000 * secondsPerStep).toFixed(2)} ms a step, ${parts.join(', ')}${reading(row, training)}`;
  });
  return [
    'The peak is ONNX Runtime’s `Gemm` at its best, above. Beyond it no arrangement of the same arithmetic on this processor can go; “step by step” is the limit with its speed at the size of one step in the recurrence.',
    table(headings, ['left', 'left', 'right', 'right', 'right', 'right', 'left'], lines),
    'Where the time of our step goes (main thread):',
    steps.join('\n'),
  ].join('\n\n');
}

/** The peers' columns whose bars a row misses. */
function missedBy({ row, model, ours, peers }, limit) {
  const limits = limit.rows.find((result) => result.row === row);
  return peers.filter((times) => !reaches(times, model, ours, limits.limit));
}

function linesOf({ row }, training, limit) {
  const result = training.find((each) => each.row === row);
  const { model, ours } = result;
  const limits = limit.rows.find((each) => each.row === row);
  return missedBy(result, limit).map(({ peer, column, tokensPerSecond }) => {
    const needed = barOf(column, model) * tokensPerSecond;
    const ofPeak = (speed) => percent(speed / limits.limit);
    return [
      row,
      `${peer} ${column}`,
      whole(needed),
      ofPeak(needed),
      ofPeak(tokensPerSecond),
      ofPeak(ours),
      reasonOf(needed, limits, model.batch),
    ];
  });
}

function reasonOf(needed, { limit, limitWithRecurrence }, batch) {
  if (needed > limit) return 'beyond the peak';
  // A single stream's product is no matrix product; the kernels pass what Gemm reaches there.
  if (batch > 1 && needed > limitWithRecurrence) return 'beyond the limit step by step';
  return 'within the limit; see the profile';
}

/** With one stream a step of the recurrence reads all of R, forward and again on the way back: memory, not arithmetic. */
function reading(row, training) {
  const { model } = grid.find(({ name }) => name === row);
  if (model.batch > 1) return '';
  const [, height, width] = recurrentShape(model);
  const bytes = 2 * 4 * height * width * model.layers;
  const { ours } = training.find((result) => result.row === row);
  return `; R, ${whole(bytes / 2048)} kB, is read twice a token: ${((bytes * ours) / 1e9).toFixed(0)} GB/s`;
}
