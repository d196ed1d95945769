/** Functions of two or more tensors, element by element, which broadcast as in NumPy. */
import type { Call, Operator, OperatorTable } from '../call';
import { addToView, broadcastView, readView } from '../strided';
import { broadcastShape, sameShape, sizeOf, Unsupported, type ElementKind, type Tensor } from '../tensor';

/** y = f(a, b). */
type Value = (a: number, b: number) => number;
/** ∂y/∂a or ∂y/∂b. */
type Slope = (a: number, b: number, y: number) => number;

/** The tensor's elements as those of the larger shape; not to be written to. */
export function expanded({ data, shape }: Tensor, to: readonly number[]): Float64Array {
  return sameShape(shape, to) ? data : readView(data, broadcastView(shape, to));
}

/** The derivative of `expanded`: what was repeated is summed. */
export function reducedTo(shape: readonly number[], from: readonly number[], g: Float64Array): Float64Array {
  if (sameShape(shape, from)) return g;
  const sum = new Float64Array(sizeOf(shape));
  addToView(sum, broadcastView(shape, from), g);
  return sum;
}

/** Before opset 7 the second input broadcasts only where an attribute says so, along axes that another one names. */
export function withLegacyAxes(call: Call, a: Tensor, b: Tensor): Tensor {
  if (call.opset >= 7) return b;
  call.attributes.ignore('consumed_inputs');
  if (!call.attributes.flag('broadcast')) {
    if (!sameShape(a.shape, b.shape))
      throw new Unsupported('has inputs of different shapes, and does not say that they broadcast');
    return b;
  }
  const lead = call.attributes.integer('axis', a.shape.length - b.shape.length);
  return {
    ...b,
    shape: [...b.shape, ...new Array<number>(Math.max(0, a.shape.length - lead - b.shape.length)).fill(1)],
  };
}

const exact = Number.MAX_SAFE_INTEGER;

function combined(call: Call, value: Value, kind?: ElementKind): { a: Tensor; b: Tensor; y: Tensor } {
  const a = call.input(0);
  const b = withLegacyAxes(call, a, call.input(1));
  const shape = broadcastShape(a.shape, b.shape);
  const [left, right] = [expanded(a, shape), expanded(b, shape)];
  const data = new Float64Array(left.length);
  for (let i = 0; i < data.length; i++) data[i] = value(left[i], right[i]);
  const y: Tensor = { kind: kind ?? a.kind, shape, data };
  if (y.kind === 'integer' && data.some((each) => Math.abs(each) > exact))
    throw new Unsupported('computes with integers beyond 2⁵³');
  return { a, b, y };
}

/** @param ofIntegers what it is of those, where it is another function */
export function smooth(value: Value, byFirst: Slope | null, bySecond: Slope | null, ofIntegers?: Value): Operator {
  return (call) => {
    const isWhole = call.input(0).kind !== 'float';
    const { a, b, y } = combined(call, isWhole ? (ofIntegers ?? value) : value);
    const part = (g: Float64Array, slope: Slope | null, of: Tensor) => {
      if (!slope) return undefined;
      const [left, right] = [expanded(a, y.shape), expanded(b, y.shape)];
      const d = new Float64Array(g.length);
      for (let i = 0; i < d.length; i++) d[i] = g[i] * slope(left[i], right[i], y.data[i]);
      return reducedTo(of.shape, y.shape, d);
    };
    return {
      outputs: [y],
      vjp: ([g], wanted) => [
        g && wanted[0] ? part(g, byFirst, a) : undefined,
        g && wanted[1] ? part(g, bySecond, b) : undefined,
      ],
    };
  };
}

function comparison(value: (a: number, b: number) => boolean): Operator {
  return (call) => ({ outputs: [combined(call, (a, b) => Number(value(a, b)), 'boolean').y] });
}

function bits(value: (a: bigint, b: bigint) => bigint): Operator {
  return (call) => ({ outputs: [combined(call, (a, b) => Number(value(BigInt(a), BigInt(b)))).y] });
}

const one = () => 1;

/** 0⁰ and powers of zero have no slope by the exponent; x⁰ has none by x. */
const anyPower = smooth(
  (a, b) => a ** b,
  (a, b) => (b === 0 ? 0 : b * a ** (b - 1)),
  (a, b, y) => (a === 0 && b >= 0 ? 0 : y * Math.log(a)),
  (a, b) => Math.trunc(a ** b),
);

/** Squares, which exporters' layer norms are made of, have a loop of their own. */
const power: Operator = (call) => {
  const [a, b] = [call.input(0), call.input(1)];
  const isSquare = a.kind === 'float' && b.data.length === 1 && b.data[0] === 2 && b.shape.length <= a.shape.length;
  if (!isSquare || call.opset < 7) return anyPower(call);
  const { data: x } = a;
  const y = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) y[i] = x[i] * x[i];
  return {
    outputs: [{ ...a, data: y }],
    vjp: ([g], wanted) => {
      if (!g) return [];
      const dx = new Float64Array(x.length);
      for (let i = 0; i < x.length; i++) dx[i] = 2 * x[i] * g[i];
      const byExponent = () => {
        let sum = 0;
        for (let i = 0; i < x.length; i++) if (x[i] !== 0) sum += g[i] * y[i] * Math.log(x[i]);
        return Float64Array.of(sum);
      };
      return [wanted[0] ? dx : undefined, wanted[1] ? byExponent() : undefined];
    },
  };
};

