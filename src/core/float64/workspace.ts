/** The kernels' memory for what is computed in float64: kept, and made larger when more is asked for. Nothing in it is held from one use to the next. */
import { Arena } from '../../kernels/arena';
import type { Kernels } from '../../kernels/exports';
import type { ThreadPool } from '../../kernels/threadPool';

/** Doubles of the memory at first. */
const initialDoubles = 1 << 18;
/** Times that large work comes before threads are started for it: who looks once need not wait for them. */
const timesAlone = 30;
/** Rooms begin at cache lines. */
const line = 8;

/** The threads that share work, and what makes them. */
let pool: ThreadPool | null = null;
let timesLarge = 0;
let makePool: (() => ThreadPool) | null = null;
let arena: Arena | null = null;
let memory: Float64Array = new Float64Array(0);

/** Rooms one behind the other. All are lost when the next workspace is asked for. */
export class Workspace {
  private used = 0;

  /** @param threads that work is shared among */
  constructor(
    private readonly arena: Arena,
    private readonly all: Float64Array,
    private readonly threads: number,
  ) {}

  /** Whether several threads share its work. */
  get isShared(): boolean {
    return this.threads > 1;
  }

  /** Those of this thread; they reach the rooms. */
  get kernels(): Kernels {
    return this.arena.kernels;
  }

  /** Runs a kernel once with each part's arguments, on several threads where the work is large. They must not write to the same places. */
  run(kernel: keyof Kernels, parts: readonly (readonly number[])[]): void {
    for (let from = 0; from < parts.length; from += this.threads)
      this.arena.run(kernel, parts.slice(from, from + this.threads));
  }

  /** So many doubles, of any values. */
  room(length: number): Float64Array {
    const from = this.used;
    this.used += roomOf(length);
    return this.all.subarray(from, from + length);
  }

  /** The same, holding these. */
  holding(values: Float64Array): Float64Array {
    const room = this.room(values.length);
    room.set(values);
    return room;
  }
}

/** From now on, in this process: threads for large work, made when there has been some for a while. */
export function useThreads(make: () => ThreadPool): void {
  makePool ??= make;
}

/** @param lengths of all rooms that will be taken  @param isLarge work that is worth waking other threads for */
export function workspace(lengths: readonly number[], isLarge = false): Workspace {
  const doubles = lengths.reduce((sum, length) => sum + roomOf(length), 0);
  if (isLarge && ++timesLarge > timesAlone) pool ??= makePool?.() ?? null;
  const isShort = memory.length < doubles;
  if (!arena || isShort || (arena.pool === null && pool !== null)) {
    const length = isShort ? Math.max(initialDoubles, 2 * memory.length, doubles) : memory.length;
    arena?.pool?.leave();
    // The same instructions, whatever this process can run by now: the same bits.
    arena = Arena.ofSize(8 * length, { pool, ...(arena && { simd: arena.simd }) });
    memory = arena.doubles(length);
  }
  return new Workspace(arena, memory, isLarge ? arena.threads : 1);
}

function roomOf(length: number): number {
  return Math.ceil(length / line) * line;
}
