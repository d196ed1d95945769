/** Functions of each element by itself: y = f(x) and dy/dx, from x and y. */
import type { Call, Operator, OperatorTable } from '../call';
import { Unsupported, type ElementKind, type Tensor } from '../tensor';
import { erf, normalCumulative, normalDensity } from './special';

type Value = (x: number) => number;
type Slope = (x: number, y: number) => number;

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** σ(x)(1 − σ(x)), to the last digits where σ is saturated. */
function sigmoidSlope(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return e / (1 + e) ** 2;
}

/** 1 − tanh² x, likewise. */
function tanhSlope(x: number): number {
  const e = Math.exp(-2 * Math.abs(x));
  return (4 * e) / (1 + e) ** 2;
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Half-way numbers go to the even one. */
function roundToEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : rounded;
}

/** Differentiable, of floats. */
function smooth(value: Value, slope: Slope): Operator {
  return (call) => applied(call.input(0), value, slope);
}

/** Constant but for jumps, or of integers. */
function steps(value: Value, kind?: ElementKind): Operator {
  return (call) => {
    const x = call.input(0);
    return { outputs: [{ kind: kind ?? x.kind, shape: x.shape, data: x.data.map(value) }] };
  };
}

function applied({ kind, shape, data: x }: Tensor, value: Value, slope: Slope): ReturnType<Operator> {
  const y = new Float64Array(x.length);
  for (let i = 0; i < y.length; i++) y[i] = value(x[i]);
  return {
    outputs: [{ kind, shape, data: y }],
    takesSeveral: true,
    vjp: ([g], _wanted, count = 1) => [g && backThrough(g, x, y, slope, count)],
  };
}

function backThrough(g: Float64Array, x: Float64Array, y: Float64Array, slope: Slope, count: number): Float64Array {
  const dx = new Float64Array(g.length);
  for (let i = 0; i < x.length; i++) {
    const factor = slope(x[i], y[i]);
    for (let target = 0, at = i; target < count; target++, at += x.length) dx[at] = g[at] * factor;
  }
  return dx;
}

/** With attributes. */
function shaped(functions: (call: Call) => readonly [Value, Slope]): Operator {
  return (call) => applied(call.input(0), ...functions(call));
}

/** x Φ(x), or its approximation by tanh. */
function gelu(approximate: string): readonly [Value, Slope] {
  if (approximate === 'none')
    // Φ(x) is y/x.
    return [(x) => x * normalCumulative(x), (x, y) => (x === 0 ? 0.5 : y / x) + x * normalDensity(x)];
  if (approximate !== 'tanh') throw new Unsupported(`has the approximation “${approximate}”, which is not known`);
  const scale = Math.sqrt(2 / Math.PI);
  const inner = (x: number) => scale * (x + 0.044715 * x ** 3);
  return [
    (x) => 0.5 * x * (1 + Math.tanh(inner(x))),
    (x) => 0.5 * (1 + Math.tanh(inner(x))) + 0.5 * x * tanhSlope(inner(x)) * scale * (1 + 3 * 0.044715 * x * x),
  ];
}

const swish = (alpha: number): readonly [Value, Slope] => [
  (x) => x * sigmoid(alpha * x),
  (x) => sigmoid(alpha * x) + alpha * x * sigmoidSlope(alpha * x),
];

/** The smallest and largest float32, which older versions of Clip have for bounds. */
const largestFloat32 = 3.4028234663852886e38;

/** Bounds are attributes before opset 11, then inputs. A gradient passes at the bounds themselves. */
const clip: Operator = (call) => {
  const x = call.input(0);
  const bound = (input: number, name: string, otherwise: number) => {
    const tensor = call.optional(input);
    return tensor ? tensor.data[0] : call.attributes.float(name, otherwise);
  };
  call.attributes.ignore('consumed_inputs');
  const isOld = call.opset < 11;
  const low = bound(1, 'min', isOld ? -largestFloat32 : -Infinity);
  const high = bound(2, 'max', isOld ? largestFloat32 : Infinity);
  const result = applied(
    x,
    (value) => Math.min(high, Math.max(low, value)),
    (value) => (value >= low && value <= high ? 1 : 0),
  );
  const own = result.vjp;
  // What is cut off is the bound.
  const beyond = (g: Float64Array, isCut: (value: number) => boolean) =>
    Float64Array.of(g.reduce((sum, each, i) => (isCut(x.data[i]) ? sum + each : sum), 0));
  return {
    ...result,
    takesSeveral: false,
    vjp: ([g], wanted) => [
      own?.([g], [true])[0],
      g && wanted[1] ? beyond(g, (value) => value < low && low <= high) : undefined,
      g && wanted[2] ? beyond(g, (value) => Math.max(low, value) > high) : undefined,
    ],
  };
};

