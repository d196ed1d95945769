/** Flossing where directions of the state must be followed from step to step, by repeated QR, and the way back through it. */
import { rowsOf, type Float64Layer } from '../float64/float64Trace';
import { addProduct, matrix } from '../float64/matrixProduct';
import type { Float64Cell, TangentProducts, TraceGradient } from '../layers/float64Cell';
import type { Flossed } from './flossed';
import { HeldMatrix } from './heldMatrix';
import { orthonormalize } from './orthonormal';
import { orthonormalizeBack } from './orthonormalBack';

/** Directions that are followed through a window. */
export interface Directions {
  /** [S·H, k], S states, orthonormal columns: before the first step. */
  readonly Q: Float64Array;
  readonly k: number;
}

/** Columns that are gathered for one product that gives the gradient by R. */
const maxGathered = 512;

type Direction = Float64Layer['directions'][number];

/** Of a cell with `tangentsBack`. The exponents are in the order of the columns. */
export function followDirections(T: number, own: Direction, cell: Float64Cell, { Q, k }: Directions): Flossed {
  const H = own.layer.hiddenSize;
  const rows = own.parameters.R.length / H;
  const R = new HeldMatrix(own.parameters.R, rows, H, k);
  const products = new PlainProducts(R, rows, H, k);
  const exponents = new Float64Array(k);
  const logs = new Float64Array(k);
  // Of each step, in the order of reading: Q [S·H, k] after it, and R [k, k].
  const after: Float64Array[] = [];
  const uppers: Float64Array[] = [];
  let before = Q;
  for (let visited = 0; visited < T; visited++) {
    const step = stepOf(own, visited, T);
    const Y = before.slice();
    cell.tangents(own, { n: k, step, ...rowsOf(own, step), states: statesOf(Y, H * k), products });
    const upper = new Float64Array(k * k);
    orthonormalize(Y, Y.length / k, k, logs, upper);
    for (let i = 0; i < k; i++) exponents[i] += logs[i] / T;
    after.push(Y);
    uppers.push(upper);
    before = Y;
  }
  return {
    exponents,
    back: (of, ofR) => {
      followBack(T, own, cell, { start: { Q, k }, after, uppers, exponents, R }, of, ofR);
    },
  };
}

/** Steps in the order in which a direction reads them. */
function stepOf({ direction }: Direction, visited: number, steps: number): number {
  return direction === 'forward' ? visited : steps - 1 - visited;
}

/** The rows of each state. @param length H·n */
function statesOf(all: Float64Array, length: number): Float64Array[] {
  return Array.from({ length: all.length / length }, (_, state) => all.subarray(state * length, (state + 1) * length));
}

function followBack(
  T: number,
  own: Direction,
  cell: Float64Cell,
  {
    start: { Q, k },
    after,
    uppers,
    exponents,
    R,
  }: {
    readonly start: Directions;
    readonly after: readonly Float64Array[];
    readonly uppers: readonly Float64Array[];
    readonly exponents: Float64Array;
    readonly R: HeldMatrix;
  },
  of: TraceGradient,
  ofR: Float64Array,
): void {
  if (!cell.tangentsBack) throw new Error('the tangents of this kind have no way back');
  const { layer, parameters } = own;
  const H = layer.hiddenSize;
  const rows = parameters.R.length / H;
  const through = new Float64Array(rows * k);
  const throughGradient = new Float64Array(rows * k);
  const gradient = new Float64Array(Q.length);
  const states = statesOf(gradient, H * k);
  const logs = exponents.map((λ) => (2 * λ) / T);
  const gathered = new Gathered(rows, H, k, ofR);
  for (let visited = T - 1; visited >= 0; visited--) {
    const step = stepOf(own, visited, T);
    orthonormalizeBack(after[visited], uppers[visited], logs, gradient, Q.length / k, k);
    const read = statesOf(visited > 0 ? after[visited - 1] : Q, H * k);
    // Made again rather than kept: of many directions it would be most of the memory.
    R.multiply(through, read[0]);
    cell.tangentsBack(own, {
      ...{ n: k, step, ...rowsOf(own, step) },
      ...{ read, through, gradient: states, throughGradient, of },
    });
    R.addTransposed(states[0], throughGradient);
    gathered.add(throughGradient, read[0]);
  }
  gathered.flush();
  // What reaches R's output at a step goes on to the state before it.
  const first = rowsOf(own, 0).before;
  const before = { values: of.states[0], at: first * H, stride: H };
  addProduct(before, matrix(of.recurrent, rows), matrix(parameters.R, H), T, H, rows);
}

/** Σ_t P_t V_tᵀ, P [rows, k] and V [H, k], several steps in one product. */
class Gathered {
  private readonly steps: number;
  /** [rows, steps·k] and [steps·k, H]. */
  private readonly left: Float64Array;
  private readonly right: Float64Array;
  private count = 0;

  /** @param sum [rows, H] += */
  constructor(
    private readonly rows: number,
    private readonly H: number,
    private readonly k: number,
    private readonly sum: Float64Array,
  ) {
    this.steps = Math.max(1, Math.floor(maxGathered / k));
    this.left = new Float64Array(rows * this.steps * k);
    this.right = new Float64Array(this.steps * k * H);
  }

  add(P: Float64Array, V: Float64Array): void {
    const { rows, H, k, left, right, steps } = this;
    if (this.count === steps) this.flush();
    const first = this.count * k;
    for (let row = 0; row < rows; row++) for (let i = 0; i < k; i++) left[row * steps * k + first + i] = P[row * k + i];
    for (let u = 0; u < H; u++) for (let i = 0; i < k; i++) right[(first + i) * H + u] = V[u * k + i];
    this.count++;
  }

  flush(): void {
    const { rows, H, k, left, right, steps, count, sum } = this;
    addProduct(matrix(sum, H), matrix(left, steps * k), matrix(right, H), rows, H, count * k);
    this.count = 0;
  }
}

/** What `tangents` needs of the products of a kind whose input is held. */
class PlainProducts implements TangentProducts {
  readonly input = null;
  private weights = new Float64Array(0);
  private out = new Float64Array(0);
  private readonly product: Float64Array;

  constructor(
    private readonly R: HeldMatrix,
    private readonly rows: number,
    private readonly H: number,
    private readonly n: number,
  ) {
    this.product = new Float64Array(rows * n);
  }

  weightsOf(sums: number): Float64Array {
    const { rows, H, n } = this;
    if (this.weights.length !== sums * rows) {
      this.weights = new Float64Array(sums * rows);
      this.out = new Float64Array(sums * H * n);
    }
    return this.weights.fill(0);
  }

  // Of few directions weighting what R gives is less work than weighting R's rows.
  mix(sums: number, v: Float64Array): Float64Array {
    const { H, n, R, rows, weights, product, out } = this;
    R.multiply(product, v);
    out.fill(0);
    for (let sum = 0; sum < sums; sum++)
      for (let row = 0; row < rows; row++) {
        const weight = weights[sum * rows + row];
        if (weight === 0) continue;
        const to = (sum * H + (row % H)) * n;
        for (let i = 0; i < n; i++) out[to + i] += weight * product[row * n + i];
      }
    return out;
  }

  through(): Float64Array {
    throw new Error('no kind that can be flossed has a product within another');
  }
}
