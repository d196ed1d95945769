/**
 * The recurrent operators, by the float64 code of each kind of cell. A lane is one sequence of the batch in one direction; its steps are counted in the
 * order in which it reads them. The gradient it carries keeps its scale, so a step's gradient is right however far back the step lies.
 */
import { kindOfOperator, operators, type LayerKind } from '../../../layers/catalog';
import { activationOf } from '../../float64/activations';
import { addOuter } from '../../float64/products';
import { stepBackBuffers, type Float64Cell, type Float64Direction } from '../../layers/float64Cell';
import { float64CellOf } from '../../layers/registry';
import { plainAround, type GeneralLayer } from '../../model/generalModel';
import { Carried, ScaledSum } from '../carried';
import type { Call, Operator, OperatorTable, ScaledVjp } from '../call';
import { Gradient } from '../gradient';
import { floats, sameShape, Unsupported, type Tensor } from '../tensor';
import { addProduct, addProductTransposed } from './products';
import { activationForms } from './recurrentForm';

/** Where things lie in the inputs. */
const [inputX, inputW, inputR, inputB, inputLengths, inputState, inputCell, inputPeepholes] = [0, 1, 2, 3, 4, 5, 6, 7];

interface Sizes {
  /** T, B, I, H, G and the number of directions D. */
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly gates: number;
  readonly directions: number;
  /** Rows of X, Y and the states by step, sequence and direction. */
  rowOfX(t: number, b: number): number;
  rowOfY(t: number, b: number, d: number): number;
  rowOfState(b: number, d: number): number;
}

interface Lane {
  readonly b: number;
  readonly d: number;
  readonly length: number;
  readonly own: Float64Direction;
  /** Which step of the input a step of this lane reads. */
  readonly timeOf: (step: number) => number;
}

const operator: Operator = (call) => {
  const kind = kindOfOperator(call.operator);
  if (!kind) throw new Error(`${call.operator} is no operator of a recurrent layer`);
  const cell = float64CellOf(kind.name);
  const sizes = sizesOf(call, kind);
  const { steps: T, batch: B, hiddenSize: H, directions: D } = sizes;
  const lanes = lanesOf(call, kind, sizes);
  const y = floats(isBatchFirst(call) ? [B, T, D, H] : [T, D, B, H]);
  const states = kind.states.map(({ name }) => ({ name, tensor: floats(y.shape) }));
  const last = kind.states.map(() => floats(isBatchFirst(call) ? [B, D, H] : [D, B, H]));
  for (const lane of lanes) {
    for (let step = 0; step < lane.length; step++) {
      cell.forward(lane.own, step, step, step + 1);
      const row = sizes.rowOfY(lane.timeOf(step), lane.b, lane.d) * H;
      lane.own.states.forEach((rows, state) => {
        states[state].tensor.data.set(rows.subarray((step + 1) * H, (step + 2) * H), row);
      });
    }
    lane.own.states.forEach((rows, state) => {
      last[state].data.set(rows.subarray(lane.length * H, (lane.length + 1) * H), sizes.rowOfState(lane.b, lane.d) * H);
    });
  }
  y.data.set(states[0].tensor.data);
  return { outputs: [y, ...last], states, scaledVjp: backThrough(call, kind, cell, sizes, lanes) };
};

function isBatchFirst(call: Call): boolean {
  return call.attributes.integer('layout', 0) === 1;
}

function sizesOf(call: Call, kind: LayerKind): Sizes {
  const [x, w, r] = [inputX, inputW, inputR].map((input) => call.input(input));
  const [D, rows, I] = w.shape;
  const gates = kind.gates.length;
  const H = rows / gates;
  const batchFirst = isBatchFirst(call);
  const [T, B] = batchFirst ? [x.shape[1], x.shape[0]] : x.shape;
  if (x.shape.length !== 3 || x.shape[2] !== I)
    throw new Unsupported(`reads [${x.shape.join(', ')}] with a W of the shape [${w.shape.join(', ')}]`);
  if (!sameShape(r.shape, [D, rows, H]) || call.attributes.integer('hidden_size', H) !== H)
    throw new Unsupported(`has an R of the shape [${r.shape.join(', ')}] and a W of the shape [${w.shape.join(', ')}]`);
  return {
    steps: T,
    batch: B,
    inputSize: I,
    hiddenSize: H,
    gates,
    directions: D,
    rowOfX: batchFirst ? (t, b) => b * T + t : (t, b) => t * B + b,
    rowOfY: batchFirst ? (t, b, d) => (b * T + t) * D + d : (t, b, d) => (t * D + d) * B + b,
    rowOfState: batchFirst ? (b, d) => b * D + d : (b, d) => d * B + b,
  };
}

/** Of each direction, whether it reads from the end. */
function reversals(call: Call, D: number): boolean[] {
  const direction = call.attributes.text('direction', 'forward');
  const known: Readonly<Record<string, boolean[]>> = {
    forward: [false],
    reverse: [true],
    bidirectional: [false, true],
  };
  if (!Object.hasOwn(known, direction) || known[direction].length !== D)
    throw new Unsupported(`has the direction “${direction}” and weights for ${D}`);
  return known[direction];
}

