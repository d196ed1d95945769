/**
 * Gradient flossing (Engelken 2023, arXiv:2312.17306): pulls Lyapunov exponents toward 0, where a gradient neither vanishes nor explodes. Of each recurrent layer and direction
 *   F = Σ_i λ_i²,  λ_i = (1/T) Σ_t ln |R_t,ii|,  Q_t R_t = J_t Q_{t−1},  J_t = ∂h_t/∂h_{t−1},
 * over the first k exponents of a window. Its gradient is exact: back through every QR, through J_t to R and to the states, and through these to all parameters below.
 */
import type { Weights } from '../model/generalModel';
import { rowsOf, type Float64Layer, type Float64Trace } from '../float64/float64Trace';
import { layerBack, type DirectionGradient } from '../float64/layerBack';
import type { NormGradient } from '../float64/norm';
import { matrix, setProduct } from '../float64/matrixProduct';
import { float64CellOf } from '../layers/registry';
import { orthonormalize } from './orthonormal';
import { orthonormalizeBack } from './orthonormalBack';

export interface Flossing {
  /** F of all layers and directions. */
  readonly loss: number;
  /** λ of each layer and direction, in the order in which they are followed: falling, once the text is long. */
  readonly exponents: readonly (readonly Float64Array[])[];
  /** Null where an exponent is not finite, since some direction is lost at a step: then there is none. */
  readonly gradient: FlossingGradient | null;
}

export interface FlossingGradient {
  readonly layers: readonly (readonly DirectionGradient[])[];
  readonly norms: readonly (readonly (NormGradient | null)[])[];
  /** [V, E]; null of one-hot tokens. */
  readonly embedding: Float64Array | null;
}

/** Directions that are followed through a window. */
export interface Directions {
  /** [H, k], orthonormal columns: before the first step. */
  readonly Q: Float64Array;
  readonly k: number;
}

/** What a window leaves for the way back. */
interface Followed extends Directions {
  /** Of each step, in the order of reading: Q [H, k] after it, and R [k, k]. */
  readonly after: readonly Float64Array[];
  readonly uppers: readonly Float64Array[];
  readonly exponents: Float64Array;
}

/**
 * Of a text that has been read by layers whose cells have `tangentsBack`.
 * @param starts of each layer and direction
 */
export function floss(trace: Float64Trace, starts: readonly (readonly Directions[])[]): Flossing {
  const followed = trace.layers.map((layer, l) =>
    layer.directions.map((_, d) => follow(trace, layer, d, starts[l][d])),
  );
  const exponents = followed.map((directions) => directions.map((each) => each.exponents));
  const loss = exponents.flat().reduce((sum, each) => each.reduce((squares, λ) => squares + λ * λ, sum), 0);
  return { loss, exponents, gradient: Number.isFinite(loss) ? gradientOf(trace, followed) : null };
}

/** Steps in the order in which a direction reads them. */
function stepOf({ direction }: Float64Layer['directions'][number], visited: number, steps: number): number {
  return direction === 'forward' ? visited : steps - 1 - visited;
}

function follow(
  { steps: T }: Float64Trace,
  { cell: name, hiddenSize: H, directions }: Float64Layer,
  d: number,
  { Q, k }: Directions,
): Followed {
  const own = directions[d];
  const cell = float64CellOf(name);
  const products = new PlainProducts(own.parameters.R, H, k);
  const exponents = new Float64Array(k);
  const logs = new Float64Array(k);
  const after: Float64Array[] = [];
  const uppers: Float64Array[] = [];
  let before = Q;
  for (let visited = 0; visited < T; visited++) {
    const step = stepOf(own, visited, T);
    const Y = before.slice();
    cell.tangents(own, { n: k, step, ...rowsOf(own, step), states: [Y], products });
    const upper = new Float64Array(k * k);
    orthonormalize(Y, H, k, logs, upper);
    for (let i = 0; i < k; i++) exponents[i] += logs[i] / T;
    after.push(Y);
    uppers.push(upper);
    before = Y;
  }
  return { Q, k, after, uppers, exponents };
}

