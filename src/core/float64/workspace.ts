/** The kernels' memory for what is computed in float64: kept, and made larger when more is asked for. Nothing in it is held from one use to the next. */
import { Arena } from '../../kernels/arena';
import type { Kernels } from '../../kernels/exports';
import type { ThreadPool } from '../../kernels/threadPool';

/** Doubles of the memory at first. */
const initialDoubles = 1 << 18;
/** Rooms begin at cache lines. */
const line = 8;

/** Rooms one behind the other. All are lost when the next workspace of this memory is asked for. */
export class Workspace {
  private used = 0;

  /** @param arena that the rooms lie in */
  constructor(
    private readonly arena: Arena,
    private readonly all: Float64Array,
  ) {}

  get kernels(): Kernels {
    return this.arena.kernels;
  }

  get threads(): number {
    return this.arena.pool ? this.arena.threads : 1;
  }

  /** As `Arena.run`. */
  run(kernel: keyof Kernels, parts: readonly (readonly number[])[]): void {
    this.arena.run(kernel, parts);
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

class KeptMemory {
  private arena: Arena | null = null;
  private all: Float64Array = new Float64Array(0);

  workspace(lengths: readonly number[], pool: ThreadPool | null): Workspace {
    const doubles = lengths.reduce((sum, length) => sum + roomOf(length), 0);
    if (!this.arena || this.all.length < doubles) {
      const length = Math.max(initialDoubles, 2 * this.all.length, doubles);
      this.arena?.pool?.leave();
      this.arena = Arena.ofSize(8 * length, { pool });
      this.all = this.arena.doubles(length);
    }
    return new Workspace(this.arena, this.all);
  }
}

const own = new KeptMemory();
const shared = new KeptMemory();
let poolOf: (() => ThreadPool) | null = null;

/** From now on, in this process, large work is shared among these threads; they are asked for when there is some. */
export function useThreads(pool: () => ThreadPool): void {
  poolOf ??= pool;
}

/** @param lengths of all rooms that will be taken */
export function workspace(lengths: readonly number[]): Workspace {
  return own.workspace(lengths, null);
}

/** The same in a memory that all threads reach, for work that is worth waking them. */
export function sharedWorkspace(lengths: readonly number[]): Workspace {
  return poolOf ? shared.workspace(lengths, poolOf()) : workspace(lengths);
}

function roomOf(length: number): number {
  return Math.ceil(length / line) * line;
}
