/**
 * What reaches the input of the lowest layer: ∂/∂x_t = Σ_d W_dᵀ ∂/∂a_t, d its directions, a_t = W_d x_t + Wb_d. x_t is the one-hot token (a vector
 * of the vocabulary's size) or its embedding. Only lengths are wanted.
 */
import type { Arena } from '../../kernels/arena';
import { FixedMatrix64 } from '../../kernels/fixedMatrix64';
import type { GeneralModel } from '../model/generalModel';
import { lengthOf } from '../numeric';
import { addOuter, addRowsMatrix } from './products';

/** Rounding leaves about 1e-16 of ‖a‖² tr(W Wᵀ) in a quadratic form: above this share of it, twelve digits are right. */
const minShare = 1e-4;

export class LowestInput {
  /** Σ_d G·H: the pre-activations of all directions, side by side. */
  readonly width: number;
  private readonly product: Float64Array;
  /** W Wᵀ of the directions' W below one another, [width, width], and its trace; null where the product with W itself is faster. */
  private readonly gram: { readonly values: Float64Array; readonly trace: number } | null;
  private readonly scaled: Float64Array;

  /** @param lengths how many will be asked for: with a large vocabulary, ‖Wᵀa‖² = aᵀ W Wᵀ a is faster for many */
  constructor(
    private readonly model: GeneralModel,
    lengths: number,
  ) {
    const { inputSize: I, directions } = model.layers[0];
    this.width = directions.reduce((sum, { W }) => sum + W.length / I, 0);
    this.product = new Float64Array(I);
    this.scaled = new Float64Array(this.width);
    this.gram = this.width * (I + lengths) < 2 * lengths * I ? this.gramMatrix() : null;
  }

  /** ‖Σ_d W_dᵀ a_d‖, a [width] at `start`. */
  lengthOf(a: Float64Array, start: number): number {
    const { gram, scaled, width } = this;
    // At unit length, so that no square leaves what float64 holds.
    const length = lengthOf(a, start, width);
    if (length === 0 || !Number.isFinite(length)) return length;
    for (let j = 0; j < width; j++) scaled[j] = a[start + j] / length;
    if (gram) {
      const square = quadraticForm(gram.values, scaled);
      if (square > minShare * gram.trace) return length * Math.sqrt(square);
    }
    return length * this.lengthByProduct();
  }

  /**
   * The same of many rows at once, with the same bits, by a kernel: a function of rows [n, width] in `arena`, which gives the lengths of the first n.
   * @param n at most; the models' layers read in one direction
   */
  rowsIn(arena: Arena, n: number): (a: Float64Array, rows: number) => Float64Array {
    const { gram, width, model } = this;
    const [{ inputSize: I, directions }] = model.layers;
    const columns = gram ? width : I;
    const matrix = new FixedMatrix64(arena, width, columns);
    const scaled = arena.doubles(n * width);
    const product = arena.doubles(n * columns);
    const lengths = new Float64Array(n);
    let isLoaded = false;
    return (a, rows) => {
      if (!isLoaded) matrix.load(gram ? aboveDiagonal(gram.values, width) : directions[0].W);
      isLoaded = true;
      for (let r = 0; r < rows; r++) {
        lengths[r] = lengthOf(a, r * width, width);
        const isUsual = lengths[r] !== 0 && Number.isFinite(lengths[r]);
        for (let j = r * width; j < (r + 1) * width; j++) scaled[j] = isUsual ? a[j] / lengths[r] : 0;
      }
      product.fill(0, 0, rows * columns);
      matrix.multiplyAdd(product, scaled, 0, width, 0, width, rows);
      for (let r = 0; r < rows; r++) {
        if (lengths[r] === 0 || !Number.isFinite(lengths[r])) continue;
        if (!gram) {
          lengths[r] *= lengthOf(product, r * columns, columns);
          continue;
        }
        const square = quadraticFormOf(gram.values, scaled, product, r * width, width);
        if (square > minShare * gram.trace) {
          lengths[r] *= Math.sqrt(square);
        } else {
          this.scaled.set(scaled.subarray(r * width, (r + 1) * width));
          lengths[r] *= this.lengthByProduct();
        }
      }
      return lengths;
    };
  }

  private lengthByProduct(): number {
    const { product, scaled, model } = this;
    const { inputSize: I, directions } = model.layers[0];
    product.fill(0);
    let first = 0;
    for (const { W } of directions) {
      addRowsMatrix(product, scaled, first, 0, W, 1, W.length / I, I);
      first += W.length / I;
    }
    return lengthOf(product);
  }

  private gramMatrix(): { values: Float64Array; trace: number } {
    const { model, width } = this;
    const { inputSize: I, directions } = model.layers[0];
    const values = new Float64Array(width * width);
    const column = new Float64Array(width);
    for (let i = 0; i < I; i++) {
      let row = 0;
      for (const { W } of directions) for (let j = 0; j < W.length / I; j++) column[row++] = W[j * I + i];
      addOuter(values, column, 0, column, 0, width, width);
    }
    let trace = 0;
    for (let j = 0; j < width; j++) trace += values[j * width + j];
    return { values, trace };
  }
}

/** Of a symmetric M what stands above its diagonal, and zeros: a row times it is the sums of `quadraticForm`. */
function aboveDiagonal(M: Float64Array, n: number): Float64Array {
  return M.map((value, i) => (Math.floor(i / n) < i % n ? value : 0));
}

/** As `quadraticForm`, with its sums given in `rows`; both at `at`. */
function quadraticFormOf(M: Float64Array, a: Float64Array, rows: Float64Array, at: number, n: number): number {
  let sum = 0;
  for (let j = 0; j < n; j++) {
    const entry = a[at + j];
    if (entry !== 0) sum += entry * (2 * rows[at + j] + M[j * n + j] * entry);
  }
  return sum;
}

/** aᵀ M a of a symmetric M. */
function quadraticForm(M: Float64Array, a: Float64Array): number {
  const n = a.length;
  let sum = 0;
  for (let j = 0; j < n; j++) {
    if (a[j] === 0) continue;
    let row = 0;
    for (let k = 0; k < j; k++) row += M[j * n + k] * a[k];
    sum += a[j] * (2 * row + M[j * n + j] * a[j]);
  }
  return sum;
}
