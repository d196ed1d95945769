/** What `bench/editor/probe` writes down from inside the extension host. */
import { readFileSync } from 'node:fs';

/** Milliseconds. */
export interface BusyTime {
  /** Longest delay of the event loop. */
  readonly max: number;
  /** The worst half second's 99th percentile of the delay. */
  readonly p99: number;
  /** Most processor time the thread used between two turns: what it was itself busy with, whatever else the machine did. */
  readonly busiest: number;
}

interface Sample extends BusyTime {
  /** Date.now() at the end of its half second. */
  readonly time: number;
}

/** The worst of the half seconds that lie between two times, as Date.now() gives them. */
export function busyBetween(file: string, from: number, to: number): BusyTime {
  const samples = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample)
    .filter(({ time }) => time - 500 >= from && time <= to);
  if (samples.length < 4)
    throw new Error(`The probe wrote ${samples.length} samples; the extension host was not measured.`);
  const worst = (key: keyof BusyTime) => Math.max(...samples.map((sample) => sample[key]));
  return { max: worst('max'), p99: worst('p99'), busiest: worst('busiest') };
}
