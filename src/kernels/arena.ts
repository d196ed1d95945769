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
    this.values = arena.floats(FixedMatrix.length(k, n));
  }

  /** Elements it takes of its arena. */
  static length(k: number, n: number): number {
    return k * Math.ceil(n / panelWidth) * panelWidth;
  }

  load(matrix: Float32Array): void {
    this.pack(matrix, this.n, 1);
  }

  /** Takes the transpose of a matrix [n, k]. */
  loadTransposed(matrix: Float32Array): void {
    this.pack(matrix, 1, this.k);
  }

  /** out[m, n] += a[m, k] · this, at the arrays' elements `outIndex` and `aIndex`. */
  multiplyAdd(out: Float32Array, outIndex: number, a: Float32Array, aIndex: number, m: number): void {
    this.arena.kernels.multiplyAdd(at(out, outIndex), at(a, aIndex), at(this.values), m, this.n, this.k);
  }

  /** Element (l, j) is `matrix[l · rowStride + j · columnStride]`. */
  private pack(matrix: Float32Array, rowStride: number, columnStride: number): void {
    const { k, n, values } = this;
    for (let first = 0; first < n; first += panelWidth) {
      const width = Math.min(panelWidth, n - first);
      for (let l = 0; l < k; l++) {
        const to = first * k + l * panelWidth;
        const from = l * rowStride + first * columnStride;
        for (let c = 0; c < width; c++) values[to + c] = matrix[from + c * columnStride];
      }
    }
  }
}
