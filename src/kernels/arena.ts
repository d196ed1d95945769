/**
 * Arrays that the kernels can reach: all in one WebAssembly memory, whose size is fixed when it is made, so that views of it (and
 * tensors over those views) stay good as long as it lives. Kernels take addresses: `at(array, index)`.
 */
import type { Crew } from './crew';
import binary from './kernels.wasm';

/** The exports of assembly/kernels.ts, where they are described. */
export interface Kernels {
  add(out: number, a: number, b: number, n: number): void;
  adamStep(
    n: number, values: number, gradient: number, first: number, second: number,
    beta1: number, beta2: number, rate: number, rootCorrection: number, epsilon: number, weightDecay: number, kept: number,
  ): void;
  clampMagnitude(a: number, n: number, limit: number): number;
  columnSums(out: number, a: number, rows: number, n: number): void;
  copyColumns(out: number, outStride: number, a: number, aStride: number, rows: number, width: number): void;
  fillRows(out: number, row: number, rows: number, width: number): void;
  gatherRows(out: number, table: number, ids: number, rows: number, width: number, bias: number): void;
  gemm(...args: number[]): void;
  gruBackward(...args: number[]): void;
  gruForward(...args: number[]): void;
  gruStepBack(...args: number[]): void;
  lossGradient(rows: number, V: number, probabilities: number, targets: number, scale: number, out: number): void;
  lstmBackward(...args: number[]): void;
  lstmForward(...args: number[]): void;
  lstmStepBack(...args: number[]): void;
  multiplyAdd(out: number, a: number, b: number, m: number, n: number, k: number): void;
  multiplyElements(out: number, a: number, b: number, n: number): void;
  pack(to: number, from: number, k: number, n: number, rowStride: number, columnStride: number): void;
  rnnBackward(...args: number[]): void;
  rnnForward(...args: number[]): void;
  rnnStepBack(...args: number[]): void;
  rowSquares(rows: number, n: number, a: number, out: number): void;
  scale(a: number, n: number, factor: number): void;
  scaleRows(rows: number, n: number, a: number, factors: number): void;
  scatterAddRows(table: number, ids: number, a: number, rows: number, width: number): void;
  softmax(rows: number, V: number, logits: number, targets: number, logProbabilities: number): void;
  sumOfSquares(a: number, n: number): number;
  transpose(out: number, a: number, m: number, n: number): void;
}

const pageBytes = 65_536;
const alignment = 64;
/** WebAssembly's limit of 32-bit addresses. */
const mostBytes = 2 ** 32 - pageBytes;

let compiled: WebAssembly.Module | undefined;

export class Arena {
  readonly kernels: Kernels;
  private readonly memory: WebAssembly.Memory;
  private used = 0;

  private constructor(bytes: number, readonly crew: Crew | null) {
    if (bytes > mostBytes) throw new RangeError(`${bytes} bytes are more than a kernel can address`);
    this.memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / pageBytes)) });
    compiled ??= new WebAssembly.Module(binary);
    this.kernels = new WebAssembly.Instance(compiled, { env: { memory: this.memory } }).exports as unknown as Kernels;
  }

  static build<T>(make: (arena: Arena) => T, { crew = null }: { crew?: Crew | null } = {}): T {
    const measuring = new Arena(0, crew);
    measuring.isMeasuring = true;
    make(measuring);
    return make(new Arena(measuring.used, crew));
  }
  private isMeasuring = false;

  get threads(): number {
    return this.crew?.size ?? 1;
  }

  floats(length: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.take(4 * length), this.isMeasuring ? 0 : length);
  }

  ints(length: number): Int32Array {
    return new Int32Array(this.memory.buffer, this.take(4 * length), this.isMeasuring ? 0 : length);
  }

  doubles(length: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.take(8 * length), this.isMeasuring ? 0 : length);
  }

  private take(bytes: number): number {
    const start = this.used;
    this.used += Math.ceil(bytes / alignment) * alignment;
    return this.isMeasuring ? 0 : start;
  }
}

/** Runs a kernel on each part, on the arena's threads. */
export function runKernel(arena: Arena, kernel: keyof Kernels, parts: readonly (readonly number[])[]): void {
  if (arena.crew && parts.length > 1) {
    arena.crew.run(kernel, parts);
    return;
  }
  const kernels: Readonly<Record<string, (this: void, ...args: number[]) => unknown>> = { ...arena.kernels };
  for (const part of parts) kernels[kernel](...part);
}

/** The address of an element of an arena's array. */
export function at(array: Float32Array | Int32Array | Float64Array, index = 0): number {
  return array.byteOffset + array.BYTES_PER_ELEMENT * index;
}

export const gemmScratchLength = 160_000;

/** Columns of one panel: what the product takes at a time. */
const panelWidth = 8;

/**
 * A matrix [k, n] that stays the same for many products: the recurrent weights of one window. It lies in panels of eight columns,
 * k × 8 each, the last one padded with zeros.
 */
export class FixedMatrix {
  private readonly values: Float32Array;

  constructor(
    private readonly arena: Arena,
    private readonly k: number,
    private readonly n: number,
  ) {
    this.values = arena.floats(k * Math.ceil(n / panelWidth) * panelWidth);
  }

  get address(): number {
    return at(this.values);
  }

  /** @param matrix [k, n] in the same arena */
  load(matrix: Float32Array): void {
    this.arena.kernels.pack(this.address, at(matrix), this.k, this.n, this.n, 1);
  }

  /** Takes the transpose of a matrix [n, k] of the same arena. */
  loadTransposed(matrix: Float32Array): void {
    this.arena.kernels.pack(this.address, at(matrix), this.k, this.n, 1, this.k);
  }

  /** out[m, n] += a[m, k] · this, at the arrays' elements `outIndex` and `aIndex`. */
  multiplyAdd(out: Float32Array, outIndex: number, a: Float32Array, aIndex: number, m: number): void {
    this.arena.kernels.multiplyAdd(at(out, outIndex), at(a, aIndex), this.address, m, this.n, this.k);
  }
}
