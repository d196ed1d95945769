/** Computes operators whose inputs are all constant: how exporters pack weights and work out shapes. */
import { dataType } from '../../../formats/onnx/messages';
import { axesOf, axisOf, partsOf, reshaped, slicesOf, type ConstantInputs } from './arguments';
import { elementsOf, integers, wholeNumbers, type Constant } from '../../../formats/onnx/constant';
import type { GraphNode } from '../../../formats/onnx/node';
import { broadcast, commonShape, copyView, emptyLike, stridesOf, wholeView } from './strided';

/** Outputs of a node, in order; undefined for an operator, or arguments, that are not known here. */
type Fold = (node: GraphNode, inputs: ConstantInputs) => readonly Constant[] | undefined;

/** ONNX's numbers of the element types that are no whole numbers. */
export const realTypes: readonly number[] = [dataType.float, dataType.float16, dataType.double, dataType.bfloat16];

const folds: Readonly<Record<string, Fold>> = {
  Identity: (_, [x]) => x && [x],
  Cast: (node, [x]) => x && [cast(x, node.integer('to', 1))],
  Transpose(node, [x]) {
    if (!x) return undefined;
    const perm = node.integers('perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
    if (
      perm.length !== x.shape.length ||
      new Set(perm).size !== perm.length ||
      perm.some((axis) => axisOf(axis, perm.length) === undefined)
    )
      return undefined;
    const strides = stridesOf(x.shape);
    return [
      copyView(x, { shape: perm.map((axis) => x.shape[axis]), strides: perm.map((axis) => strides[axis]), offset: 0 }),
    ];
  },
  Reshape(node, [x, shape]) {
    const sizes = x && reshaped(node, wholeNumbers(shape) ?? node.integers('shape'), x.shape);
    return sizes && [{ ...x, shape: sizes }];
  },
  Flatten(node, [x]) {
    if (!x) return undefined;
    const axis = node.integer('axis', 1);
    const count = axis < 0 ? axis + x.shape.length : axis;
    return [{ ...x, shape: [elementsOf(x.shape.slice(0, count)), elementsOf(x.shape.slice(count))] }];
  },
  Squeeze(node, inputs) {
    const [x] = inputs;
    if (!x) return undefined;
    const axes = axesOf(node, inputs, 1, x.shape.length) ?? x.shape.flatMap((size, axis) => (size === 1 ? [axis] : []));
    return axes.every((axis) => x.shape[axis] === 1)
      ? [{ ...x, shape: x.shape.filter((_, axis) => !axes.includes(axis)) }]
      : undefined;
  },
  Unsqueeze(node, inputs) {
    const [x] = inputs;
    const list = node.integers('axes') ?? wholeNumbers(inputs[1]);
    if (!x || !list) return undefined;
    const shape = withOnes(x.shape, list);
    return shape && [{ ...x, shape }];
  },
  Concat(node, inputs) {
    const [first] = inputs;
    if (!first || !inputs.every((x) => x)) return undefined;
    const axis = axisOf(node.integer('axis', 0), first.shape.length);
    return axis === undefined ? undefined : concatenate(inputs as readonly Constant[], axis);
  },
  Slice(node, inputs) {
    const [x] = inputs;
    const slices = x && slicesOf(node, inputs, x.shape);
    if (!slices) return undefined;
    const { shape, strides } = { shape: [...x.shape], strides: stridesOf(x.shape) };
    let offset = 0;
    for (const { axis, start, step, count } of slices) {
      offset += start * strides[axis];
      strides[axis] *= step;
      shape[axis] = count;
    }
    return [copyView(x, { shape, strides, offset })];
  },
  Split(node, inputs) {
    const [x] = inputs;
    const axis = x && axisOf(node.integer('axis', 0), x.shape.length);
    const parts = x && axis !== undefined ? partsOf(node, inputs, x.shape[axis]) : undefined;
    if (!x || axis === undefined || !parts) return undefined;
    const strides = stridesOf(x.shape);
    let start = 0;
    return parts.map((size) => {
      const part = copyView(x, { shape: x.shape.with(axis, size), strides, offset: start * strides[axis] });
      start += size;
      return part;
    });
  },
  Gather(node, [x, indices]) {
    const axis = x && axisOf(node.integer('axis', 0), x.shape.length);
    return axis === undefined || !x || !indices ? undefined : gather(x, indices, axis);
  },
  Shape: (node, [x]) => x && [shapeOf(node, x.shape)],
  Size: (_, [x]) => x && [integers([], [x.data.length])],
  ConstantOfShape(_, [sizes, value]) {
    const shape = wholeNumbers(sizes);
    if (!shape) return undefined;
    const filled = value ?? { shape: [1], isInteger: false, data: Float32Array.of(0) };
    return [copyView(filled, { shape, strides: shape.map(() => 0), offset: 0 })];
  },
  // An operator of early exporters that never became part of ONNX.
  ConstantFill(node, [sizes]) {
    const shape = node.integer('input_as_shape', 0) === 1 ? wholeNumbers(sizes) : node.integers('shape');
    return (
      shape && [
        copyView(
          { shape: [1], isInteger: false, data: Float32Array.of(node.float('value', 0)) },
          { shape, strides: shape.map(() => 0), offset: 0 },
        ),
      ]
    );
  },
  Expand(_, [x, sizes]) {
    const target = wholeNumbers(sizes);
    const shape = x && target && commonShape(x.shape, target);
    const view = shape && broadcast(wholeView(x), shape);
    return view && [copyView(x, view)];
  },
  Range(_, [start, limit, delta]) {
    if (!start || !limit || !delta || delta.data[0] === 0) return undefined;
    const count = Math.max(0, Math.ceil((limit.data[0] - start.data[0]) / delta.data[0]));
    elementsOf([count]);
    return [
      {
        shape: [count],
        isInteger: start.isInteger,
        data: Float64Array.from({ length: count }, (__, i) => start.data[0] + i * delta.data[0]),
      },
    ];
  },
  Where(_, [condition, x, y]) {
    if (!condition || !x || !y) return undefined;
    const shape = commonShape(condition.shape, commonShape(x.shape, y.shape) ?? [NaN]);
    const views = shape && [condition, x, y].map((each) => broadcast(wholeView(each), shape));
    if (!shape || !views?.every((view) => view)) return undefined;
    const [c, a, b] = [condition, x, y].map((each, i) =>
      copyView(each, views[i] as NonNullable<(typeof views)[number]>),
    );
    return [{ ...a, data: a.data.map((value, i) => (c.data[i] ? value : b.data[i])) }];
  },
  Neg: elementwise((x) => -x),
  Sqrt: elementwise(Math.sqrt),
  Floor: elementwise(Math.floor),
  Ceil: elementwise(Math.ceil),
  Not: elementwise((x) => Number(!x)),
  Reciprocal: elementwise((x) => 1 / x),
  Abs: elementwise(Math.abs),
  Exp: elementwise(Math.exp),
  Tanh: elementwise(Math.tanh),
  Relu: elementwise((x) => Math.max(0, x)),
  Sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  Softplus: elementwise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Softsign: elementwise((x) => x / (1 + Math.abs(x))),
  LeakyRelu: (node, inputs) => elementwise((x) => (x >= 0 ? x : node.float('alpha', 0.01) * x))(node, inputs),
  Elu: (node, inputs) => elementwise((x) => (x >= 0 ? x : node.float('alpha', 1) * Math.expm1(x)))(node, inputs),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Pow: binary((a, b) => a ** b),
  Min: binary(Math.min),
  Max: binary(Math.max),
  Mod: binary((a, b) => a - b * Math.floor(a / b)),
  Equal: comparison((a, b) => a === b),
  Less: comparison((a, b) => a < b),
  Greater: comparison((a, b) => a > b),
  LessOrEqual: comparison((a, b) => a <= b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  And: comparison((a, b) => a !== 0 && b !== 0),
  Or: comparison((a, b) => a !== 0 || b !== 0),
  ReduceProd(node, inputs) {
    const [x] = inputs;
    const hasAxes = node.has('axes') || (inputs[1]?.data.length ?? 0) > 0;
    // Shapes, of one axis; nothing else is multiplied up.
    if (!x || x.shape.length > 1 || (hasAxes && axesOf(node, inputs, 1, x.shape.length)?.length !== x.shape.length))
      return undefined;
    return [
      {
        ...x,
        shape: node.integer('keepdims', 1) === 0 ? [] : x.shape.map(() => 1),
        data: Float64Array.of(Array.from(x.data).reduce((product, size) => product * size, 1)),
      },
    ];
  },
};

/** Throws TensorError for a result that would be too large. */
export function fold(node: GraphNode, inputs: ConstantInputs): readonly Constant[] | undefined {
  return node.domain === '' && Object.hasOwn(folds, node.operator) ? folds[node.operator](node, inputs) : undefined;
}

/** A shape with axes of size 1 put in, counted in the result; undefined where they do not fit. */
export function withOnes(shape: readonly number[], axes: readonly number[]): number[] | undefined {
  const rank = shape.length + axes.length;
  const places = axes.map((axis) => axisOf(axis, rank));
  if (places.includes(undefined) || new Set(places).size !== places.length) return undefined;
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (places.includes(axis) ? 1 : shape[next++]));
}

/** What the operator Shape says. */
export function shapeOf(node: GraphNode, shape: readonly number[]): Constant {
  const rank = shape.length;
  const bound = (index: number) => Math.min(Math.max(index < 0 ? index + rank : index, 0), rank);
  const part = shape.slice(bound(node.integer('start', 0)), bound(node.integer('end', rank)));
  return integers([part.length], part);
}

function cast(x: Constant, to: number): Constant {
  const isInteger = !realTypes.includes(to);
  if (to === 9) return { ...x, isInteger, data: Float64Array.from(x.data, (value) => Number(value !== 0)) };
  if (isInteger) return { ...x, isInteger, data: Float64Array.from(x.data, Math.trunc) };
  return {
    ...x,
    isInteger,
    data: to === 11 ? Float64Array.from(x.data) : x.data instanceof Float32Array ? x.data : Float32Array.from(x.data),
  };
}

function concatenate(parts: readonly Constant[], axis: number): Constant[] | undefined {
  const [first] = parts;
  const fits = parts.every(
    ({ shape }) =>
      shape.length === first.shape.length && shape.every((size, i) => i === axis || size === first.shape[i]),
  );
  if (!fits) return undefined;
  const sizes = parts.map(({ shape }) => shape[axis]);
  const shape = first.shape.with(
    axis,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  const inner = elementsOf(shape.slice(axis + 1));
  const outer = elementsOf(shape.slice(0, axis));
  const wide = parts.find(({ data }) => data instanceof Float64Array) ?? first;
  const data = emptyLike(wide, elementsOf(shape));
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const [i, part] of parts.entries()) {
      const length = sizes[i] * inner;
      data.set(part.data.subarray(block * length, (block + 1) * length), to);
      to += length;
    }
  }
  return [{ shape, isInteger: first.isInteger, data }];
}

