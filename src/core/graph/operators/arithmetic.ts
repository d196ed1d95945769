/** The four operations of floats, which most of a graph's elements pass through: a loop of its own for each, over views that broadcast. */
import type { Operator, OperatorTable, Result } from '../call';
import { broadcastStrides, forEachRowTogether } from '../together';
import { broadcastShape, sizeOf, stridesOf, Unsupported, type Tensor } from '../tensor';
import { smooth, withLegacyAxes } from './binary';

/** Element i of a row of x: data[at + i · step]. */
interface Operand {
  readonly data: Float64Array;
  readonly at: number;
  readonly step: number;
}

/** y[at + i] = f(aᵢ, bᵢ). */
type Forward = (y: Float64Array, at: number, a: Operand, b: Operand, length: number) => void;
/** d[at + i · step] += gᵢ ∂y/∂a, or by b. */
type Backward = (d: Operand, g: Float64Array, at: number, a: Operand, b: Operand, length: number) => void;

interface Operation {
  readonly forward: Forward;
  readonly byFirst: Backward;
  readonly bySecond: Backward;
}

const passOn: Backward = ({ data, at: to, step }, g, at, _a, _b, length) => {
  if (step === 0) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += g[at + i];
    data[to] += sum;
  } else for (let i = 0; i < length; i++) data[to + i * step] += g[at + i];
};

/** d += g ⊙ x. */
const passTimes = ({ data, at: to, step }: Operand, g: Float64Array, at: number, x: Operand, length: number) => {
  if (step === 0) {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += g[at + i] * x.data[x.at + i * x.step];
    data[to] += sum;
  } else for (let i = 0; i < length; i++) data[to + i * step] += g[at + i] * x.data[x.at + i * x.step];
};

const addition: Operation = {
  forward: (y, at, { data: a, at: i0, step: di }, { data: b, at: j0, step: dj }, length) => {
    for (let i = 0; i < length; i++) y[at + i] = a[i0 + i * di] + b[j0 + i * dj];
  },
  byFirst: passOn,
  bySecond: passOn,
};

const subtraction: Operation = {
  forward: (y, at, { data: a, at: i0, step: di }, { data: b, at: j0, step: dj }, length) => {
    for (let i = 0; i < length; i++) y[at + i] = a[i0 + i * di] - b[j0 + i * dj];
  },
  byFirst: passOn,
  bySecond: ({ data, at: to, step }, g, at, _a, _b, length) => {
    for (let i = 0; i < length; i++) data[to + i * step] -= g[at + i];
  },
};

const multiplication: Operation = {
  forward: (y, at, { data: a, at: i0, step: di }, { data: b, at: j0, step: dj }, length) => {
    for (let i = 0; i < length; i++) y[at + i] = a[i0 + i * di] * b[j0 + i * dj];
  },
  byFirst: (d, g, at, _, b, length) => {
    passTimes(d, g, at, b, length);
  },
  bySecond: (d, g, at, a, _, length) => {
    passTimes(d, g, at, a, length);
  },
};

const division: Operation = {
  forward: (y, at, { data: a, at: i0, step: di }, { data: b, at: j0, step: dj }, length) => {
    for (let i = 0; i < length; i++) y[at + i] = a[i0 + i * di] / b[j0 + i * dj];
  },
  byFirst: ({ data, at: to, step }, g, at, _, { data: b, at: j0, step: dj }, length) => {
    for (let i = 0; i < length; i++) data[to + i * step] += g[at + i] / b[j0 + i * dj];
  },
  bySecond: ({ data, at: to, step }, g, at, { data: a, at: i0, step: di }, { data: b, at: j0, step: dj }, length) => {
    for (let i = 0; i < length; i++) {
      const divisor = b[j0 + i * dj];
      data[to + i * step] -= (g[at + i] * (a[i0 + i * di] / divisor)) / divisor;
    }
  },
};

function computed(a: Tensor, b: Tensor, { forward, byFirst, bySecond }: Operation): Result {
  const shape = broadcastShape(a.shape, b.shape);
  const size = sizeOf(shape);
  const data = new Float64Array(size);
  const strides = [stridesOf(shape), broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)];
  forEachRowTogether(shape, strides, ([y, left, right], [, di, dj], length) => {
    forward(data, y, { data: a.data, at: left, step: di }, { data: b.data, at: right, step: dj }, length);
  });
  const back = (g: Float64Array, count: number, of: Tensor, place: 1 | 2, backward: Backward) => {
    if (backward === passOn && of.data.length === size) return g;
    const d = new Float64Array(count * of.data.length);
    for (let seed = 0; seed < count; seed++)
      forEachRowTogether(shape, strides, (starts, [, di, dj], length) => {
        const [y, left, right] = starts;
        backward(
          { data: d, at: seed * of.data.length + starts[place], step: place === 1 ? di : dj },
          g,
          seed * size + y,
          { data: a.data, at: left, step: di },
          { data: b.data, at: right, step: dj },
          length,
        );
      });
    return d;
  };
  return {
    outputs: [{ kind: 'float', shape, data }],
    takesSeveral: true,
    vjp: ([g], wanted, count = 1) => [
      g && wanted[0] ? back(g, count, a, 1, byFirst) : undefined,
      g && wanted[1] ? back(g, count, b, 2, bySecond) : undefined,
    ],
  };
}

/** Of integers, which have no derivative. */
function whole(value: (a: number, b: number) => number): Operator {
  return smooth(value, null, null);
}

function quotient(a: number, b: number): number {
  if (b === 0) throw new Unsupported('divides an integer by zero');
  return Math.trunc(a / b);
}

/** @param others what it is of integers */
function arithmetic(operation: Operation, others: Operator): Operator {
  return (call) => {
    const a = call.input(0);
    if (a.kind !== 'float') return others(call);
    return computed(a, withLegacyAxes(call, a, call.input(1)), operation);
  };
}

export const arithmeticOperators = {
  Add: arithmetic(
    addition,
    whole((a, b) => a + b),
  ),
  Sub: arithmetic(
    subtraction,
    whole((a, b) => a - b),
  ),
  Mul: arithmetic(
    multiplication,
    whole((a, b) => a * b),
  ),
  Div: arithmetic(division, whole(quotient)),
} satisfies OperatorTable;
