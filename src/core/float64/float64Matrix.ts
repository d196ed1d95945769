/** The source × target matrix in float64: the per-target gradients of every target at once, in the first direction of the top layer. */
import { lengthOf } from '../numeric';
import { stepBackBuffers } from '../layers/float64Cell';
import { float64CellOf } from '../layers/registry';
import { addLossGradient } from './float64Backward';
import { log10Of } from './float64PerTarget';
import { rowsOf, type Float64Trace } from './float64Trace';

/** A row outside is brought back to unit length. */
const smallest = 1e-100;
const largest = 1e100;
/** Others are let in after so many steps. */
const stepsPerPause = 4;

/**
 * T × T, row τ, column t: log₁₀‖∂ℓ_τ/∂h_t‖; NaN where h_t cannot reach τ, −Infinity for exactly zero. `pause` is called now and then with the
 * part that is done; it may throw to cancel.
 */
export async function matrixInFloat64(
  trace: Float64Trace,
  pause: (done: number) => Promise<void>,
): Promise<Float64Array> {
  const { steps: T, layers } = trace;
  const {
    hiddenSize: H,
    cell: name,
    directions: [own],
  } = layers[layers.length - 1];
  const cell = float64CellOf(name);
  const width = layers[layers.length - 1].output.length / T;
  const back = stepBackBuffers(T, H, cell.gates.length * H, cell.states.length);
  const further = (cell.states.length - 1) * H;
  const logScales = new Float64Array(T);
  const source = new Float64Array(width);
  const matrix = new Float64Array(T * T).fill(NaN);
  const isForward = own.direction === 'forward';
  for (let visited = 0; visited < T; visited++) {
    // Row r of what travels is the target that was visited as r-th.
    const t = isForward ? T - 1 - visited : visited;
    const n = visited + 1;
    back.hidden.set(back.previous.subarray(0, visited * H));
    source.fill(0);
    addLossGradient(trace, t, 1, source, 0);
    back.hidden.set(source.subarray(0, H), visited * H);
    for (let r = 0; r < n; r++)
      matrix[(isForward ? T - 1 - r : r) * T + t] = log10Of(lengthOf(back.hidden, r * H, H), logScales[r]);
    cell.back(own, { ...back, n, step: t, ...rowsOf(own, t) });
    for (let r = 0; r < n; r++)
      logScales[r] += rescaled(
        back.previous.subarray(r * H, (r + 1) * H),
        back.further.subarray(r * further, (r + 1) * further),
      );
    if (visited % stepsPerPause === 0) await pause(n / T);
  }
  return matrix;
}

/** Returns the logarithm of what the row was divided by. */
function rescaled(previous: Float64Array, further: Float64Array): number {
  const length = Math.hypot(lengthOf(previous, 0, previous.length), lengthOf(further, 0, further.length));
  if (length === 0 || (length > smallest && length < largest)) return 0;
  for (const values of [previous, further]) for (let i = 0; i < values.length; i++) values[i] /= length;
  return Math.log(length);
}