export const unary = {
  Identity: (call) => ({ outputs: [call.input(0)] }),
  Neg: smooth(
    (x) => -x,
    () => -1,
  ),
  Abs: smooth(Math.abs, (x) => Math.sign(x)),
  Reciprocal: smooth(
    (x) => 1 / x,
    (_, y) => -y * y,
  ),
  Sqrt: smooth(Math.sqrt, (_, y) => 0.5 / y),
  Exp: smooth(Math.exp, (_, y) => y),
  Log: smooth(Math.log, (x) => 1 / x),
  Sin: smooth(Math.sin, Math.cos),
  Cos: smooth(Math.cos, (x) => -Math.sin(x)),
  Tan: smooth(Math.tan, (_, y) => 1 + y * y),
  Asin: smooth(Math.asin, (x) => 1 / Math.sqrt(1 - x * x)),
  Acos: smooth(Math.acos, (x) => -1 / Math.sqrt(1 - x * x)),
  Atan: smooth(Math.atan, (x) => 1 / (1 + x * x)),
  Sinh: smooth(Math.sinh, Math.cosh),
  Cosh: smooth(Math.cosh, Math.sinh),
  Asinh: smooth(Math.asinh, (x) => 1 / Math.sqrt(x * x + 1)),
  Acosh: smooth(Math.acosh, (x) => 1 / Math.sqrt((x - 1) * (x + 1))),
  Atanh: smooth(Math.atanh, (x) => 1 / ((1 - x) * (1 + x))),
  Erf: smooth(erf, (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)),
  Sigmoid: smooth(sigmoid, sigmoidSlope),
  Tanh: smooth(Math.tanh, tanhSlope),
  Relu: smooth(
    (x) => (x > 0 ? x : 0 * x),
    (x) => (x > 0 ? 1 : 0),
  ),
  Softplus: smooth(softplus, sigmoid),
  Softsign: smooth(
    (x) => x / (1 + Math.abs(x)),
    (x) => 1 / (1 + Math.abs(x)) ** 2,
  ),
  HardSwish: smooth(
    (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
    (x) => (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5),
  ),
  Mish: smooth(
    (x) => x * Math.tanh(softplus(x)),
    (x) => Math.tanh(softplus(x)) + x * tanhSlope(softplus(x)) * sigmoid(x),
  ),
  LeakyRelu: shaped(({ attributes }) => {
    const alpha = attributes.float('alpha', 0.01);
    return [(x) => (x >= 0 ? x : alpha * x), (x) => (x > 0 ? 1 : alpha)];
  }),
  ThresholdedRelu: shaped(({ attributes }) => {
    const alpha = attributes.float('alpha', 1);
    return [(x) => (x > alpha ? x : 0), (x) => (x > alpha ? 1 : 0)];
  }),
  Elu: shaped(({ attributes }) => {
    const alpha = attributes.float('alpha', 1);
    return [(x) => (x >= 0 ? x : alpha * Math.expm1(x)), (x) => (x > 0 ? 1 : alpha * Math.exp(x))];
  }),
  Celu: shaped(({ attributes }) => {
    const alpha = attributes.float('alpha', 1);
    return [
      (x) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)),
      (x) => (x > 0 ? 1 : Math.exp(x / alpha)),
    ];
  }),
  Selu: shaped(({ attributes, opset }) => {
    const alpha = attributes.float('alpha', opset < 6 ? 1.6732 : 1.67326319217681884765625);
    const gamma = attributes.float('gamma', opset < 6 ? 1.0507 : 1.05070102214813232421875);
    return [(x) => gamma * (x > 0 ? x : alpha * Math.expm1(x)), (x) => gamma * (x > 0 ? 1 : alpha * Math.exp(x))];
  }),
  HardSigmoid: shaped(({ attributes }) => {
    const alpha = attributes.float('alpha', 0.2);
    const beta = attributes.float('beta', 0.5);
    return [
      (x) => Math.max(0, Math.min(1, alpha * x + beta)),
      (x) => (alpha * x + beta > 0 && alpha * x + beta < 1 ? alpha : 0),
    ];
  }),
  Shrink: shaped(({ attributes }) => {
    const lambda = attributes.float('lambd', 0.5);
    const bias = attributes.float('bias', 0);
    return [(x) => (x < -lambda ? x + bias : x > lambda ? x - bias : 0), (x) => (Math.abs(x) > lambda ? 1 : 0)];
  }),
  Gelu: shaped(({ attributes }) => gelu(attributes.text('approximate', 'none'))),
  Swish: shaped(({ attributes }) => swish(attributes.float('alpha', 1))),
  Clip: clip,
  Sign: steps(Math.sign),
  Floor: steps(Math.floor),
  Ceil: steps(Math.ceil),
  Round: steps(roundToEven),
  Not: steps((x) => Number(x === 0), 'boolean'),
  IsNaN: steps((x) => Number(Number.isNaN(x)), 'boolean'),
  IsInf: (call) => {
    const positive = call.attributes.flag('detect_positive', true);
    const negative = call.attributes.flag('detect_negative', true);
    return steps((x) => Number((positive && x === Infinity) || (negative && x === -Infinity)), 'boolean')(call);
  },
} satisfies OperatorTable;