/** The part of direction d. */
function part({ data, shape }: Tensor, d: number): Float64Array {
  const length = data.length / shape[0];
  return data.subarray(d * length, (d + 1) * length);
}

function lanesOf(call: Call, kind: LayerKind, sizes: Sizes): Lane[] {
  const { attributes } = call;
  const { steps: T, batch: B, inputSize: I, hiddenSize: H, gates, directions: D } = sizes;
  attributes.ignore('output_sequence');
  const [x, w, r] = [inputX, inputW, inputR].map((input) => call.input(input));
  const bias = call.optional(inputB);
  const lengths = call.optional(inputLengths);
  // The peepholes and the second state are those of a kind that has two states.
  const initial = kind.states.map((_, state) => call.optional(inputState + state));
  const peepholes = kind.states.length > 1 ? call.optional(inputPeepholes) : undefined;
  const rows = gates * H;
  const clip = attributes.float('clip', 0);
  const forms = activationForms(kind, attributes, D);
  const known = kind.onnx?.attributes ?? [];
  const layer: GeneralLayer = {
    cell: kind.name,
    options: {},
    hiddenSize: H,
    inputSize: I,
    directions: [],
    clip: clip > 0 ? clip : null,
    source: '',
    linearBeforeReset: known.includes('linear_before_reset') && attributes.flag('linear_before_reset'),
    ...plainAround,
    inputForget: known.includes('input_forget') && attributes.flag('input_forget'),
  };
  const zeros = new Float64Array(rows);
  return reversals(call, D).flatMap((isReverse, d) => {
    const W = part(w, d);
    const Wb = bias ? part(bias, d).subarray(0, rows) : zeros;
    const fromInput = new Float64Array(T * B * rows);
    addProductTransposed({ data: fromInput, at: 0 }, { data: x.data, at: 0 }, { data: W, at: 0 }, T * B, I, rows);
    const activations = forms[d].map((form, i) => activationOf(form, i < 2 ? layer.clip : null));
    const parameters = {
      direction: 'forward' as const,
      W,
      R: part(r, d),
      Wb,
      Rb: bias ? part(bias, d).subarray(rows) : zeros,
      own: {},
      peepholes: peepholes ? part(peepholes, d) : null,
      activations: forms[d],
      initialStates: [],
    };
    return Array.from({ length: B }, (_, b): Lane => {
      const length = lengths ? lengths.data[b] : T;
      if (!(length >= 0 && length <= T)) throw new Unsupported(`has a sequence of ${length} steps in ${T}`);
      const timeOf = (step: number) => (isReverse ? length - 1 - step : step);
      const preActivations = new Float64Array(length * rows);
      for (let step = 0; step < length; step++) {
        const from = sizes.rowOfX(timeOf(step), b) * rows;
        for (let j = 0; j < rows; j++) preActivations[step * rows + j] = fromInput[from + j] + Wb[j];
      }
      const states = kind.states.map((__, state) => {
        const own = new Float64Array((length + 1) * H);
        const at = sizes.rowOfState(b, d) * H;
        const start = initial[state];
        if (start) own.set(start.data.subarray(at, at + H));
        return own;
      });
      const own: Float64Direction = {
        layer,
        parameters,
        activations,
        states,
        preActivations,
        gates: new Float64Array(length * rows),
        recurrentCandidate: new Float64Array(length * H),
        scratch: new Float64Array(rows),
      };
      return { b, d, length, own, timeOf };
    });
  });
}

/** Rows with a power of two each. */
interface ScaledRows {
  readonly values: Float64Array;
  readonly exponents: Int32Array;
}

function scaledRows(count: number, width: number): ScaledRows {
  return { values: new Float64Array(count * width), exponents: new Int32Array(count) };
}

/** Sums over the steps of all lanes, of those inputs that are wanted. */
interface Sums {
  readonly W: ScaledSum | null;
  readonly R: ScaledSum | null;
  readonly B: ScaledSum | null;
  readonly P: ScaledSum | null;
}

