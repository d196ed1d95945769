/** The source × target matrix of the lowest boundary in float64: ∂ℓ_τ/∂x_t for every target τ, through every layer and direction. */
import { wholeMatrix, type MatrixRows } from '../analysis/matrixRows';
import { inputRowsInFloat64 } from './float64InputRows';
import { perTargetInFloat64, inputFlow } from './float64PerTarget';
import type { Float64Trace } from './float64Trace';
import { mixerRows } from './mixerRows';
import { LowestInput } from './lowestInput';

/**
 * T × T, row τ, column t: log₁₀‖∂ℓ_τ/∂x_t‖ of what the lowest layer reads; NaN where x_t cannot reach τ, −Infinity for exactly zero. `pause` is called
 * now and then with the part that is done; it may throw to cancel.
 */
export function inputMatrixInFloat64(
  trace: Float64Trace,
  pause: (done: number) => Promise<void>,
): Promise<Float64Array> {
  return wholeMatrix(trace.steps, float64InputRows(trace), pause);
}

/** Rows of that matrix. */
export function float64InputRows(trace: Float64Trace): MatrixRows {
  const { steps: T, model, layers } = trace;
  const isRecurrent = layers.every(({ sublayers }) => sublayers.every(({ mixer }) => !mixer));
  const input = new LowestInput(model, (T * (T + 1)) / 2);
  if (isRecurrent && layers.every(({ directions }) => directions.length === 1 && directions[0].direction === 'forward'))
    return inputRowsInFloat64(trace, input);
  const ofMixers = mixerRows(trace);
  if (ofMixers) return ofMixers;
  return {
    blockSize: 1,
    async write(from, _to, out) {
      out.set(inputFlow(await perTargetInFloat64(trace, from), input));
    },
  };
}
