/** Series of a probe's states, read from its tape of one stream. */
import { cellOf } from '../../core/model/cells/registry';
import { after, before, type Tape } from '../../core/model/tape';
import { norm } from '../../core/numeric';

/** ‖h_t‖₂ of each step. */
export function hiddenNorms(tape: Tape, layer: number, d: number): Float64Array {
  const direction = tape.layers[layer].directions[d];
  return normsOf(tape, direction.hidden, (t) => after(direction, t));
}

/** ‖c_t‖₂ of each step; LSTM only. */
export function cellNorms(tape: Tape, layer: number, d: number): Float64Array {
  const direction = tape.layers[layer].directions[d];
  return normsOf(tape, direction.cellState, (t) => after(direction, t));
}

/** ‖h_t − h_{t−1}‖₂, of the step before in the direction's own order. */
export function hiddenChange(tape: Tape, layer: number, d: number, step: number): number {
  const direction = tape.layers[layer].directions[d];
  const H = tape.config.hiddenSize;
  const [to, from] = [after(direction, step) * H, before(direction, step) * H];
  let change = 0;
  for (let u = 0; u < H; u++) change += (direction.hidden[to + u] - direction.hidden[from + u]) ** 2;
  return Math.sqrt(change);
}

/** T × H values, time-major: 'hidden', 'cellState', or a gate by its name in `Cell.gates`. */
export function unitValues(tape: Tape, layer: number, d: number, quantity: string): Float32Array {
  const direction = tape.layers[layer].directions[d];
  const { hiddenSize: H, cell } = tape.config;
  const first = after(direction, 0) * H;
  if (quantity === 'hidden') return direction.hidden.slice(first, first + tape.steps * H);
  if (quantity === 'cellState') return direction.cellState.slice(first, first + tape.steps * H);
  const { gates } = cellOf(cell);
  const values = new Float32Array(tape.steps * H);
  for (let t = 0; t < tape.steps; t++) {
    const start = (t * gates.length + gates.indexOf(quantity)) * H;
    values.set(direction.gates.subarray(start, start + H), t * H);
  }
  return values;
}

function normsOf({ steps, config: { hiddenSize: H } }: Tape, states: Float32Array, row: (t: number) => number): Float64Array {
  return Float64Array.from({ length: steps }, (_, t) => norm(states, row(t) * H, H));
}
