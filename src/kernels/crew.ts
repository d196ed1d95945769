/** Threads that run a kernel side by side, each on its part of the streams. */
import type { Kernels } from './arena';

export interface Crew {
  /** Threads, the calling one included. */
  readonly size: number;
  /** Calls the kernel once with each part's arguments, at the same time, and returns when all have ended. */
  run(kernel: keyof Kernels, parts: readonly (readonly number[])[]): void;
}

/** Rows that a product holds in registers at a time: parts are whole multiples of it where there are enough. */
const rowsInRegisters = 6;

/** Streams (or rows) 0 … count − 1 in as many parts as there are threads, or fewer. */
export function splitStreams(count: number, threads: number): { first: number; count: number }[] {
  const share = Math.ceil(count / threads / rowsInRegisters) * rowsInRegisters;
  const parts = [];
  for (let first = 0; first < count; first += share) parts.push({ first, count: Math.min(share, count - first) });
  return parts;
}
