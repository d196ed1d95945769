/** The source × target matrix of a text, as the panel draws it: each target's row relative to the target's own step. */
import { UserError } from '../../userError';
import type { TargetMatrix } from '../../protocol/targetMatrix';
import type { Inspector } from './inspector';
import { noMatrixOfNumbers } from './report';

/** A matrix of more tokens than this is larger than any screen. */
const maxSteps = 2048;

/** @param pause called now and then with the part that is done; throws when it is canceled */
export async function makeTargetMatrix(
  inspector: Inspector,
  text: string,
  trainingStep: number,
  pause: (done: number) => Promise<void>,
): Promise<TargetMatrix> {
  const { ids, symbols, numbers } = inspector.encode(text);
  if (numbers) throw noMatrixOfNumbers();
  const T = ids.length - 1;
  if (T > maxSteps) throw new UserError('error.inspect.matrixTooLarge', T + 1);
  const reading = await inspector.readForMatrix(text);
  const { trace } = reading;
  const tokens = Array.from(trace.inputs, (id) => symbols[id]);
  const matrix = await reading.matrix(pause);
  return { trainingStep, tokens, layer: trace.layers.length - 1, series: null, values: rowsRelativeToOwn(matrix, T) };
}

/** Of T × T logarithms each row less its own diagonal. */
export function rowsRelativeToOwn(matrix: Float64Array, T: number): Float32Array {
  const values = new Float32Array(T * T);
  for (let row = 0; row < T; row++) {
    const own = matrix[row * T + row];
    // A target that sends nothing back has no size to compare with: its whole row is zero.
    for (let t = 0; t < T; t++)
      values[row * T + t] = Number.isFinite(own) ? matrix[row * T + t] - own : matrix[row * T + t];
  }
  return values;
}
