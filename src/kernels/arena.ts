/**
 * Arrays that the kernels can reach: all in one WebAssembly memory, whose size is fixed when it is made, so that views of it (and
 * tensors over those views) stay good as long as it lives. Kernels take addresses: `at(array, index)`.
 */
import type { ArenaThreadPool, ThreadPool } from './threadPool';
import type { Kernels } from './exports';
import { kernelModule, supportedSimd, type Simd } from './program';

export interface ArenaOptions {
  /** Unless given, the better of what this process can run. */
  readonly simd?: Simd;
  /** With a thread pool the memory is shared (a SharedArrayBuffer), else ordinary. */
  readonly pool?: ThreadPool | null;
  /** No more bytes than this are asked for: what the machine has. */
  readonly maxBytes?: number;
}

/** The memory is not to be had. */
export class ArenaTooLarge extends RangeError {
  /** @param maxBytes that could be had  */
  constructor(
    readonly bytes: number,
    readonly maxBytes: number,
  ) {
    super(`${bytes} bytes are more than the ${maxBytes} that can be had`);
  }
}

const pageBytes = 65_536;
/** A cache line's: rows of 16 elements do not straddle two, and threads do not share one at the border of two arrays. */
const alignment = 64;
/** The kernels' own: address 0, which they take for "none", and their constants. */
const reserved = 1024;
/** WebAssembly's limit of 32-bit addresses. */
const maxAddressed = 2 ** 32 - pageBytes;

export class Arena {
  readonly kernels: Kernels;
  readonly simd: Simd;
  /** Threads that kernels can run on. */
  readonly threads: number;
  readonly pool: ArenaThreadPool | null;
  private readonly calls: Readonly<Record<keyof Kernels, (...args: number[]) => unknown>>;
  private readonly memory: WebAssembly.Memory;
  private used = reserved;

  private constructor(
    bytes: number,
    private readonly isMeasuring: boolean,
    { simd = supportedSimd(), pool = null, maxBytes = maxAddressed }: ArenaOptions,
  ) {
    const max = Math.min(maxBytes, maxAddressed);
    if (bytes > max) throw new ArenaTooLarge(bytes, max);
    const pages = Math.ceil(bytes / pageBytes);
    const isShared = pool !== null && !isMeasuring;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: isShared });
    const module = kernelModule(simd, isShared ? 'shared' : 'own');
    this.kernels = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports as Kernels;
    this.calls = this.kernels;
    this.simd = simd;
    this.threads = pool?.size ?? 1;
    this.pool = isShared ? pool.join({ module, memory: this.memory, kernels: this.kernels }) : null;
  }

  /**
   * Makes what `make` makes, in an arena of just the size it asks for. `make` is called twice, first to be measured: then every array it
   * gets is empty, so that sizes must come from elsewhere, and nothing may be written. Throws ArenaTooLarge where there is not so much memory.
   */
  static build<T>(make: (arena: Arena) => T, options: ArenaOptions = {}): T {
    const measured = new Arena(reserved, true, options);
    make(measured);
    return make(new Arena(measured.used, false, options));
  }

  /** With room for so many bytes of arrays, each of which takes whole cache lines. */
  static ofSize(bytes: number, options: ArenaOptions = {}): Arena {
    return new Arena(reserved + bytes, false, options);
  }

  /** An array of zeros. */
  floats(length: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.take(4 * length), this.isMeasuring ? 0 : length);
  }

  ints(length: number): Int32Array {
    return new Int32Array(this.memory.buffer, this.take(4 * length), this.isMeasuring ? 0 : length);
  }

  doubles(length: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.take(8 * length), this.isMeasuring ? 0 : length);
  }

  /** Runs a kernel once with each part's arguments, at the same time where there are several threads. */
  run(kernel: keyof Kernels, parts: readonly (readonly number[])[]): void {
    if (this.pool && parts.length > 1) this.pool.run(kernel, parts);
    else for (const part of parts) this.calls[kernel](...part);
  }

  private take(bytes: number): number {
    const address = this.used;
    this.used += Math.ceil(bytes / alignment) * alignment;
    return this.isMeasuring ? 0 : address;
  }
}

/** The address of an element of an arena's array. */
export function at(array: Float32Array | Int32Array | Float64Array, index = 0): number {
  return array.byteOffset + array.BYTES_PER_ELEMENT * index;
}
