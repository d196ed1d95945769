/**
 * Products with a matrix that stays the same for many calls: the recurrent weights of one window. The matrix is copied into the
 * kernel's own memory once, and every call then moves only its few rows.
 */
import binary from './product.wasm';

interface Exports {
  /** out[m, n] += a[m, k] · b[k, n]; addresses in bytes, n a multiple of 8. */
  multiplyAdd(out: number, a: number, b: number, m: number, n: number, k: number): void;
}

const pageBytes = 65_536;
/** Columns the kernel takes at a time. */
const block = 8;

let compiled: WebAssembly.Module | undefined;

export class FixedProduct {
  /** n rounded up to whole blocks; the rest stays zero. */
  private readonly columns: number;
  private readonly matrix: Float32Array;
  private readonly rows: Float32Array;
  private readonly sums: Float32Array;
  private readonly kernel: Exports;

  /** For matrices [k, n] and at most `largestRows` rows a call. */
  constructor(
    private readonly k: number,
    private readonly n: number,
    private readonly largestRows: number,
  ) {
    this.columns = Math.ceil(n / block) * block;
    const sizes = [k * this.columns, largestRows * k, largestRows * this.columns];
    const pages = Math.ceil((4 * sizes.reduce((sum, size) => sum + size, 0)) / pageBytes);
    const memory = new WebAssembly.Memory({ initial: pages });
    let offset = 0;
    const take = (length: number) => {
      const array = new Float32Array(memory.buffer, offset, length);
      offset += array.byteLength;
      return array;
    };
    [this.matrix, this.rows, this.sums] = [take(sizes[0]), take(sizes[1]), take(sizes[2])];
    compiled ??= new WebAssembly.Module(binary);
    this.kernel = new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Exports;
  }

  /** Sets the matrix b [k, n]. */
  load(b: Float32Array): void {
    if (this.columns === this.n) this.matrix.set(b);
    else for (let l = 0; l < this.k; l++) this.matrix.set(b.subarray(l * this.n, (l + 1) * this.n), l * this.columns);
  }

  /** Sets the matrix to the transpose of b [n, k]. */
  loadTransposed(b: Float32Array): void {
    for (let j = 0; j < this.n; j++) for (let l = 0; l < this.k; l++) this.matrix[l * this.columns + j] = b[j * this.k + l];
  }

  /** out[m, n] += a[m, k] · b, with a from `aOffset` and out from its beginning; m at most `largestRows`. */
  add(out: Float32Array, a: Float32Array, aOffset: number, m: number): void {
    const { k, n, columns, rows, sums } = this;
    if (m > this.largestRows) throw new RangeError(`${m} rows, made for ${this.largestRows}`);
    for (let i = 0; i < m * k; i++) rows[i] = a[aOffset + i];
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) sums[i * columns + j] = out[i * n + j];
    this.kernel.multiplyAdd(sums.byteOffset, rows.byteOffset, this.matrix.byteOffset, m, columns, k);
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[i * n + j] = sums[i * columns + j];
  }
}
