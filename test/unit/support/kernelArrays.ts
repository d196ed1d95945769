/** Arrays in an arena, for tests of single kernels. */
import type { Random } from '../../../src/core/model/random';
import { Arena, at } from '../../../src/kernels/arena';
import type { Kernels } from '../../../src/kernels/exports';
import type { Simd } from '../../../src/kernels/program';

export const kinds: readonly Simd[] = ['relaxed', 'plain'];

/** Sizes around the kernels' four lanes, eight columns and blocks of rows. */
export const oddSizes = [1, 2, 3, 4, 5, 7, 8, 13, 33] as const;

/** What kernels must not touch lies behind every array, and has this value. */
const guard = -12345;
const guardLength = 16;

/** Kernels over arrays that are put into their memory one by one. */
export class Bench {
  readonly kernels: Kernels;
  private readonly arena: Arena;
  private readonly guards: Float32Array[] = [];

  constructor(simd: Simd, bytes = 1 << 22) {
    this.arena = Arena.ofSize(bytes, { simd });
    this.kernels = this.arena.kernels;
  }

  floats(values: ArrayLike<number>): Float32Array {
    const array = this.arena.floats(values.length + guardLength);
    this.guards.push(array.subarray(values.length).fill(guard));
    array.set(values);
    return array.subarray(0, values.length);
  }

  zeros(length: number): Float32Array {
    return this.floats(new Float32Array(length));
  }

  ints(values: ArrayLike<number>): Int32Array {
    const array = this.arena.ints(values.length);
    array.set(values);
    return array;
  }

  doubles(length: number): Float64Array {
    return this.arena.doubles(length);
  }

  /** Whether nothing was written behind an array. */
  get guarded(): boolean {
    return this.guards.every((values) => values.every((value) => value === guard));
  }
}

export { at };

/** Float32s, normally distributed. */
export function normals(random: Random, length: number, size = 1): Float64Array {
  return Float64Array.from({ length }, () => Math.fround(size * random.normal()));
}
