/** The way forward through a window that has been read in float64: the first number in the order of computation that is not finite, or leaves float32. */
import { kindOf } from '../../layers/catalog';
import { rowsOf, type Float64Layer, type Float64Sublayer, type Float64Trace } from '../float64/float64Trace';
import { matrix, setProductOfTransposed } from '../float64/matrixProduct';
import { float64CellOf } from '../layers/registry';
import type { Floats } from '../model/trace';
import { firstOutside, isEveryFinite, lengthLeavesFloat32 } from './float32Range';
import { Order } from './order';
import { Earliest, inSublayer, nowhere, preActivationOf, type Place } from './place';

/** A quantity that has `width` numbers at every step. */
interface Lane extends Pick<Place, 'layer' | 'direction' | 'quantity'> {
  readonly width: number;
  readonly values: Floats;
  /** Where a step's numbers begin; by default at t · width. */
  readonly rowOf?: (t: number) => number;
  /** Likewise what they were one step before, of a state also before the first step. */
  readonly rowBefore?: (t: number) => number;
  /** Steps at which it takes part in the pass; by default all. */
  readonly isAt?: (t: number) => boolean;
  /** The values are lengths of vectors of so many numbers. */
  readonly lengthsOf?: number;
}

/** Steps whose logits are computed at once. */
const stepsOfLogits = 64;

export class ForwardSearch {
  readonly earliest = new Earliest();
  /** Whether all that has been looked at is finite in float64. */
  isFinite = true;
  private readonly order: Order;
  private block = 0;
  private position = 0;

  constructor(private readonly trace: Float64Trace) {
    this.order = new Order(trace.model);
  }

  run(): this {
    const { model, layers, top, targetLogProbabilities } = this.trace;
    const [{ sublayers }] = layers;
    const [{ input, inputSize }] = sublayers;
    if (input) this.look({ ...nowhere, quantity: 'embedding', width: inputSize, values: input });
    layers.forEach((layer, l) => this.layer(layer, l));
    this.nextBlock();
    const width = model.output.W.length / model.vocabularySize;
    if (model.norm) this.look({ ...nowhere, quantity: 'norm', width, values: top });
    this.logits(width);
    const losses = targetLogProbabilities.map((value) => -value);
    this.look({ ...nowhere, quantity: 'loss', width: 1, values: losses, isAt: this.isPredictedAt });
    return this;
  }

  private layer(layer: Float64Layer, l: number): void {
    const { sublayers, directions } = layer;
    const own = { layer: l, direction: null };
    sublayers.forEach((sublayer) => {
      const { name, norm, read, inputSize, mixer, output, residual, dropout } = sublayer;
      this.nextBlock();
      if (norm && read)
        this.look({ ...own, quantity: inSublayer(sublayers, name, 'norm'), width: inputSize, values: read });
      const quantity = inSublayer(sublayers, name, 'output');
      if (mixer) this.mixer(layer, sublayer, l, quantity);
      else directions.forEach((_, d) => this.direction(layer, d, l));
      // Without these it is what has been looked at.
      if (!residual && !dropout) return;
      this.nextBlock();
      this.look({ ...own, quantity, width: output.length / this.trace.steps, values: output });
    });
  }

  private direction({ cell, hiddenSize: H, directions }: Float64Layer, d: number, layer: number): void {
    this.nextBlock();
    const own = directions[d];
    const { direction, preActivations, gates, states, recurrentCandidate } = own;
    const kind = kindOf(cell);
    const { lateGates = [] } = float64CellOf(cell);
    const G = kind.gates.length;
    const at = { layer, direction, width: H };
    const lookAtGate = (name: string, g: number) => {
      const rowOf = (t: number) => (t * G + g) * H;
      if (g === G - 1 && recurrentCandidate.length > 0)
        this.look({ ...at, quantity: `${name}.recurrent`, values: recurrentCandidate });
      this.look({ ...at, quantity: preActivationOf(name), values: preActivations, rowOf });
      this.look({ ...at, quantity: name, values: gates, rowOf });
    };
    const lookAtState = (name: string, s: number) => {
      const [rowOf, rowBefore] = [(t: number) => rowsOf(own, t).after * H, (t: number) => rowsOf(own, t).before * H];
      this.look({ ...at, quantity: name, values: states[s], rowOf, rowBefore });
    };
    kind.gates.forEach((name, g) => {
      if (!lateGates.includes(g)) lookAtGate(name, g);
    });
    kind.states.forEach(({ name }, s) => {
      if (s > 0) lookAtState(name, s);
    });
    for (const g of lateGates) lookAtGate(kind.gates[g], g);
    lookAtState(kind.states[0].name, 0);
  }

