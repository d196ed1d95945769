// How near each side of the training table is to what this machine's processor can do at all.
import { flopsPerToken, recurrentShape } from '../grid.mjs';
import { percent, table, whole } from '../lib/markdown.mjs';

export const title = 'The limit: floating-point operations, at ONNX Runtime’s measured peak';

/** A product large enough to be at its peak. */
const largeShape = [1024, 1024, 1024];

/** `{ peak: { threads → flops/s }, rows: [{ row, flopsPerToken, recurrentSpeed, limit }] }`; speeds in flops/s, `limit` in tokens/s. */
export async function measure({ ours, rows, cores, say }) {
  const peak = {};
  for (const threads of new Set([1, cores]))
    peak[threads] = (await ours.ask('gemm', { shape: largeShape, threads })).flops;
  say(
    'peak',
    Object.entries(peak)
      .map(([threads, flops]) => `${gigaflops(flops)} GFLOP/s on ${threads}`)
      .join(', '),
  );
  const results = [];
  for (const { name, model } of rows) {
    const flops = flopsPerToken(model);
    const speeds = [];
    for (const threads of Object.keys(peak).map(Number))
      speeds.push((await ours.ask('gemm', { shape: recurrentShape(model), threads })).flops);
    const recurrentSpeed = Math.max(...speeds);
    const best = Math.max(...Object.values(peak));
    results.push({
      row: name,
      flopsPerToken: flops.total,
      recurrentSpeed,
      limit: best / flops.total,
      limitWithRecurrence: 1 / (flops.recurrent / recurrentSpeed + flops.wholeWindow / best),
    });
  }
  return { peak, rows: results };
}

/** `training` is the result of the training part, or undefined when it was not measured. */
export function report({ peak, rows }, { training }) {
  const best = Math.max(...Object.values(peak));
  const shareOf = (tokensPerSecond, flops) => percent((tokensPerSecond * flops) / best);
  const peers = training?.[0]?.peers ?? [];
  const headings = [
    'row',
    'MFLOP per token',
    'limit, tokens/s',
    'GFLOP/s at B × G·H × H',
    'limit with that in the recurrence',
    ...(training ? ['ours, of the peak'] : []),
    ...peers.map(({ peer, column }) => `${peer} ${column}`),
  ];
  const lines = rows.map(({ row, flopsPerToken: flops, recurrentSpeed, limit, limitWithRecurrence }) => {
    const measured = training?.find((result) => result.row === row);
    const shares = measured ? [measured.ours, ...measured.peers.map(({ tokensPerSecond }) => tokensPerSecond)] : [];
    return [
      row,
      (flops / 1e6).toFixed(2),
      whole(limit),
      gigaflops(recurrentSpeed),
      whole(limitWithRecurrence),
      ...shares.map((speed) => shareOf(speed, flops)),
    ];
  });
  const peaks = Object.entries(peak)
    .map(([threads, flops]) => `${gigaflops(flops)} GFLOP/s on ${threads} ${threads === '1' ? 'thread' : 'threads'}`)
    .join(', ');
  return `Gemm ${largeShape.join(' × ')}: ${peaks}.\n\n${table(
    headings,
    headings.map((_, i) => (i === 0 ? 'left' : 'right')),
    lines,
  )}`;
}

function gigaflops(flops) {
  return (flops / 1e9).toFixed(0);
}
