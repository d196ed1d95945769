/** Reductions: one number of each row, and its derivative by the row's elements. */
import type { Call, Operator, OperatorTable } from '../call';
import { axesOf, axisOf, integers, sizeOf, Unsupported, type Tensor } from '../tensor';
import { rowsAlong } from './rows';

interface Reduction {
  readonly value: (x: Float64Array, at: number, length: number) => number;
  /** dy/dx of every element of the row, times g, into dx. */
  readonly back: (g: number, x: Float64Array, at: number, length: number, y: number, dx: Float64Array) => void;
}

function sumOf(x: Float64Array, at: number, length: number, of: (x: number) => number): number {
  let sum = 0;
  for (let i = at; i < at + length; i++) sum += of(x[i]);
  return sum;
}

/** Where the derivative by an element depends on that element and on y alone. */
function byElement(value: Reduction['value'], slope: (x: number, y: number, length: number) => number): Reduction {
  return {
    value,
    back(g, x, at, length, y, dx) {
      for (let i = at; i < at + length; i++) dx[i] = g * slope(x[i], y, length);
    },
  };
}

function extreme(start: number, isBeyond: (x: number, y: number) => boolean): Reduction {
  return {
    value(x, at, length) {
      let y = start;
      for (let i = at; i < at + length; i++) if (isBeyond(x[i], y) || Number.isNaN(x[i])) y = x[i];
      return y;
    },
    // Equal ones share the gradient, as in PyTorch's amax.
    back(g, x, at, length, y, dx) {
      const equal = sumOf(x, at, length, (each) => Number(each === y));
      for (let i = at; i < at + length; i++) dx[i] = x[i] === y ? g / equal : 0;
    },
  };
}

function logSumExp(x: Float64Array, at: number, length: number): number {
  let largest = -Infinity;
  for (let i = at; i < at + length; i++) largest = Math.max(largest, x[i]);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(sumOf(x, at, length, (each) => Math.exp(each - largest)));
}

const product: Reduction = {
  value(x, at, length) {
    let y = 1;
    for (let i = at; i < at + length; i++) y *= x[i];
    return y;
  },
  // The product of the others, which is not y / x where x is zero.
  back(g, x, at, length, _, dx) {
    let before = g;
    for (let i = at; i < at + length; i++) {
      dx[i] = before;
      before *= x[i];
    }
    let after = 1;
    for (let i = at + length - 1; i >= at; i--) {
      dx[i] *= after;
      after *= x[i];
    }
  },
};

const plain = (x: number) => x;

const reductions: Readonly<Record<string, Reduction>> = {
  ReduceSum: byElement(
    (x, at, length) => sumOf(x, at, length, plain),
    () => 1,
  ),
  ReduceMean: byElement(
    (x, at, length) => sumOf(x, at, length, plain) / length,
    (_, __, length) => 1 / length,
  ),
  ReduceSumSquare: byElement(
    (x, at, length) => sumOf(x, at, length, (each) => each * each),
    (x) => 2 * x,
  ),
  ReduceL1: byElement(
    (x, at, length) => sumOf(x, at, length, Math.abs),
    (x) => Math.sign(x),
  ),
  ReduceL2: byElement(
    (x, at, length) => Math.sqrt(sumOf(x, at, length, (each) => each * each)),
    (x, y) => (y === 0 ? 0 : x / y),
  ),
  ReduceLogSum: byElement(
    (x, at, length) => Math.log(sumOf(x, at, length, plain)),
    (_, y) => Math.exp(-y),
  ),
  ReduceLogSumExp: byElement(logSumExp, (x, y) => (y === -Infinity ? 0 : Math.exp(x - y))),
  ReduceMax: extreme(-Infinity, (x, y) => x > y),
  ReduceMin: extreme(Infinity, (x, y) => x < y),
  ReduceProd: product,
};

/** The axes of a node, all of them where it names none; null where that means none at all. Older opsets name them in an attribute. */
export function reducedAxes(call: Call, rank: number, asInputFrom: number): number[] | null {
  const axes = call.opset < asInputFrom ? call.attributes.integers('axes') : call.integersFrom(1, 'axes');
  const noneWhenEmpty = call.opset >= asInputFrom && call.attributes.flag('noop_with_empty_axes');
  if (axes && axes.length > 0) return axesOf(axes, rank);
  return noneWhenEmpty ? null : Array.from({ length: rank }, (_, axis) => axis);
}

export function reducedShape(shape: readonly number[], axes: readonly number[], keepAxes: boolean): number[] {
  return keepAxes
    ? shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : shape.filter((_, axis) => !axes.includes(axis));
}

function reduceWith({ value, back }: Reduction, asInputFrom: number): Operator {
  return (call) => {
    const x = call.input(0);
    const keepAxes = call.attributes.flag('keepdims', true);
    const axes = reducedAxes(call, x.shape.length, asInputFrom) ?? [];
    const rows = rowsAlong(x, axes);
    const whole = x.kind !== 'float';
    const y = Float64Array.from({ length: rows.count }, (_, row) => value(rows.data, row * rows.length, rows.length));
    if (whole && y.some((each) => !Number.isFinite(each)))
      throw new Unsupported('reduces no integers to what no integer is');
    const output: Tensor = {
      kind: x.kind,
      shape: reducedShape(x.shape, axes, keepAxes),
      data: whole ? y.map(Math.trunc) : y,
    };
    return {
      outputs: [output],
      vjp: ([g]) => {
        const dx = new Float64Array(rows.data.length);
        if (g)
          for (let row = 0; row < rows.count; row++)
            back(g[row], rows.data, row * rows.length, rows.length, y[row], dx);
        return [g && rows.back(dx)];
      },
    };
  };
}

/** The place of the largest or smallest element, the first or the last of equal ones. */
function place(isBeyond: (x: number, best: number) => boolean): Operator {
  return (call) => {
    const x = call.input(0);
    const axis = axisOf(call.attributes.integer('axis', 0), x.shape.length);
    const keepAxes = call.attributes.flag('keepdims', true);
    const takesLast = call.attributes.flag('select_last_index');
    const rows = rowsAlong(x, [axis]);
    if (rows.length === 0 && rows.count > 0) throw new Unsupported('asks for the largest of no elements');
    const places = Float64Array.from({ length: rows.count }, (_, row) => {
      const at = row * rows.length;
      let best = 0;
      for (let i = 1; i < rows.length; i++) {
        const [each, known] = [rows.data[at + i], rows.data[at + best]];
        if (isBeyond(each, known) || (takesLast && each === known)) best = i;
      }
      return best;
    });
    return { outputs: [integers(reducedShape(x.shape, [axis], keepAxes), places)] };
  };
}

export const reduce: OperatorTable = {
  ...Object.fromEntries(
    Object.entries(reductions).map(([name, reduction]) => [
      name,
      reduceWith(reduction, name === 'ReduceSum' ? 13 : 18),
    ]),
  ),
  ArgMax: place((x, best) => x > best),
  ArgMin: place((x, best) => x < best),
  Size: (call) => ({ outputs: [integers([], [sizeOf(call.input(0).shape)])] }),
};
