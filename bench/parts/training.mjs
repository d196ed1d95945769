// Training steps of every row of the grid, ours beside every PyTorch's two columns and beside the build before.
import { bars } from '../grid.mjs';
import { table, verdict, whole } from '../lib/markdown.mjs';
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
    for (const column of Object.keys(bars)) columns.push(await fastestPeer(peer, column, row, timing));
  const samples = await interleave([...builds.map((worker) => trainingSide(worker, 'ours')), ...columns], timing);
  const [own, earlier] = before ? samples : [samples[0], null];
  const theirs = samples.slice(builds.length);
  await clear(builds, peers);
  const tokens = row.model.batch * row.model.window;
  return {
    row: row.name,
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
        reached: times.ratio >= bars[column],
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

export function report(results, { beforeName }) {
  const peers = new Set(results.flatMap((result) => result.peers.map(({ peer }) => peer)));
  const tables = [...peers].map((peer) => `### ${peer}\n\n${peerTable(peer, results)}`);
  if (beforeName !== null || peers.size === 0)
    tables.push(
      `### ${beforeName === null ? 'Alone' : `The build of ${beforeName}`}\n\n${buildTable(results, beforeName)}`,
    );
  const judged = results.flatMap((result) => result.peers);
  const reached = judged.filter((each) => each.reached).length;
  return `Tokens per second, medians; in brackets the peer's threads, and the least and greatest ratio of one round.\n\n${tables.join('\n\n')}\n\n${reached} of ${judged.length} bars reached.`;
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

function peerTable(peer, results) {
  const columns = Object.keys(bars);
  const headings = ['row', 'ours', ...columns.flatMap((column) => [column, 'times as fast', `≥ ${bars[column]}`])];
  const lines = results.map(({ row, ours, peers }) => [
    row,
    whole(ours),
    ...columns.flatMap((column) => {
      const { tokensPerSecond, threads, ratio, least, greatest, reached } = peers.find(
        (each) => each.peer === peer && each.column === column,
      );
      return [
        `${whole(tokensPerSecond)} (${threads})`,
        `${ratio.toFixed(2)} (${least.toFixed(2)}–${greatest.toFixed(2)})`,
        verdict(reached),
      ];
    }),
  ]);
  return table(
    headings,
    headings.map((_, i) => (i === 0 ? 'left' : 'right')),
    lines,
  );
}
