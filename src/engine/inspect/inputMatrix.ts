/** The matrix of the lowest boundary for a report. It passes every layer once for each target, which in float64 takes minutes where the rest takes seconds. */
import { kernelModel, workOfStep, type Inspector } from './inspector';
import type { Reading } from './reading';

/** Multiply-adds above which the kernels compute it, if their numbers are right: some ten seconds in float64. */
const maxFloat64Work = 1e10;
/** Of logarithms to base 10: what every figure keeps. */
const tolerance = 1e-3;

/**
 * T × T, row τ, column t: log₁₀‖∂ℓ_τ/∂x_t‖; NaN where x_t cannot reach τ, −Infinity for exactly zero.
 * @param reading of the text, which has been taken for right  @param pause receives the part that is done; it may throw to cancel
 */
export async function inputMatrixOf(
  inspector: Inspector,
  reading: Reading,
  text: string,
  pause: (done: number) => Promise<void>,
  maxWork = maxFloat64Work,
): Promise<Float64Array> {
  return (await readingForInputMatrix(inspector, reading, text, maxWork)).inputMatrix(pause);
}

/** The reading that the matrix is computed from: `reading`, or one by the kernels. */
export async function readingForInputMatrix(
  inspector: Inspector,
  reading: Reading,
  text: string,
  maxWork = maxFloat64Work,
): Promise<Reading> {
  const { general } = inspector.model;
  const plain = inspector.model.plain && kernelModel(inspector.model.plain);
  const { steps } = reading.trace;
  if (!plain || steps ** 2 * workOfStep(general) < maxWork) return reading;
  const fast = await inspector.readPlain(text);
  return (await agree(fast, reading, steps)) ? fast : reading;
}

/** Whether four rows, to the last target too, are the same: where rounding grows along the text, it shows there. */
async function agree(fast: Reading, reading: Reading, steps: number): Promise<boolean> {
  if (fast === reading) return true;
  for (const part of [1, 0.75, 0.5, 0.25]) {
    const target = Math.ceil(part * steps) - 1;
    const [actual, expected] = [await fast.inputFlow(target), await reading.inputFlow(target)];
    if (!actual.every((value, t) => Object.is(value, expected[t]) || Math.abs(value - expected[t]) < tolerance))
      return false;
  }
  return true;
}
