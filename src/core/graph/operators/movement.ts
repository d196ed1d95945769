/** Operators that only move elements: each output is a strided view of an input, and the derivative adds along it. */
import type { Call, Operator, OperatorTable, Result } from '../call';
import {
  addToView,
  broadcastView,
  readView,
  transposed,
  viewOf,
  viewOfSeveral,
  writeView,
  type View,
} from '../strided';
import { axesOf, axisOf, broadcastShape, sizeOf, stridesOf, Unsupported, type Tensor } from '../tensor';

/** Outputs that are views of one tensor. @param shapes of the outputs, where they are not those of the views */
export function viewed(x: Tensor, views: readonly View[], shapes = views.map(({ shape }) => shape)): Result {
  return {
    outputs: views.map((view, i) => ({ kind: x.kind, shape: shapes[i], data: readView(x.data, view) })),
    ...(views.length === 1 && { view: views[0] }),
    // What repeats is summed on the way back.
    onlyMoves: views.every(({ shape, strides }) => strides.every((stride, axis) => stride !== 0 || shape[axis] === 1)),
    takesSeveral: true,
    vjp: (gradients, _wanted, count = 1) => {
      const dx = new Float64Array(count * x.data.length);
      views.forEach((view, i) => {
        const g = gradients[i];
        if (g) addToView(dx, viewOfSeveral(view, count, x.data.length), g);
      });
      return [dx];
    },
  };
}

/** The same elements in the same order. */
function reshaped(x: Tensor, shape: readonly number[]): Result {
  if (sizeOf(shape) !== x.data.length) throw new Unsupported(`makes [${shape.join(', ')}] of [${x.shape.join(', ')}]`);
  return { outputs: [{ ...x, shape }], takesSeveral: true, vjp: ([g]) => [g] };
}

/** 0 takes the length that was there, −1 what is left. */
const reshape: Operator = (call) => {
  const x = call.input(0);
  call.attributes.ignore('consumed_inputs');
  const zeroIsZero = call.attributes.flag('allowzero');
  const given = call.integersFrom(1, 'shape') ?? [];
  const shape = given.map((length, axis) => (length === 0 && !zeroIsZero ? (x.shape[axis] ?? 0) : length));
  const open = shape.indexOf(-1);
  if (open >= 0) {
    const others = shape.reduce((size, length, axis) => (axis === open ? size : size * length), 1);
    shape[open] = others === 0 ? 0 : Math.floor(x.data.length / others);
  }
  return reshaped(x, shape);
};

const flatten: Operator = (call) => {
  const x = call.input(0);
  const rank = x.shape.length;
  const given = call.attributes.integer('axis', 1);
  const axis = given === rank ? rank : axisOf(given, rank);
  return reshaped(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
};

const squeeze: Operator = (call) => {
  const x = call.input(0);
  const given = call.integersFrom(1, 'axes');
  const axes = given ? axesOf(given, x.shape.length) : x.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
  if (axes.some((axis) => x.shape[axis] !== 1))
    throw new Unsupported(
      `takes away the axes [${axes.join(', ')}] of [${x.shape.join(', ')}], which are not of length 1`,
    );
  return reshaped(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );
};

const unsqueeze: Operator = (call) => {
  const x = call.input(0);
  const given = call.integersFrom(1, 'axes') ?? [];
  const rank = x.shape.length + given.length;
  const axes = axesOf(given, rank);
  const lengths = x.shape.values();
  return reshaped(
    x,
    Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (lengths.next().value ?? 1))),
  );
};

const transpose: Operator = (call) => {
  const x = call.input(0);
  const order = call.attributes.integers('perm') ?? x.shape.map((_, axis) => x.shape.length - 1 - axis);
  if (axesOf(order, x.shape.length).length !== x.shape.length)
    throw new Unsupported(`has ${order.length} axes to put ${x.shape.length} in order`);
  return viewed(x, [transposed(viewOf(x.shape), order)]);
};

const expand: Operator = (call) => {
  const x = call.input(0);
  return viewed(x, [broadcastView(x.shape, broadcastShape(x.shape, Array.from(call.input(1).data)))]);
};

