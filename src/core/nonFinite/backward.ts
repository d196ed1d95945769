/**
 * The way back, watched while it is computed (`float64Gradient`): the first gradient in the order of computation that is not finite, or leaves float32; and the first
 * gradient of a state that has become so small that float32 loses its digits.
 */
import { kindOf } from '../../layers/catalog';
import type { Float64Trace } from '../float64/float64Trace';
import type { GradientWatch } from '../float64/float64Backward';
import { float64CellOf } from '../layers/registry';
import type { StepBack } from '../layers/float64Cell';
import { firstOutside, isEveryFinite, leastNormal, lengthLeavesFloat32 } from './float32Range';
import { Order } from './order';
import { Earliest, inSublayer, nowhere, preActivationOf, type Place } from './place';

/** A quantity at a step of the way back. */
interface Row extends Pick<Place, 'layer' | 'direction' | 'quantity'> {
  readonly step: number;
  readonly visited: number;
  readonly block: number;
  readonly position: number;
  readonly values: Float64Array;
  readonly at: number;
  readonly width: number;
}

export class BackwardSearch implements GradientWatch {
  readonly earliest = new Earliest();
  /** The gradient of a state whose largest number is subnormal in float32, and not zero; `before` is the largest number one step later. */
  readonly underflow = new Earliest();
  /** Whether all that has been looked at is finite in float64. */
  isFinite = true;
  private readonly order: Order;
  private block = 0;
  /** Of each quantity of a direction under way, its numbers one step later. */
  private readonly later = new Map<string, Float64Array>();

  constructor(private readonly trace: Float64Trace) {
    this.order = new Order(trace.model);
  }

  output(above: Float64Array): void {
    const { layers, steps } = this.trace;
    this.block++;
    this.rows({ layer: layers.length - 1, direction: null, quantity: 'output' }, above, above.length / steps);
  }

  step(layer: number, d: number, back: StepBack): void {
    const { cell, hiddenSize: H, directions } = this.trace.layers[layer];
    const { direction } = directions[d];
    const { steps } = this.trace;
    const kind = kindOf(cell);
    const visited = direction === 'forward' ? steps - 1 - back.step : back.step;
    if (visited === 0) {
      this.block++;
      this.later.clear();
    }
    let position = 0;
    const look = (quantity: string, values: Float64Array, at: number) => {
      const row = { layer, direction, quantity, step: back.step, visited, block: this.block, position: position++ };
      this.kept({ ...row, values, at, width: H });
    };
    kind.states.forEach(({ name }, s) => {
      const [values, at] = s === 0 ? [back.hidden, 0] : [back.furtherTotal, (s - 1) * H];
      this.underflows({ layer, direction, quantity: name, step: back.step, visited, position: s }, values, at, H);
      look(name, values, at);
    });
    const { hasRecurrentCandidate } = float64CellOf(cell);
    kind.gates.forEach((name, g) => {
      look(preActivationOf(name), back.preActivations, g * H);
      if (hasRecurrentCandidate && g === kind.gates.length - 1) look(`${name}.recurrent`, back.recurrent, g * H);
    });
  }

  sublayer(layer: number, index: number, below: Float64Array, states: ReadonlyMap<string, Float64Array>): void {
    const { layers, steps } = this.trace;
    const { cell, hiddenSize, sublayers } = layers[layer];
    const { name, inputSize, mixer } = sublayers[index];
    this.block++;
    let position = 0;
    for (const [state, lengths] of states) {
      const described = kindOf(cell).states.find((each) => each.name === state);
      const width = (mixer && described?.width?.(mixer.layer)) ?? hiddenSize;
      this.lengths({ layer, direction: null, quantity: state }, lengths, width, position++);
    }
    if (below.length < steps) return;
    const quantity = inSublayer(sublayers, name, 'input');
    this.rows({ layer, direction: null, quantity }, below, inputSize, position);
  }

  /** The gradients of whole parameters, sums over steps, which are there at the end; in the order of their computation. */
  parameters(gradients: Iterable<readonly [name: string, values: Float64Array]>): void {
    let index = 0;
    for (const [parameter, values] of gradients) {
      index++;
      const unit = firstOutside(values, 0, values.length);
      if (unit < 0) continue;
      this.isFinite &&= isEveryFinite(values, 0, values.length);
      const place = { ...nowhere, pass: 'backward', step: null, quantity: 'parameter', before: null } as const;
      this.earliest.offer([Infinity, index], { ...place, unit, value: values[unit], parameter });
    }
  }

  private rows(
    place: Pick<Place, 'layer' | 'direction' | 'quantity'>,
    values: Float64Array,
    width: number,
    position = 0,
  ): void {
    const { steps } = this.trace;
    for (let visited = 0; visited < steps; visited++) {
      const step = steps - 1 - visited;
      const row = { ...place, step, visited, block: this.block, position, values, at: step * width, width };
      this.look(row, visited > 0 ? values.subarray((step + 1) * width, (step + 2) * width) : null);
    }
  }

  /** Of a state whose gradient's length alone is known. */
  private lengths(
    place: Pick<Place, 'layer' | 'direction' | 'quantity'>,
    lengths: Float64Array,
    width: number,
    position: number,
  ): void {
    const { steps } = this.trace;
    for (let visited = 0; visited < steps; visited++) {
      const step = steps - 1 - visited;
      const before = visited > 0 ? lengths[step + 1] : null;
      const [rank, value] = [this.order.rank(visited, this.block, position), lengths[step]];
      const found = { ...place, pass: 'backward', step, unit: null, before, value, parameter: null } as const;
      // A number can be no larger than the length.
      if (value > 0 && value < leastNormal) this.underflow.offer(rank, found);
      if (!lengthLeavesFloat32(value, width)) continue;
      this.isFinite &&= Number.isFinite(value);
      this.earliest.offer(rank, found);
    }
  }

  /** A row whose array is used again for the next step. */
  private kept(row: Row): void {
    const { quantity, values, at, width } = row;
    const later = this.later.get(quantity);
    this.look(row, later ?? null);
    const copy = later ?? new Float64Array(width);
    copy.set(values.subarray(at, at + width));
    this.later.set(quantity, copy);
  }

  private look(row: Row, later: Float64Array | null): void {
    const { layer, direction, quantity, step, visited, block, position, values, at, width } = row;
    const outside = firstOutside(values, at, width);
    if (outside < 0) return;
    this.isFinite &&= isEveryFinite(values, at, width);
    const unit = outside - at;
    this.earliest.offer(this.order.rank(visited, block, position), {
      pass: 'backward',
      step,
      layer,
      direction,
      quantity,
      unit,
      before: later ? later[unit] : null,
      value: values[outside],
      parameter: null,
    });
  }

  private underflows(
    { visited, position, ...place }: Pick<Row, 'layer' | 'direction' | 'quantity' | 'step' | 'visited' | 'position'>,
    values: Float64Array,
    at: number,
    width: number,
  ): void {
    const unit = largestOf(values, at, width);
    const value = Math.abs(values[at + unit]);
    if (!(value > 0 && value < leastNormal)) return;
    const later = this.later.get(place.quantity);
    const before = later ? Math.abs(later[largestOf(later, 0, width)]) : null;
    this.underflow.offer(this.order.rank(visited, this.block, position), {
      ...place,
      pass: 'backward',
      unit,
      before,
      value,
      parameter: null,
    });
  }
}

/** The index of the largest magnitude. */
function largestOf(values: Float64Array, at: number, width: number): number {
  let largest = 0;
  for (let u = 1; u < width; u++) if (Math.abs(values[at + u]) > Math.abs(values[at + largest])) largest = u;
  return largest;
}