/** What `tangents` needs of the products of a kind with one block of R whose input is held. */
class PlainProducts {
  readonly input = null;
  private readonly weights: Float64Array;
  private readonly out: Float64Array;
  private readonly R: Float64Array;

  constructor(
    R: Weights,
    private readonly H: number,
    private readonly n: number,
  ) {
    this.R = Float64Array.from(R);
    this.weights = new Float64Array(H);
    this.out = new Float64Array(H * n);
  }

  weightsOf(sums: number): Float64Array {
    if (sums !== 1) throw new Error('several sums over gates');
    return this.weights.fill(0);
  }

  mix(_sums: number, v: Float64Array): Float64Array {
    const { H, n, R, out, weights } = this;
    setProduct(matrix(out, n), matrix(R, H), matrix(v, n), H, n, H);
    for (let u = 0, i = 0; u < H; u++) for (let c = 0; c < n; c++, i++) out[i] *= weights[u];
    return out;
  }

  through(): Float64Array {
    throw new Error('no gates');
  }
}

function gradientOf(trace: Float64Trace, followed: readonly (readonly Followed[])[]): FlossingGradient {
  const { layers, steps: T, inputs, model } = trace;
  const found: { readonly gradient: readonly DirectionGradient[]; readonly norms: readonly (NormGradient | null)[] }[] =
    [];
  let above: Float64Array = new Float64Array(layers[layers.length - 1].output.length);
  for (let l = layers.length - 1; l >= 0; l--) {
    const { hiddenSize: H, directions } = layers[l];
    const ofStates = new Float64Array(T * directions.length * H);
    const ofR = directions.map((_, d) => unfollow(trace, layers[l], d, followed[l][d], ofStates));
    const back = layerBack(trace, l, above, null, true, null, ofStates);
    back.gradient.forEach(({ R }, d) => {
      for (let i = 0; i < R.length; i++) R[i] += ofR[d][i];
    });
    found.unshift(back);
    above = back.below ?? new Float64Array(0);
  }
  let embedding: Float64Array | null = null;
  if (model.embedding) {
    const E = model.embedding.length / model.vocabularySize;
    embedding = new Float64Array(model.embedding.length);
    for (let t = 0; t < T; t++) for (let i = 0; i < E; i++) embedding[inputs[t] * E + i] += above[t * E + i];
  }
  return { layers: found.map(({ gradient }) => gradient), norms: found.map(({ norms }) => norms), embedding };
}

/** Back through the window. Adds to `ofStates`, T × O, what reaches the states through their Jacobians. @returns [H, H]: what reaches R through them */
function unfollow(
  { steps: T }: Float64Trace,
  { cell: name, hiddenSize: H, directions }: Float64Layer,
  d: number,
  { Q, k, after, uppers, exponents }: Followed,
  ofStates: Float64Array,
): Float64Array {
  const own = directions[d];
  const cell = float64CellOf(name);
  if (!cell.tangentsBack) throw new Error(`the tangents of ${name} have no way back`);
  const R = new Float64Array(own.parameters.R.length);
  const gradient = new Float64Array(H * k);
  const logs = exponents.map((λ) => (2 * λ) / T);
  const width = directions.length * H;
  for (let visited = T - 1; visited >= 0; visited--) {
    const step = stepOf(own, visited, T);
    orthonormalizeBack(after[visited], uppers[visited], logs, gradient, H, k);
    const at = step * width + d * H;
    const read = visited > 0 ? after[visited - 1] : Q;
    cell.tangentsBack(own, {
      n: k,
      step,
      ...rowsOf(own, step),
      read,
      gradient,
      R,
      hidden: ofStates.subarray(at, at + H),
    });
  }
  return R;
}
