// Training steps of every row of the grid, ours beside every PyTorch's two columns and beside the build before.
import { barOf, columns as peerColumns, reaches, shareOfPeak } from '../grid.mjs';
import { percent, table, verdict, whole } from '../lib/markdown.mjs';
import { fastestOf, interleave } from '../lib/rounds.mjs';
import { trainingSide } from '../lib/sides.mjs';
import { median, speedup } from '../lib/statistics.mjs';

export const title = 'Training, ours (recording always) beside PyTorch';

/** One entry a row: `{ row, ours: tokens/s, before: { tokensPerSecond, ratio, least, greatest } | null, peers: [{ peer, column, threads, optimizer, tokensPerSecond, ratio, least, greatest, reached }] }`. */
export async function measure({ ours, before, peers, rows, timing, say }) {
  const results = [];
  for (const row of rows) {
    const result = await measureRow(row, ours, before, peers, timing);
    results.push(result);
    say(
      row.name,
      [
        `${whole(result.ours)} tokens/s`,
        ...result.peers.map(({ column, ratio }) => `${ratio.toFixed(1)} × ${column}`),
      ].join(', '),
    );
  }
  return results;
}

async function measureRow(row, ours, before, peers, timing) {
  const builds = before ? [ours, before.ours] : [ours];
  for (const build of builds) await build.ask('build', { name: 'ours', ...row.model, backend: 'ort', threads: null });
  const columns = [];
  for (const peer of peers)
    for (const column of peerColumns) columns.push(await fastestPeer(peer, column, row, timing));
  const samples = await interleave([...builds.map((worker) => trainingSide(worker, 'ours')), ...columns], timing);
  const [own, earlier] = before ? samples : [samples[0], null];
  const theirs = samples.slice(builds.length);
  await clear(builds, peers);
  const tokens = row.model.batch * row.model.window;
  return {
    row: row.name,
    model: row.model,
    ours: tokens / median(own),
    secondsPerStep: own,
    before: earlier && { tokensPerSecond: tokens / median(earlier), secondsPerStep: earlier, ...speedup(earlier, own) },
    peers: columns.map(({ peer, column, threads, optimizer }, i) => {
      const times = speedup(theirs[i], own);
      return {
        peer,
        column,
        threads,
        optimizer,
        tokensPerSecond: tokens / median(theirs[i]),
        secondsPerStep: theirs[i],
        ...times,
      };
    }),
  };
}

/** The peer at the number of threads that is best for this row and column. */
async function fastestPeer(peer, column, row, { turn }) {
  const sides = [];
  for (const { threads, worker } of peer.workers) {
    const { optimizer } = await worker.ask('build', { name: column, column, ...row.model });
    sides.push({ peer: peer.name, column, threads, optimizer, ...trainingSide(worker, column) });
  }
  return fastestOf(sides, turn);
}

async function clear(builds, peers) {
  for (const worker of builds) await worker.ask('clear');
  for (const { workers } of peers) for (const { worker } of workers) await worker.ask('clear');
}

/** `limit`: the result of that part, or undefined when it was not measured. */
export function report(results, { beforeName, limit }) {
  const limits = new Map(limit?.rows.map((each) => [each.row, each.limit]));
  const peers = new Set(results.flatMap((result) => result.peers.map(({ peer }) => peer)));
  const tables = [...peers].map((peer) => `### ${peer}\n\n${peerTable(peer, results, limits)}`);
  if (beforeName !== null || peers.size === 0)
    tables.push(
      `### ${beforeName === null ? 'Alone' : `The build of ${beforeName}`}\n\n${buildTable(results, beforeName)}`,
    );
  const judged = results.flatMap(({ row, model, ours, peers: all }) =>
    all.map((each) => reaches(each, model, ours, limits.get(row))),
  );
  const reached = judged.filter(Boolean).length;
  return `Tokens per second, medians; in brackets the peer's threads, and the least and greatest ratio of one round.\n\n${tables.join('\n\n')}\n\n${reached} of ${judged.length} bars reached: times as fast as the peer, or ${percent(shareOfPeak)} of the peak of ONNX Runtime’s Gemm${limits.size > 0 ? '' : ' (not measured here)'}.`;
}

function buildTable(results, beforeName) {
  const headings = ['row', 'ours', ...(beforeName === null ? [] : [beforeName, 'times as fast'])];
  const lines = results.map(({ row, ours, before }) => [
    row,
    whole(ours),
    ...(before
      ? [
          whole(before.tokensPerSecond),
          `${before.ratio.toFixed(2)} (${before.least.toFixed(2)}–${before.greatest.toFixed(2)})`,
        ]
      : []),
  ]);
  return table(
    headings,
    headings.map((_, i) => (i === 0 ? 'left' : 'right')),
    lines,
  );
}

function peerTable(peer, results, limits) {
  const headings = ['row', 'ours', ...peerColumns.flatMap((column) => [column, 'times as fast', 'bar'])];
  const lines = results.map(({ row, model, ours, peers }) => [
    row,
    whole(ours),
    ...peerColumns.flatMap((column) => {
      const times = peers.find((each) => each.peer === peer && each.column === column);
      const { tokensPerSecond, threads, ratio, least, greatest } = times;
      return [
        `${whole(tokensPerSecond)} (${threads})`,
        `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
        `≥ ${barOf(column, model)}: ${verdict(reaches(times, model, ours, limits.get(row)))}`,
      ];
    }),
  ]);
  return table(
    headings,
    headings.map((_, i) => (i === 0 ? 'left' : 'right')),
    lines,
  );
}