function gather(x: Constant, indices: Constant, axis: number): Constant[] | undefined {
  const size = x.shape[axis];
  const rows = Array.from(indices.data, (index) => (index < 0 ? index + size : index));
  if (rows.some((row) => !Number.isInteger(row) || row < 0 || row >= size)) return undefined;
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const inner = elementsOf(x.shape.slice(axis + 1));
  const outer = elementsOf(x.shape.slice(0, axis));
  const data = emptyLike(x, elementsOf(shape));
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const row of rows) {
      const from = (block * size + row) * inner;
      data.set(x.data.subarray(from, from + inner), to);
      to += inner;
    }
  }
  return [{ ...x, shape, data }];
}

function elementwise(f: (x: number) => number): Fold {
  return (_, [x]) => x && [{ ...x, data: x.data.map(f) }];
}

function binary(f: (a: number, b: number) => number): Fold {
  return (_, inputs) => {
    const [first, ...others] = inputs;
    if (!first || !others.every((x) => x)) return undefined;
    let result: Constant | undefined = first;
    for (const other of others as Constant[]) result = result && combine(result, other, f);
    return result && [result];
  };
}

function comparison(f: (a: number, b: number) => boolean): Fold {
  return (_, [x, y]) => {
    const result = x && y && combine({ ...x, data: Float64Array.from(x.data) }, y, (a, b) => Number(f(a, b)));
    return result && [{ ...result, isInteger: true }];
  };
}

function combine(x: Constant, y: Constant, f: (a: number, b: number) => number): Constant | undefined {
  const shape = commonShape(x.shape, y.shape);
  const [from, other] = shape ? [broadcast(wholeView(x), shape), broadcast(wholeView(y), shape)] : [];
  if (!shape || !from || !other) return undefined;
  const a = copyView(x, from);
  const b = copyView(y, other);
  const isInteger = x.isInteger && y.isInteger;
  const data =
    a.data instanceof Float32Array && b.data instanceof Float64Array && !y.isInteger
      ? Float64Array.from(a.data)
      : a.data;
  for (let i = 0; i < data.length; i++) {
    const value = f(data[i], b.data[i]);
    data[i] = isInteger ? Math.trunc(value) : value;
  }
  return { shape, isInteger, data };
}
