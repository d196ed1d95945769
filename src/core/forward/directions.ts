/** A layer's directions side by side: what it gives, and what comes back to it. */
import { at } from '../../kernels/arena';
import type { DirectionTape } from '../model/directionTape';
import type { LayerTape, Tape } from '../model/tape';

/** Writes what each step of both directions gives into the layer's output. What a single direction gives is that already. */
export function concatenate({ arena, rows, batch }: Tape, { directions, sublayers, hiddenSize: H }: LayerTape): void {
  if (directions.length === 1) return;
  const [{ output }] = sublayers;
  directions.forEach(({ direction, states: [given] }, d) => {
    const first = at(given, direction === 'forward' ? batch * H : 0);
    arena.kernels.copyColumns(at(output, d * H), directions.length * H, first, H, rows, H);
  });
}

/** The states before each step, T × B × H. @param state which of the kind's; the first is what R reads */
export function statesBefore(
  { rows, batch }: Tape,
  { direction, states }: DirectionTape,
  H: number,
  state = 0,
): Float32Array {
  const start = direction === 'forward' ? 0 : batch * H;
  return states[state].subarray(start, start + rows * H);
}
