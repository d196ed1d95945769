/** The source × target matrix in float64: the per-target gradients of many targets at once, in the first direction of the top layer. */
import { Arena } from '../../kernels/arena';
import { wholeMatrix, type MatrixRows } from '../analysis/matrixRows';
import { FixedMatrix64 } from '../../kernels/fixedMatrix64';
import { stepBackBuffers, type StepBack } from '../layers/float64Cell';
import { kindOf } from '../../layers/catalog';
import { float64CellOf } from '../layers/registry';
import { lengthOf } from '../numeric';
import { log10Of } from './arithmetic';
import { addLossGradient } from './float64Backward';
import { float64InputRows } from './float64InputMatrix';
import { perTargetInFloat64 } from './float64PerTarget';
import { rowsOf, type Float64Layer, type Float64Trace } from './float64Trace';

/** A row outside is brought back to unit length. */
const smallest = 1e-100;
const largest = 1e100;
/** Numbers of a block's pre-activations: what travels stays in the nearer caches. */
const maxNumbersOfBlock = 8192;
const maxRowsOfBlock = 64;

/**
 * T × T, row τ, column t: log₁₀‖∂ℓ_τ/∂h_t‖; NaN where h_t cannot reach τ, −Infinity for exactly zero. `pause` is called now and then with the
 * part that is done; it may throw to cancel.
 */
export function matrixInFloat64(trace: Float64Trace, pause: (done: number) => Promise<void>): Promise<Float64Array> {
  return wholeMatrix(trace.steps, topRowsInFloat64(trace), pause);
}

/** Rows of that matrix; of a mixer at the top of its first state, or, where it has none, of what the lowest layer reads. */
export function topRowsInFloat64(trace: Float64Trace): MatrixRows {
  const top = trace.layers.length - 1;
  const { sublayers } = trace.layers[top];
  if (sublayers.every(({ mixer }) => !mixer)) return new Float64TopRows(trace);
  if (kindOf(trace.layers[top].cell).states.length === 0) return float64InputRows(trace);
  return {
    blockSize: 1,
    async write(from, _to, out) {
      const { norms } = await perTargetInFloat64(trace, from);
      out.set(norms[top][0][0]);
    },
  };
}

/** Of a recurrent layer, rows of that matrix, in any order: each has the same bits whatever others it is computed with. */
export class Float64TopRows implements MatrixRows {
  readonly blockSize: number;
  private readonly layer: Float64Layer;
  private readonly back: Omit<StepBack, 'n' | 'before' | 'after' | 'step'>;
  private readonly logScales: Float64Array;
  /** Numbers of what travels of one target: h, and the states behind it. */
  private readonly further: number;
  private readonly source: Float64Array;

  constructor(private readonly trace: Float64Trace) {
    this.layer = trace.layers[trace.layers.length - 1];
    const {
      hiddenSize: H,
      cell,
      directions: [{ parameters }],
    } = this.layer;
    const { gates, states } = float64CellOf(cell);
    const width = gates.length * H;
    this.blockSize = Math.max(4, Math.min(maxRowsOfBlock, Math.floor(maxNumbersOfBlock / width), trace.steps));
    this.further = (states.length - 1) * H;
    this.logScales = new Float64Array(this.blockSize);
    this.source = new Float64Array(this.layer.output.length / trace.steps);
    const { buffers, R } = Arena.build((arena) => ({
      buffers: stepBackBuffers(this.blockSize, H, width, states.length, (length) => arena.doubles(length)),
      R: parameters.R.length > 0 ? new FixedMatrix64(arena, width, H) : null,
    }));
    R?.load(parameters.R);
    this.back = R
      ? {
          ...buffers,
          throughR: (out, v, first, stride, row, rows, n) => R.multiplyAdd(out, v, first, stride, row, rows, n),
        }
      : buffers;
  }

  write(from: number, to: number, out: Float64Array): void {
    const { trace, layer, back, logScales, further, source } = this;
    const {
      hiddenSize: H,
      cell: name,
      directions: [own],
    } = layer;
    const cell = float64CellOf(name);
    const T = trace.steps;
    const isForward = own.direction === 'forward';
    out.fill(NaN);
    logScales.fill(0);
    back.further.fill(0);
    // Row r of what travels is the target that was visited as r-th.
    const targetOf = (r: number) => (isForward ? to - 1 - r : from + r);
    const visits = isForward ? to : T - from;
    for (let visited = 0; visited < visits; visited++) {
      const t = targetOf(visited);
      const n = Math.min(to - from, visited + 1);
      back.hidden.set(back.previous.subarray(0, Math.min(n, visited) * H));
      if (visited < n) {
        source.fill(0);
        addLossGradient(trace, t, 1, source, 0);
        back.hidden.set(source.subarray(0, H), visited * H);
      }
      for (let r = 0; r < n; r++)
        out[(targetOf(r) - from) * T + t] = log10Of(lengthOf(back.hidden, r * H, H), logScales[r]);
      cell.back(own, { ...back, n, step: t, ...rowsOf(own, t) });
      for (let r = 0; r < n; r++) logScales[r] += rescaled(back, r, H, further);
    }
  }
}

/** Returns the logarithm of what the row was divided by. */
function rescaled(
  { previous, further }: Pick<StepBack, 'previous' | 'further'>,
  row: number,
  H: number,
  F: number,
): number {
  const size = Math.max(largestOf(previous, row * H, H), largestOf(further, row * F, F));
  // The length is not much more than the largest entry.
  if (size === 0 || (size > smallest && size < largest / (H + F))) return 0;
  const length = Math.hypot(lengthOf(previous, row * H, H), lengthOf(further, row * F, F));
  if (length === 0 || (length > smallest && length < largest)) return 0;
  for (let i = row * H; i < (row + 1) * H; i++) previous[i] /= length;
  for (let i = row * F; i < (row + 1) * F; i++) further[i] /= length;
  return Math.log(length);
}

/** NaN where one is. */
function largestOf(values: Float64Array, at: number, length: number): number {
  let found = 0;
  for (let i = at; i < at + length; i++) {
    const size = Math.abs(values[i]);
    if (!(size <= found)) found = size;
  }
  return found;
}
