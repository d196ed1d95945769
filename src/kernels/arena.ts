/**
 * Arrays that the kernels can reach: all in one WebAssembly memory, whose size is fixed when it is made, so that views of it (and
 * tensors over those views) stay good as long as it lives. Kernels take addresses: `at(array, index)`.
 */
import binary from './kernels.wasm';

/** The exports of assembly/kernels.ts, where they are described. */
export interface Kernels {
  add(out: number, a: number, b: number, n: number): void;
  sumOfSquares(a: number, n: number): number;
  /** out[m, n] += a[m, k] · b[k, n], with b a `FixedMatrix`. */
  multiplyAdd(out: number, a: number, b: number, m: number, n: number, k: number): void;
  rnnBackward(size: number, relu: boolean, hidden: number, dh: number, out: number): void;
  lstmBackward(
    B: number, H: number, inputGate: number, outputGate: number, forgetGate: number, candidate: number,
    before: number, after: number, dh: number, dc: number, dcTotal: number, out: number,
  ): void;
  lstmCells(size: number, inputGate: number, forgetGate: number, candidate: number, before: number, after: number): void;
  gruBackward(
    B: number, H: number, updateGate: number, resetGate: number, candidate: number, recurrentCandidate: number,
    before: number, dh: number, input: number, recurrent: number, previous: number,
  ): void;
}

const pageBytes = 65_536;
const alignment = 16;
/** WebAssembly's limit of 32-bit addresses. */
const mostBytes = 2 ** 32 - pageBytes;

let compiled: WebAssembly.Module | undefined;

export class Arena {
  readonly kernels: Kernels;
  private readonly memory: WebAssembly.Memory;
  private used = 0;

  /** @param lengths of the arrays that will be asked for, in any order */
  constructor(lengths: readonly number[]) {
    const bytes = lengths.reduce((sum, length) => sum + aligned(4 * length), 0);
    if (bytes > mostBytes) throw new RangeError(`${bytes} bytes are more than a kernel can address`);
    this.memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / pageBytes)) });
    compiled ??= new WebAssembly.Module(binary);
    this.kernels = new WebAssembly.Instance(compiled, { env: { memory: this.memory } }).exports as unknown as Kernels;
  }

  /** An array of zeros. Throws RangeError beyond what was announced. */
  floats(length: number): Float32Array {
    const array = new Float32Array(this.memory.buffer, this.used, length);
    this.used += aligned(array.byteLength);
    return array;
  }
}

/** The address of an element of an arena's array. */
export function at(array: Float32Array, index = 0): number {
  return array.byteOffset + 4 * index;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Columns the product takes at a time; rows of a fixed matrix are padded to whole blocks. */
const block = 8;

/** A matrix [k, n] that stays the same for many products: the recurrent weights of one window. */
export class FixedMatrix {
  private readonly values: Float32Array;
  private readonly columns: number;

  constructor(
    private readonly arena: Arena,
    private readonly k: number,
    private readonly n: number,
  ) {
    this.columns = paddedColumns(n);
    this.values = arena.floats(k * this.columns);
  }

  /** Elements it takes of its arena. */
  static length(k: number, n: number): number {
    return k * paddedColumns(n);
  }

  load(matrix: Float32Array): void {
    if (this.columns === this.n) this.values.set(matrix);
    else for (let l = 0; l < this.k; l++) this.values.set(matrix.subarray(l * this.n, (l + 1) * this.n), l * this.columns);
  }

  /** Takes the transpose of a matrix [n, k]. */
  loadTransposed(matrix: Float32Array): void {
    for (let j = 0; j < this.n; j++) for (let l = 0; l < this.k; l++) this.values[l * this.columns + j] = matrix[j * this.k + l];
  }

  /** out[m, n] += a[m, k] · this, at the arrays' elements `outIndex` and `aIndex`. */
  multiplyAdd(out: Float32Array, outIndex: number, a: Float32Array, aIndex: number, m: number): void {
    this.arena.kernels.multiplyAdd(at(out, outIndex), at(a, aIndex), at(this.values), m, this.n, this.k);
  }
}

function paddedColumns(n: number): number {
  return Math.ceil(n / block) * block;
}