/** Of one axis: where it begins, the step, and how many. Ends beyond the tensor mean its end. */
function sliced(length: number, start: number, end: number, step: number): { first: number; count: number } {
  if (step === 0) throw new Unsupported('slices with a step of 0');
  const counted = (index: number) => (index < 0 ? index + length : index);
  const clamp = (index: number, low: number, high: number) => Math.max(low, Math.min(high, index));
  const first = clamp(counted(start), 0, step > 0 ? length : length - 1);
  const last = step > 0 ? clamp(counted(end), 0, length) : clamp(counted(end), -1, length - 1);
  return { first, count: Math.max(0, Math.ceil((last - first) / step)) };
}

/** What exporters write for an end that is none: the largest number of 32 bits or more. */
const endless = 2 ** 31 - 1;

const slice: Operator = (call) => {
  const x = call.input(0);
  const rank = x.shape.length;
  const starts = call.integersFrom(1, 'starts') ?? [];
  const ends = call.integersFrom(2, 'ends') ?? [];
  const axes = axesOf(call.integersFrom(3, 'axes') ?? starts.map((_, axis) => axis), rank);
  const steps = call.opset < 10 ? undefined : call.optional(4)?.data;
  if (starts.length !== axes.length || ends.length !== axes.length)
    throw new Unsupported('has not as many starts, ends and axes');
  // Everything, however long: x[:], which loops that were scripted say in every iteration. A copy for each would be the square of the text's length.
  if (axes.every((_, i) => starts[i] === 0 && ends[i] >= endless && (steps?.[i] ?? 1) === 1)) return { outputs: [x] };
  const shape = [...x.shape];
  const strides = stridesOf(x.shape);
  let offset = 0;
  axes.forEach((axis, i) => {
    const step = steps ? steps[i] : 1;
    const { first, count } = sliced(x.shape[axis], starts[i], ends[i], step);
    offset += first * strides[axis];
    shape[axis] = count;
    strides[axis] *= step;
  });
  return viewed(x, [{ shape, strides, offset }]);
};

/** Views of the parts of an axis. */
export function partViews(shape: readonly number[], axis: number, sizes: readonly number[]): View[] {
  const strides = stridesOf(shape);
  if (sizes.reduce((sum, size) => sum + size, 0) !== shape[axis])
    throw new Unsupported(`splits an axis of length ${shape[axis]} into [${sizes.join(', ')}]`);
  let first = 0;
  return sizes.map((size) => {
    const view = { shape: shape.with(axis, size), strides, offset: first * strides[axis] };
    first += size;
    return view;
  });
}

const split: Operator = (call) => {
  const x = call.input(0);
  const axis = axisOf(call.attributes.integer('axis', 0), x.shape.length);
  const length = x.shape[axis];
  const given = call.integersFrom(1, 'split');
  const parts = call.attributes.integer('num_outputs', call.namedOutputs.length);
  if (given) return viewed(x, partViews(x.shape, axis, given));
  // The last one is smaller where they cannot be equal, which older opsets do not allow.
  const size = Math.ceil(length / parts);
  if (call.opset < 18 && size * parts !== length)
    throw new Unsupported(`splits an axis of length ${length} into ${parts} equal parts`);
  return viewed(
    x,
    partViews(
      x.shape,
      axis,
      Array.from({ length: parts }, (_, part) => Math.max(0, Math.min(size, length - part * size))),
    ),
  );
};

