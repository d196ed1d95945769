/** The input gradients of a frame as a grid of boundary × step, all relative to one number: so that falling in depth can be seen beside falling in time. */
import { seriesOf, type Frame } from '../../../src/protocol/frame';

export interface DepthGrid {
  /** N + 1: the top row is boundary N, what the output layer reads, the last one boundary 0. */
  readonly rows: number;
  /** rows × T: log₁₀(‖∂ℓ_τ/∂x^(l)_t‖ / ‖∂ℓ_τ/∂x^(N)_τ‖); NaN where τ cannot be reached, −∞ for exactly zero, +∞ where there is no finite size. */
  readonly values: Float32Array;
}

/** Null where the frame does not hold them. */
export function depthGrid(frame: Frame): DepthGrid | null {
  const { inputs, tokens, target } = frame.header;
  if (!inputs) return null;
  const [rows, T] = [inputs.length, tokens.length];
  const own = seriesOf(frame, 'inputFlow', rows - 1)?.[target] ?? NaN;
  const values = new Float32Array(rows * T).fill(NaN);
  for (let row = 0; row < rows; row++) {
    const flow = seriesOf(frame, 'inputFlow', rows - 1 - row);
    if (!flow) return null;
    for (let t = 0; t < T; t++) {
      // A target that sends nothing back has no size to compare with.
      const relative = Number.isFinite(own) ? flow[t] - own : Number.POSITIVE_INFINITY;
      values[row * T + t] = Number.isFinite(flow[t]) ? relative : flow[t];
    }
  }
  return { rows, values };
}
