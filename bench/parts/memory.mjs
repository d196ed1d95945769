// The most memory that a process takes which trains, ours beside PyTorch's: a process for each row and side, its programs and libraries counted.
import { table, verdict } from '../lib/markdown.mjs';
import { startOurs, startPeer } from '../lib/sides.mjs';

export const title = 'Memory of a training process, ours beside PyTorch';

/** Enough for every buffer to have been made. */
const steps = 5;

/** One entry a row: `{ row, ours: { bytes, beyondStart }, peers: [{ peer, bytes, beyondStart }] }`; at its start a process has loaded its programs and libraries. */
export async function measure({ node, threads, python, peers, rows, say }) {
  const results = [];
  for (const { name, model } of rows) {
    const own = startOurs({ node, threads });
    const ours = await peakOf(own, { name: 'row', ...model, backend: 'ort', threads: null });
    const theirs = [];
    for (const program of peers.length > 0 ? python : []) {
      const { name: peer, workers } = await startPeer(program);
      // The one with the most threads.
      const peak = await peakOf(workers.at(-1).worker, { name: 'row', column: 'plain', ...model });
      await Promise.all(workers.map(({ worker }) => worker.end()));
      theirs.push({ peer, ...peak });
    }
    results.push({ row: name, ours, peers: theirs });
    say(name, [ours, ...theirs].map(({ bytes, peer = 'ours' }) => `${peer} ${megabytes(bytes)} MB`).join(', '));
  }
  return results;
}

async function peakOf(worker, request) {
  const { bytes: atStart } = await worker.ask('memory');
  await worker.ask('build', request);
  await worker.ask('run', { name: request.name, steps });
  const { bytes } = await worker.ask('memory');
  await worker.end();
  return { bytes, beyondStart: bytes - atStart };
}

export function report(results) {
  const names = results[0]?.peers.map(({ peer }) => peer) ?? [];
  const headings = ['row', 'ours, MB', ...names.flatMap((name) => [`${name}, MB`, 'at most the same'])];
  const lines = results.map(({ row, ours, peers }) => [
    row,
    amount(ours),
    ...peers.flatMap((theirs) => [amount(theirs), verdict(ours.bytes <= theirs.bytes)]),
  ]);
  const alignments = headings.map((_, i) => (i === 0 ? 'left' : 'right'));
  return `Peak resident size after ${steps} steps, in a process of its own; in brackets what training added to the programs and libraries that were loaded at its start.\n\n${table(headings, alignments, lines)}`;
}

function amount({ bytes, beyondStart }) {
  return `${megabytes(bytes)} (${megabytes(beyondStart)})`;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(0);
}