  private mixer({ cell }: Float64Layer, { mixer, states }: Float64Sublayer, layer: number, quantity: string): void {
    if (!mixer) return;
    const { code, layer: sizes, trace } = mixer;
    const at = { layer, direction: null };
    const ofKind = kindOf(cell).states;
    const norms = code.stateNorms(sizes, trace);
    const onTheWay = code.onTheWay?.(sizes, trace) ?? [];
    for (const { name, units, values } of onTheWay) this.look({ ...at, quantity: name, width: units, values });
    // Of a state whose numbers are not among those, its lengths.
    states.forEach((name, s) => {
      const state = ofKind.find((each) => each.name === name);
      const lengthsOf = state?.width?.(sizes) ?? sizes.hidden;
      if (!code.onTheWay) this.look({ ...at, quantity: name, width: 1, values: norms[s], lengthsOf });
    });
    this.look({ ...at, quantity, width: trace.output.length / this.trace.steps, values: trace.output });
  }

  /** W top + b, which the trace does not keep. */
  private logits(width: number): void {
    const { model, top, steps } = this.trace;
    const { vocabularySize: V, output } = model;
    for (let from = 0; from < steps; from += stepsOfLogits) {
      // With the last step of those before, to which the first is compared.
      const first = Math.max(0, from - 1);
      const n = Math.min(steps, from + stepsOfLogits) - first;
      const values = new Float64Array(n * V);
      const read = matrix(top.subarray(first * width, (first + n) * width), width);
      setProductOfTransposed(values, read, matrix(output.W, width), n, V, width, output.b);
      const rowOf = (t: number) => (t - first) * V;
      const quantity = model.isOfNumbers ? 'predictions' : 'logits';
      this.look({ ...nowhere, quantity, width: V, values, rowOf, isAt: this.isPredictedAt }, first, n);
    }
  }

  /** Elsewhere the output layer gives numbers too, of which nothing is made. */
  private readonly isPredictedAt = (t: number) => this.trace.targets[t] >= 0;

  private nextBlock(): void {
    this.block++;
    this.position = 0;
  }

  /** Offers the first step at which a number of the lane leaves float32. @param first of so many steps of the way forward */
  private look(lane: Lane, first = 0, count = this.trace.steps): void {
    const { steps } = this.trace;
    const { width, values, rowOf = (t) => t * width, rowBefore, isAt, lengthsOf, layer, direction, quantity } = lane;
    const position = this.position++;
    let isOffered = false;
    for (let visited = first; visited < first + count; visited++) {
      const isBackward = direction === 'backward';
      const t = isBackward ? steps - 1 - visited : visited;
      if (isAt && !isAt(t)) continue;
      const row = rowOf(t);
      const outside =
        lengthsOf === undefined
          ? firstOutside(values, row, width)
          : lengthLeavesFloat32(values[row], lengthsOf)
            ? row
            : -1;
      if (outside < 0) continue;
      this.isFinite &&= isEveryFinite(values, row, width);
      if (isOffered) continue;
      isOffered = true;
      const unit = outside - row;
      const previous = isBackward ? t + 1 : t - 1;
      const before = rowBefore?.(t) ?? (visited > first && (!isAt || isAt(previous)) ? rowOf(previous) : null);
      this.earliest.offer(this.order.rank(visited, this.block, position), {
        pass: 'forward',
        step: t,
        layer,
        direction,
        quantity,
        unit: lengthsOf !== undefined || quantity === 'loss' ? null : unit,
        before: before === null ? null : values[before + unit],
        value: values[outside],
        parameter: null,
      });
    }
  }
}
