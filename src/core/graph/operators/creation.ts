/** Tensors made from nothing but sizes and attributes, and changes of their type. */
import { kindOfType } from '../attributes';
import type { Operator, OperatorTable } from '../call';
import { floats, integers, scalarOf, sizeOf, Unsupported, type ElementKind, type Tensor } from '../tensor';

const constant: Operator = ({ attributes }) => {
  const tensor = attributes.tensor('value') ?? attributes.tensor('sparse_value');
  if (tensor) return { outputs: [tensor] };
  if (attributes.has('value_float'))
    return { outputs: [floats([], Float64Array.of(attributes.float('value_float', 0)))] };
  if (attributes.has('value_int')) return { outputs: [integers([], [attributes.integer('value_int', 0)])] };
  const numbers = attributes.floats('value_floats');
  if (numbers) return { outputs: [floats([numbers.length], Float64Array.from(numbers))] };
  const whole = attributes.integers('value_ints');
  if (whole) return { outputs: [integers([whole.length], whole)] };
  throw new Unsupported('is a constant of text, which is not computed');
};

/** Shape of the input, or a part of it. */
const shape: Operator = (call) => {
  const { shape: lengths } = call.input(0);
  const rank = lengths.length;
  const bound = (index: number) => Math.min(Math.max(index < 0 ? index + rank : index, 0), rank);
  const part = lengths.slice(bound(call.attributes.integer('start', 0)), bound(call.attributes.integer('end', rank)));
  return { outputs: [integers([part.length], part)] };
};

const constantOfShape: Operator = (call) => {
  const lengths = Array.from(call.input(0).data);
  const value = call.attributes.tensor('value') ?? floats([1]);
  return {
    outputs: [{ kind: value.kind, shape: lengths, data: new Float64Array(sizeOf(lengths)).fill(scalarOf(value)) }],
  };
};

/** An operator of early exporters that never became part of ONNX. */
const constantFill: Operator = (call) => {
  const { attributes } = call;
  const kind = kindOfType(attributes.integer('dtype', 1));
  const lengths = [
    ...(attributes.flag('input_as_shape')
      ? Array.from(call.input(0).data)
      : (attributes.integers('shape') ?? call.input(0).shape)),
    ...(attributes.integers('extra_shape') ?? []),
  ];
  return {
    outputs: [{ kind, shape: lengths, data: new Float64Array(sizeOf(lengths)).fill(attributes.float('value', 0)) }],
  };
};

/** start + i · delta, as long as that is before the limit. */
const range: Operator = (call) => {
  call.attributes.ignore('stash_type');
  const start = call.input(0);
  const [from, limit, delta] = [start, call.input(1), call.input(2)].map(scalarOf);
  if (delta === 0) throw new Unsupported('has a step of 0');
  const count = Math.max(0, Math.ceil((limit - from) / delta));
  return {
    outputs: [
      {
        kind: start.kind,
        shape: [count],
        data: Float64Array.from({ length: sizeOf([count]) }, (_, i) => from + i * delta),
      },
    ],
    vjp: ([g]) => [
      g && Float64Array.of(g.reduce((sum, each) => sum + each, 0)),
      undefined,
      g && Float64Array.of(g.reduce((sum, each, i) => sum + i * each, 0)),
    ],
  };
};

/** Ranges of ONNX's integer types, of which none wraps here. */
const limits: Readonly<Record<number, readonly [number, number]>> = {
  2: [0, 2 ** 8 - 1],
  3: [-(2 ** 7), 2 ** 7 - 1],
  4: [0, 2 ** 16 - 1],
  5: [-(2 ** 15), 2 ** 15 - 1],
  6: [-(2 ** 31), 2 ** 31 - 1],
  12: [0, 2 ** 32 - 1],
  13: [0, Infinity],
};

/** Floats stay as they are, whatever their new type. A gradient passes from floats to floats only, which are the same variable. */
export function castTo(x: Tensor, kind: ElementKind, type?: number): ReturnType<Operator> {
  if (kind === 'float') return { outputs: [x.kind === 'float' ? x : { ...x, kind }] };
  if (kind === 'boolean') return { outputs: [{ ...x, kind, data: x.data.map((each) => Number(each !== 0)) }] };
  const [low, high] = limits[type ?? 0] ?? [-Infinity, Infinity];
  const data = x.data.map((each) => {
    const whole = Math.trunc(each) + 0;
    if (!(whole >= low && whole <= high && Math.abs(whole) <= Number.MAX_SAFE_INTEGER))
      throw new Unsupported(`makes an integer of ${each}, which its type does not hold`);
    return whole;
  });
  return { outputs: [{ ...x, kind, data }] };
}

const cast: Operator = (call) => {
  call.attributes.ignore('saturate', 'round_mode');
  const to = call.opset < 6 ? typeNames.indexOf(call.attributes.text('to', '')) : call.attributes.integer('to', 0);
  return castTo(call.input(0), kindOfType(to), to);
};

/** The names of ONNX's element types, which opset 5 and older write out. */
const typeNames = [
  'UNDEFINED',
  'FLOAT',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'INT32',
  'INT64',
  'STRING',
  'BOOL',
  'FLOAT16',
  'DOUBLE',
  'UINT32',
  'UINT64',
];

const castLike: Operator = (call) => {
  call.attributes.ignore('saturate', 'round_mode');
  return castTo(call.input(0), call.input(1).kind);
};

/** Ones on the k-th diagonal. */
const eyeLike: Operator = (call) => {
  const x = call.input(0);
  if (x.shape.length !== 2) throw new Unsupported('was expected to read a matrix');
  const kind = call.attributes.has('dtype') ? kindOfType(call.attributes.integer('dtype', 1)) : x.kind;
  const k = call.attributes.integer('k', 0);
  const columns = x.shape[1];
  return {
    outputs: [
      {
        kind,
        shape: x.shape,
        data: Float64Array.from(x.data, (_, i) => Number((i % columns) - Math.floor(i / columns) === k)),
      },
    ],
  };
};

export const creation = {
  Constant: constant,
  Shape: shape,
  ConstantOfShape: constantOfShape,
  ConstantFill: constantFill,
  Range: range,
  Cast: cast,
  CastLike: castLike,
  EyeLike: eyeLike,
} satisfies OperatorTable;
