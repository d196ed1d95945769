/** The kernels' memory for what is computed in float64: kept, and made larger when more is asked for. Nothing in it is held from one use to the next. */
import { Arena } from '../../kernels/arena';
import type { Kernels } from '../../kernels/exports';

/** Doubles of the memory at first. */
const initialDoubles = 1 << 18;
/** Rooms begin at cache lines. */
const line = 8;

let arena: Arena | null = null;
let memory: Float64Array = new Float64Array(0);

/** Rooms one behind the other. All are lost when the next workspace is asked for. */
export class Workspace {
  private used = 0;

  /** @param kernels that reach the rooms */
  constructor(
    readonly kernels: Kernels,
    private readonly all: Float64Array,
  ) {}

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

/** @param lengths of all rooms that will be taken */
export function workspace(lengths: readonly number[]): Workspace {
  const doubles = lengths.reduce((sum, length) => sum + roomOf(length), 0);
  if (!arena || memory.length < doubles) {
    const length = Math.max(initialDoubles, 2 * memory.length, doubles);
    arena = Arena.ofSize(8 * length);
    memory = arena.doubles(length);
  }
  return new Workspace(arena.kernels, memory);
}

function roomOf(length: number): number {
  return Math.ceil(length / line) * line;
}
