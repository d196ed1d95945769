/** A layer's directions side by side: what it gives, and what comes back to it. */
import { at } from '../../kernels/arena';
import { outputSize } from '../model/config';
import type { DirectionTape } from '../model/directionTape';
import type { LayerTape, Tape } from '../model/tape';

/** Writes what each step of both directions gives into the layer's output. What a single direction gives is that already. */
export function concatenate({ config, arena, rows, batch }: Tape, { directions, output }: LayerTape): void {
  if (directions.length === 1) return;
  const H = config.hiddenSize;
  directions.forEach(({ direction, states: [given] }, d) => {
    const first = at(given, direction === 'forward' ? batch * H : 0);
    arena.kernels.copyColumns(at(output, d * H), outputSize(config), first, H, rows, H);
  });
}

/** The states before each step, T × B × H: what R reads. */
export function statesBefore({ config, rows, batch }: Tape, { direction, states: [read] }: DirectionTape): Float32Array {
  const H = config.hiddenSize;
  const start = direction === 'forward' ? 0 : batch * H;
  return read.subarray(start, start + rows * H);
}
