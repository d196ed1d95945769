// Training steps of kinds that have no fused operator in PyTorch, ours beside the ways in which people compute them there.
import { table, verdict, whole } from './markdown.mjs';
import { fastestOf, interleave } from './rounds.mjs';
import { trainingSide } from './sides.mjs';
import { median, speedup } from './statistics.mjs';

/**
 * One entry a row and PyTorch: `{ row, peer, ours: tokens/s, columns: [{ name, threads, tokensPerSecond, ratio, least, greatest, byProcessor }], ratio, reached }`,
 * where `ratio` is that beside the fastest column; of a column that PyTorch cannot compute `{ name, failed }`.
 * @param columns `{ name, column, compiled? }`: the peer's models, see bench/peer/models.py; those compiled only with --compile  @param bar times as fast
 */
export async function besideColumns({ ours, peers, compile, timing, say }, rows, columns, bar) {
  const wanted = columns.filter(({ compiled = false }) => compile || !compiled);
  const results = [];
  for (const { name, model } of rows) {
    await ours.ask('build', { name: 'ours', ...model, backend: 'ort', threads: null });
    for (const peer of peers) {
      const sides = [];
      for (const column of wanted) sides.push(await fastestPeer(peer, column, model, timing));
      const result = { row: name, peer: peer.name, ...(await compare(ours, sides, model, timing)) };
      for (const { worker } of peer.workers) await worker.ask('clear');
      results.push({ ...result, reached: result.ratio >= bar });
      say(name, `${whole(result.ours)} tokens/s, ${result.ratio.toFixed(2)} × the fastest of ${peer.name}`);
    }
    await ours.ask('clear');
  }
  return results;
}

async function compare(ours, sides, { batch, window }, timing) {
  const own = trainingSide(ours, 'ours');
  const working = sides.filter(({ failed }) => failed === undefined);
  const [samples, ...theirs] = await interleave([own, ...working], timing);
  const tokens = batch * window;
  const columns = sides.map((side) => {
    if (side.failed !== undefined) return { name: side.name, failed: side.failed };
    const measured = theirs[working.indexOf(side)];
    return {
      name: side.name,
      threads: side.threads,
      tokensPerSecond: tokens / median(measured),
      ...speedup(measured, samples),
      byProcessor: median(side.processor) / median(own.processor),
    };
  });
  const ratio = Math.min(...columns.filter(({ failed }) => failed === undefined).map((column) => column.ratio));
  return { ours: tokens / median(samples), columns, ratio };
}

/** The column at the number of threads that is best for it; or why PyTorch cannot compute it. */
async function fastestPeer({ workers }, { name, column, compiled = false }, model, { turn }) {
  const { cell, hidden, layers, batch, window, vocabulary, options } = model;
  const heads = options?.heads ?? null;
  try {
    const sides = [];
    for (const { threads, worker } of workers) {
      const request = { column, cell, hidden, layers, batch, window, vocabulary, heads, compiled };
      await worker.ask('build', { name, ...request });
      // What is compiled, is at the first step.
      await worker.ask('run', { name, steps: 2 });
      sides.push({ name, threads, ...trainingSide(worker, name) });
    }
    return await fastestOf(sides, turn);
  } catch (error) {
    return { name, failed: error.message };
  }
}

export function columnsReport(results, bar) {
  const names = results[0]?.columns.map(({ name }) => name) ?? [];
  const headings = [
    'row',
    'PyTorch',
    'ours',
    ...names.flatMap((name) => [name, 'times as fast', 'by processor time']),
    `≥ ${bar}`,
  ];
  const lines = results.map(({ row, peer, ours, columns, reached }) => [
    row,
    peer,
    whole(ours),
    ...columns.flatMap(({ failed, tokensPerSecond, threads, ratio, least, greatest, byProcessor }) =>
      failed === undefined
        ? [
            `${whole(tokensPerSecond)} (${threads})`,
            `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
            byProcessor.toFixed(2),
          ]
        : ['fails', '', ''],
    ),
    verdict(reached),
  ]);
  return table(
    headings,
    headings.map((_, i) => (i < 2 ? 'left' : 'right')),
    lines,
  );
}

/** What the tables of all kinds say. */
export const legend =
  "Tokens per second, medians; in brackets the peer's threads, and the least and greatest ratio of one round. By processor time: of all threads, their seconds per step over ours, which others at work change less than the clock's";
