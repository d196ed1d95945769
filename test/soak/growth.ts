/** What counts as growth over a soak. */
import assert from 'node:assert/strict';
import type { Sample } from './sample';

interface Allowance {
  /** What comes and goes by itself. */
  readonly swing: number;
  /** What the editor itself keeps of a run's two panels, whosoever they are: its own Markdown preview leaves as much behind each time it is opened. */
  readonly perRun?: number;
}

/**
 * What is counted must not grow at all, but for what a moment more or less makes. Of memory, a collector's room comes and goes by tens of megabytes; what is still held
 * after a collection does not, and a single run that were kept would hold more than 1 MB there: its metrics.
 */
const allowed: Readonly<Partial<Record<keyof Sample, Allowance>>> = {
  host: { swing: 30 },
  held: { swing: 3 },
  handles: { swing: 6 },
  files: { swing: 4 },
  // Between two collections up to 37 MB of arrays that nobody needs any more, and a heap that grows from 18 to 44 MB around 9 that are held.
  engine: { swing: 60 },
  engineFiles: { swing: 2 },
  engines: { swing: 0 },
  processes: { swing: 0 },
  temporary: { swing: 0 },
  page: { swing: 3, perRun: 0.12 },
  nodes: { swing: 60, perRun: 5 },
};

/** Resident sizes are the machine's affair as much as the program's: only a long soak shows whether they end. */
const resident: readonly (keyof Sample)[] = ['host', 'engine'];

/** The middle of the last third against that of what follows the first sixth, which is spent on what is made once. */
export function checkGrowth(samples: readonly Sample[], { withResident }: { readonly withResident: boolean }): void {
  const part = (from: number, to: number) =>
    samples.slice(Math.floor(from * samples.length), Math.ceil(to * samples.length));
  const [early, late] = [part(1 / 6, 1 / 2), part(2 / 3, 1)];
  const middle = (rows: readonly Sample[], key: keyof Sample) => median(rows.map((row) => row[key]));
  const runs = middle(late, 'runs') - middle(early, 'runs');
  const judged = (Object.entries(allowed) as [keyof Sample, Allowance][]).filter(
    ([key]) => withResident || !resident.includes(key),
  );
  const grown = judged.flatMap(([key, { swing, perRun = 0 }]) => {
    const [before, after] = [middle(early, key), middle(late, key)];
    return after <= before + swing + perRun * runs ? [] : [`${key} grew from ${before} to ${after} in ${runs} runs`];
  });
  assert.deepEqual(grown, []);
}

/** The lower of two in the middle: what is kept is there in every sample, what comes and goes is not. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
}
