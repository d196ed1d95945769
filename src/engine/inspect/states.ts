/** Series of a probe's states, read from its trace. */
import { kindOf } from '../../layers/catalogue';
import { after, before } from '../../core/model/directionTape';
import type { Floats, LayerTrace, Trace } from '../../core/model/trace';
import { lengthOf } from '../../core/numeric';

/** What is read of a trace here. */
type States = Pick<Trace, 'layers' | 'steps'>;

/** ‖h_t‖₂ of each step. */
export function hiddenNorms({ layers, steps }: States, layer: number, d: number): Float64Array {
  const direction = layers[layer].directions[d];
  return normsOf(steps, layers[layer], direction.hidden, (t) => after(direction, t));
}

/** ‖c_t‖₂ of each step; LSTM only. */
export function cellNorms({ layers, steps }: States, layer: number, d: number): Float64Array {
  const direction = layers[layer].directions[d];
  return normsOf(steps, layers[layer], direction.cellState, (t) => after(direction, t));
}

/** ‖h_t − h_{t−1}‖₂, of the step before in the direction's own order. */
export function hiddenChange({ layers }: States, layer: number, d: number, step: number): number {
  const { hiddenSize: H, directions } = layers[layer];
  const direction = directions[d];
  const [to, from] = [after(direction, step) * H, before(direction, step) * H];
  let change = 0;
  for (let u = 0; u < H; u++) change += (direction.hidden[to + u] - direction.hidden[from + u]) ** 2;
  return Math.sqrt(change);
}

/** T × H values, time-major: 'hidden', 'cellState', or a gate by its name in `Cell.gates`. */
export function unitValues({ layers, steps }: States, layer: number, d: number, quantity: string): Floats {
  const { hiddenSize: H, cell, directions } = layers[layer];
  const direction = directions[d];
  const first = after(direction, 0) * H;
  if (quantity === 'hidden') return direction.hidden.slice(first, first + steps * H);
  if (quantity === 'cellState') return direction.cellState.slice(first, first + steps * H);
  const { gates } = kindOf(cell);
  const values = new Float32Array(steps * H);
  for (let t = 0; t < steps; t++) {
    const start = (t * gates.length + gates.findIndex((gate) => gate === quantity)) * H;
    values.set(direction.gates.subarray(start, start + H), t * H);
  }
  return values;
}

function normsOf(steps: number, { hiddenSize: H }: LayerTrace, states: Floats, row: (t: number) => number): Float64Array {
  return Float64Array.from({ length: steps }, (_, t) => lengthOf(states, row(t) * H, H));
}