function backThrough(
  call: Call,
  kind: LayerKind,
  cell: Float64Cell & Pick<LayerKind, 'gates' | 'states'>,
  sizes: Sizes,
  lanes: readonly Lane[],
): ScaledVjp {
  const { hiddenSize: H, directions: D, batch: B, steps: T } = sizes;
  const rows = sizes.gates * H;
  const x = call.input(inputX);
  return ([gY, ...gLast], wanted) => {
    const sum = (input: number) => {
      const tensor = call.optional(input);
      return tensor && wanted[input] ? new ScaledSum(new Float64Array(tensor.data.length)) : null;
    };
    const sums: Sums = {
      W: sum(inputW),
      R: sum(inputR),
      B: sum(inputB),
      P: kind.states.length > 1 ? sum(inputPeepholes) : null,
    };
    // Of each direction: what reaches its pre-activations through W, by rows of X.
    const byInput = Array.from({ length: D }, () => scaledRows(T * B, rows));
    const initial = kind.states.map(() => scaledRows(D * B, H));
    // Of every step, those that are asked for.
    const inside = kind.states.map((_, state) =>
      wanted[call.inputCount + state] ? scaledRows(T * D * B, H) : undefined,
    );
    const carriedLength = kind.states.length * H;
    for (const { b, d, length, own, timeOf } of lanes) {
      const carried = new Carried(carriedLength);
      const atState = sizes.rowOfState(b, d);
      gLast.forEach((g, state) => {
        carried.add(g, atState * H, state * H, H);
      });
      const back = {
        n: 1,
        ...stepBackBuffers(1, H, rows, kind.states.length),
        hidden: carried.values.subarray(0, H),
        further: carried.values.subarray(H),
      };
      for (let step = length - 1; step >= 0; step--) {
        const t = timeOf(step);
        const rowOfY = sizes.rowOfY(t, b, d);
        carried.add(gY, rowOfY * H, 0, H);
        if (!carried.normalize()) continue;
        const at = { ...back, step, before: step, after: step + 1 };
        cell.back(own, at);
        inside.forEach((of, state) => {
          of?.values.set(state === 0 ? at.hidden : at.furtherTotal.subarray((state - 1) * H, state * H), rowOfY * H);
          if (of) of.exponents[rowOfY] = carried.exponent;
        });
        const row = sizes.rowOfX(t, b);
        byInput[d].values.set(back.preActivations, row * rows);
        byInput[d].exponents[row] = carried.exponent;
        addToSums(
          sums,
          cell,
          own,
          at,
          carried.exponent,
          d,
          x.data.subarray(row * sizes.inputSize, (row + 1) * sizes.inputSize),
        );
        carried.values.set(back.previous);
      }
      initial.forEach(({ values, exponents }, state) => {
        values.set(carried.values.subarray(state * H, (state + 1) * H), atState * H);
        exponents[atState] = carried.exponent;
      });
    }
    const ofStates = initial.map(({ values, exponents }, state) =>
      wanted[inputState + state] ? Gradient.fromRows(values, H, exponents) : undefined,
    );
    const gradients: (Gradient | undefined)[] = [];
    gradients[inputX] = wanted[inputX] ? byInputGradient(call.input(inputW), sizes, byInput) : undefined;
    gradients[inputW] = sums.W?.gradient();
    gradients[inputR] = sums.R?.gradient();
    gradients[inputB] = sums.B?.gradient();
    gradients[inputState] = ofStates[0];
    gradients[inputCell] = ofStates.at(1);
    gradients[inputPeepholes] = sums.P?.gradient();
    // Behind the inputs that the node has.
    inside.forEach((of, state) => {
      gradients[call.inputCount + state] = of && Gradient.fromRows(of.values, H, of.exponents);
    });
    return gradients;
  };
}

/** dX = Σ_d da_d W_d, each row with its own scale. */
function byInputGradient(
  w: Tensor,
  { steps: T, batch: B, inputSize: I, hiddenSize: H, gates }: Sizes,
  byInput: readonly ScaledRows[],
): Gradient {
  return byInput.reduce(
    (sum, { values, exponents }, d) => {
      const dx = new Float64Array(T * B * I);
      addProduct({ data: dx, at: 0 }, { data: values, at: 0 }, { data: part(w, d), at: 0 }, T * B, gates * H, I);
      return sum.plus(Gradient.fromRows(dx, I, exponents));
    },
    Gradient.zero(T * B * I),
  );
}

/** Adds what one step, of the scale 2^exponent, gives to the weights. @param x [I] */
function addToSums(
  { W, R, B, P }: Sums,
  cell: Float64Cell & Pick<LayerKind, 'gates'>,
  own: Float64Direction,
  step: Parameters<Float64Cell['back']>[1],
  exponent: number,
  d: number,
  x: Float64Array,
): void {
  const { hiddenSize: H, inputSize: I } = own.layer;
  const rows = cell.gates.length * H;
  if (W) addOuter(W.values.subarray(d * rows * I), times(step.preActivations, W.factorOf(exponent)), 0, x, 0, rows, I);
  if (R) {
    const recurrent = times(step.recurrent, R.factorOf(exponent));
    const read = new Float64Array(H);
    for (let gate = 0; gate < cell.gates.length; gate++) {
      cell.recurrentInput?.(own, gate, step.step, step.before, read);
      addOuter(R.values.subarray((d * rows + gate * H) * H), recurrent, gate * H, read, 0, H, H);
    }
  }
  if (B) {
    const factor = B.factorOf(exponent);
    for (let j = 0; j < rows; j++) {
      B.values[2 * d * rows + j] += factor * step.preActivations[j];
      B.values[(2 * d + 1) * rows + j] += factor * step.recurrent[j];
    }
  }
  if (P)
    cell.addPeepholes?.(P.values.subarray(3 * d * H), own, {
      ...step,
      preActivations: times(step.preActivations, P.factorOf(exponent)),
    });
}

function times(values: Float64Array, factor: number): Float64Array {
  return factor === 1 ? values : values.map((value) => value * factor);
}

export const recurrent: OperatorTable = Object.fromEntries(operators.map((name) => [name, operator]));
