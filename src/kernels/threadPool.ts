/** Threads that run kernels side by side. The engine makes them (`createThreadPool`): kernels know no platform. */
import type { Kernels } from './exports';

export interface ThreadPool {
  /** Threads, the calling one among them. */
  readonly size: number;
  /** Lets the threads reach an arena, which must have shared memory. */
  join(arena: PoolMemory): ArenaThreadPool;
}

export interface PoolMemory {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The calling thread's own instance. */
  readonly kernels: Kernels;
}

/** A thread pool at work in one arena. */
export interface ArenaThreadPool {
  readonly size: number;
  /**
   * Calls a kernel once with each part's arguments, all at the same time, and returns when all are done. At most `size` parts, which
   * must not write to the same places. Throws what a kernel threw.
   */
  run(kernel: keyof Kernels, parts: readonly (readonly number[])[]): void;
  /** The threads let go of the arena's memory. */
  leave(): void;
}

/** Streams first … first + count − 1. */
export interface StreamRange {
  readonly first: number;
  readonly count: number;
}

/**
 * B streams in at most `threads` parts of nearly the same size; where there are enough, even sizes but the last: products take rows by
 * six and four.
 */
export function splitStreams(B: number, threads: number): StreamRange[] {
  const unit = B >= 4 * threads ? 2 : 1;
  const units = Math.ceil(B / unit);
  const parts = Math.min(threads, units);
  const start = (part: number) => Math.min(B, unit * Math.ceil((part * units) / parts));
  return Array.from({ length: parts }, (_, part) => ({ first: start(part), count: start(part + 1) - start(part) }));
}