/** As C's fmod, with the sign of the dividend; or as Python's %, with that of the divisor. */
const remainder: Operator = (call) => {
  if (call.attributes.flag('fmod'))
    return smooth(
      (a, b) => a % b,
      one,
      (a, b) => -Math.trunc(a / b),
    )(call);
  const python = (a: number, b: number) => {
    const rest = a % b;
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
  };
  return smooth(python, one, (a, b) => -Math.floor(a / b))(call);
};

/** The second input broadcasts to the first; before opset 7 along the second axis. */
const prelu: Operator = (call) => {
  const [x, slope] = [call.input(0), call.input(1)];
  call.attributes.ignore('consumed_inputs');
  if (call.opset < 7 && slope.data.length !== 1)
    throw new Unsupported('has a slope for each channel, which is not computed before opset 7');
  const wide = expanded(slope, x.shape);
  const data = x.data.map((each, i) => (each < 0 ? wide[i] * each : each));
  return {
    outputs: [{ ...x, data }],
    vjp: ([g], wanted) => [
      g?.map((each, i) => (x.data[i] > 0 ? each : each * wide[i])),
      g && wanted[1]
        ? reducedTo(
            slope.shape,
            x.shape,
            g.map((each, i) => (x.data[i] > 0 ? 0 : each * x.data[i])),
          )
        : undefined,
    ],
  };
};

/** To the right only: to the left it depends on the type's width, which is not kept here. */
const shift: Operator = (call) => {
  const direction = call.attributes.text('direction', '');
  if (direction !== 'RIGHT')
    throw new Unsupported(`shifts bits in the direction “${direction}”, which is not computed`);
  if (call.input(1).data.some((by) => by < 0)) throw new Unsupported('shifts bits by a negative number');
  return bits((a, b) => a >> b)(call);
};

/** Of any number of tensors. @param part what of the gradient goes to an input: from its element and the output's */
function variadic(
  value: (elements: readonly number[]) => number,
  part: (x: number, elements: readonly number[]) => number,
): Operator {
  return (call) => {
    call.attributes.ignore('consumed_inputs');
    const inputs = call.all();
    const shape = broadcastShape(...inputs.map((input) => input.shape));
    if (call.opset < 8 && inputs.some((input) => !sameShape(input.shape, shape)))
      throw new Unsupported('has inputs of different shapes, which do not broadcast before opset 8');
    const wide = inputs.map((input) => expanded(input, shape));
    const elements = new Array<number>(inputs.length);
    const at = (i: number) => {
      for (let k = 0; k < wide.length; k++) elements[k] = wide[k][i];
      return elements;
    };
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => value(at(i)));
    return {
      outputs: [{ kind: inputs[0].kind, shape, data }],
      vjp: ([g], wanted) =>
        inputs.map((input, k) =>
          g && wanted[k]
            ? reducedTo(
                input.shape,
                shape,
                g.map((each, i) => each * part(wide[k][i], at(i))),
              )
            : undefined,
        ),
    };
  };
}

/** Where several are the extreme, each has its share of the gradient, as PyTorch does it. */
const shareOf = (extreme: (...elements: number[]) => number) => (x: number, elements: readonly number[]) => {
  const y = extreme(...elements);
  return x === y ? 1 / elements.filter((element) => element === y).length : 0;
};

/** A gated activation: a σ(α a) ⊙ b. */
const swiGLU: Operator = (call) => {
  const alpha = call.attributes.float('alpha', 1);
  const gate = (a: number) => 1 / (1 + Math.exp(-alpha * a));
  return smooth(
    (a, b) => a * gate(a) * b,
    (a, b) => b * (gate(a) + alpha * a * gate(a) * gate(-a)),
    (a) => a * gate(a),
  )(call);
};

export const binary = {
  Pow: power,
  Mod: remainder,
  PRelu: prelu,
  SwiGLU: swiGLU,
  Sum: variadic((elements) => elements.reduce((sum, x) => sum + x, 0), one),
  Mean: variadic(
    (elements) => elements.reduce((sum, x) => sum + x, 0) / elements.length,
    (_, elements) => 1 / elements.length,
  ),
  Max: variadic((elements) => Math.max(...elements), shareOf(Math.max)),
  Min: variadic((elements) => Math.min(...elements), shareOf(Math.min)),
  Equal: comparison((a, b) => a === b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  And: comparison((a, b) => a !== 0 && b !== 0),
  Or: comparison((a, b) => a !== 0 || b !== 0),
  Xor: comparison((a, b) => (a !== 0) !== (b !== 0)),
  BitShift: shift,
  BitwiseAnd: bits((a, b) => a & b),
  BitwiseOr: bits((a, b) => a | b),
  BitwiseXor: bits((a, b) => a ^ b),
} satisfies OperatorTable;