/** Tensors one behind the other along an axis. */
export function concatenated(tensors: readonly Tensor[], axis: number): Result {
  const [first] = tensors;
  const lengths = tensors.map(({ shape }) => shape[axis]);
  const fits = tensors.every(
    ({ shape }) =>
      shape.length === first.shape.length &&
      shape.every((length, other) => other === axis || length === first.shape[other]),
  );
  if (!fits)
    throw new Unsupported(
      `joins tensors of the shapes ${tensors.map(({ shape }) => `[${shape.join(', ')}]`).join(', ')} along axis ${axis}`,
    );
  const shape = first.shape.with(
    axis,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  const views = partViews(shape, axis, lengths);
  const data = new Float64Array(sizeOf(shape));
  tensors.forEach((tensor, i) => {
    writeView(data, views[i], tensor.data);
  });
  return {
    outputs: [{ kind: first.kind, shape, data }],
    onlyMoves: true,
    takesSeveral: true,
    vjp: ([g], wanted, count = 1) =>
      views.map((view, i) => (g && wanted[i] ? readView(g, viewOfSeveral(view, count, data.length)) : undefined)),
  };
}

/** Tensors of one shape side by side along a new axis. */
export function stacked(tensors: readonly Tensor[], axis: number): Result {
  const place = axis < 0 ? axis + tensors[0].shape.length + 1 : axis;
  return concatenated(
    tensors.map((tensor) => ({ ...tensor, shape: tensor.shape.toSpliced(place, 0, 1) })),
    place,
  );
}

/** One place along an axis, which is gone then. */
export function selected(x: Tensor, axis: number, index: number): Result {
  const strides = stridesOf(x.shape);
  return viewed(x, [
    { shape: x.shape.toSpliced(axis, 1), strides: strides.toSpliced(axis, 1), offset: index * strides[axis] },
  ]);
}

const concat: Operator = (call) => {
  const tensors = call.all();
  const axis = call.attributes.integer('axis', 1);
  return concatenated(tensors, axisOf(axis, tensors[0].shape.length));
};

/** Each axis twice: which repetition, and where in it. */
const tile: Operator = (call) => {
  if (call.opset < 6) throw new Unsupported('repeats along one axis, which is not computed (opset 5 and older)');
  const x = call.input(0);
  const repeats = Array.from(call.input(1).data);
  if (repeats.length !== x.shape.length)
    throw new Unsupported(`has ${repeats.length} repeats for ${x.shape.length} axes`);
  const strides = stridesOf(x.shape);
  const view: View = {
    shape: x.shape.flatMap((length, axis) => [repeats[axis], length]),
    strides: strides.flatMap((stride) => [0, stride]),
    offset: 0,
  };
  return viewed(x, [view], [x.shape.map((length, axis) => length * repeats[axis])]);
};

/** Blocks of channels to places, or back: a transposition of the split axes. */
function depth(toSpace: boolean): Operator {
  return (call) => {
    const x = call.input(0);
    const size = call.attributes.integer('blocksize', 0);
    const columnsFirst = toSpace && call.attributes.text('mode', 'DCR') === 'CRD';
    if (x.shape.length !== 4 || size < 1) throw new Unsupported('was expected to read images');
    const [n, c, h, w] = x.shape;
    const split = toSpace
      ? columnsFirst
        ? [n, c / size ** 2, size, size, h, w]
        : [n, size, size, c / size ** 2, h, w]
      : [n, c, h / size, size, w / size, size];
    const order = toSpace ? (columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]) : [0, 3, 5, 1, 2, 4];
    return viewed(
      x,
      [transposed(viewOf(split), order)],
      [toSpace ? [n, c / size ** 2, h * size, w * size] : [n, c * size ** 2, h / size, w / size]],
    );
  };
}

/** 1 where an element of a matrix is kept. */
const trilu: Operator = (call) => {
  const x = call.input(0);
  const rank = x.shape.length;
  if (rank < 2) throw new Unsupported('was expected to read matrices');
  const shift = call.optional(1)?.data[0] ?? 0;
  const upper = call.attributes.flag('upper', true);
  const [rows, columns] = x.shape.slice(-2);
  const keeps = (i: number) => {
    const distance = (i % columns) - (Math.floor(i / columns) % rows);
    return upper ? distance >= shift : distance <= shift;
  };
  const masked = (values: Float64Array) => values.map((each, i) => (keeps(i) ? each : 0));
  return { outputs: [{ ...x, data: masked(x.data) }], vjp: ([g]) => [g && masked(g)] };
};

/** Outside training nothing is dropped. */
const dropout: Operator = (call: Call) => {
  const x = call.input(0);
  call.attributes.ignore('ratio', 'seed', 'consumed_inputs');
  const ratio = call.optional(1)?.data[0] ?? 0.5;
  const isTraining = call.opset < 7 ? !call.attributes.flag('is_test') : (call.optional(2)?.data[0] ?? 0) !== 0;
  if (isTraining && ratio !== 0) throw new Unsupported('is in training mode');
  const mask: Tensor = {
    kind: call.opset < 10 ? x.kind : 'boolean',
    shape: x.shape,
    data: new Float64Array(x.data.length).fill(1),
  };
  return { outputs: [x, mask] };
};

export const movement = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Slice: slice,
  Split: split,
  Concat: concat,
  Tile: tile,
  DepthToSpace: depth(true),
  SpaceToDepth: depth(false),
  Trilu: trilu,
  Dropout: dropout,
} satisfies OperatorTable;
