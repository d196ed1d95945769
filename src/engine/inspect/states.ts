/** Series of a probe's states, read from its trace. */
import { isUnitMapName, kindOf, unitMapNamed } from '../../layers/catalog';
import type { Argument } from '../../messages';
import { after, before } from '../../core/model/directionTape';
import type { Floats, MapValues, Trace } from '../../core/model/trace';
import { lengthOf } from '../../core/numeric';

/** What is read of a trace here. */
type States = Pick<Trace, 'layers' | 'steps'>;

/** ‖s_t‖₂ of each step, of one of the kind's states, or of the first: what the layer gives. */
export function stateNorms({ layers, steps }: States, layer: number, d: number, state = 0): Float64Array {
  const { cell, hiddenSize: H, directions, values } = layers[layer];
  if (values) return values.stateNorms(kindOf(cell).states[state].name);
  const direction = directions[d];
  return Float64Array.from({ length: steps }, (_, t) => lengthOf(direction.states[state], after(direction, t) * H, H));
}

/** ‖h_t − h_{t−1}‖₂ of what the layer gives, of the step before in the direction's own order. */
export function hiddenChange({ layers }: States, layer: number, d: number, step: number): number {
  const { hiddenSize: H, directions } = layers[layer];
  const direction = directions[d];
  const [to, from] = [after(direction, step) * H, before(direction, step) * H];
  const [given] = direction.states;
  let change = 0;
  for (let u = 0; u < H; u++) change += (given[to + u] - given[from + u]) ** 2;
  return Math.sqrt(change);
}

/** A unit map's name, for sentences; of a name that no kind has, that name. */
export function mapInWords(quantity: string): Argument {
  return isUnitMapName(quantity) ? { key: unitMapNamed(quantity).label, args: [] } : quantity;
}

/** One of the kind's unit maps, time-major. */
export function mapValues(trace: States, layer: number, d: number, quantity: string): MapValues {
  const { values, hiddenSize } = trace.layers[layer];
  return values ? values.unitMap(quantity) : { units: hiddenSize, values: unitValues(trace, layer, d, quantity) };
}

/** T × H values of one of a recurrent layer's unit maps, time-major. */
export function unitValues({ layers, steps }: States, layer: number, d: number, quantity: string): Floats {
  const { hiddenSize: H, cell, directions } = layers[layer];
  const direction = directions[d];
  const first = after(direction, 0) * H;
  const { gates, states, unitMaps } = kindOf(cell);
  const state = states.findIndex(({ unitMap }) => unitMap === quantity);
  if (state >= 0) return direction.states[state].slice(first, first + steps * H);
  const values = new Float32Array(steps * H);
  const derived = unitMaps.find(({ name }) => name === quantity)?.of;
  if (derived) {
    const ofUnit = new Float64Array(gates.length);
    for (let i = 0; i < values.length; i++) {
      const start = (i - (i % H)) * gates.length + (i % H);
      for (let gate = 0; gate < gates.length; gate++) ofUnit[gate] = direction.gates[start + gate * H];
      values[i] = derived(ofUnit);
    }
    return values;
  }
  for (let t = 0; t < steps; t++) {
    const start = (t * gates.length + gates.findIndex((gate) => gate === quantity)) * H;
    values.set(direction.gates.subarray(start, start + H), t * H);
  }
  return values;
}
