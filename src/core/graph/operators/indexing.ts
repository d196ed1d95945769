/** Operators that take elements from places: an output is x[places], and the derivative adds to those places. */
import type { Call, Operator, OperatorTable, Result } from '../call';
import { axesOf, axisOf, integers, sizeOf, stridesOf, Unsupported, type Tensor } from '../tensor';
import { rowsAlong } from './rows';

/** @param places in x of each element of the output; −1 where that is `fill` */
export function picked(
  x: Tensor,
  places: Int32Array,
  shape: readonly number[],
  fill = 0,
): Result & { readonly y: Tensor } {
  const y: Tensor = {
    kind: x.kind,
    shape,
    data: Float64Array.from(places, (place) => (place < 0 ? fill : x.data[place])),
  };
  return {
    y,
    outputs: [y],
    vjp: ([g]) => {
      const dx = new Float64Array(x.data.length);
      if (g) for (let i = 0; i < places.length; i++) if (places[i] >= 0) dx[places[i]] += g[i];
      return [dx];
    },
  };
}

/** An index into an axis, negative ones from its end. */
function counted(index: number, length: number): number {
  const from = index < 0 ? index + length : index;
  if (!(from >= 0 && from < length)) throw new Unsupported(`reads the index ${index} of an axis of length ${length}`);
  return from;
}

/** y[…, i…, …] = x[…, indices[i…], …] */
const gather: Operator = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = axisOf(call.attributes.integer('axis', 0), x.shape.length);
  const length = x.shape[axis];
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  const rows = Int32Array.from(indices.data, (index) => counted(index, length));
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const data = new Float64Array(sizeOf(shape));
  const forEach = (move: (to: number, from: number) => void) => {
    for (let block = 0; block < outer; block++)
      rows.forEach((row, i) => {
        move((block * rows.length + i) * inner, (block * length + row) * inner);
      });
  };
  forEach((to, from) => {
    for (let j = 0; j < inner; j++) data[to + j] = x.data[from + j];
  });
  return {
    outputs: [{ kind: x.kind, shape, data }],
    ...(rows.length === 1 && {
      view: { shape: [outer, inner], strides: [length * inner, 1], offset: rows[0] * inner },
    }),
    vjp: ([g]) => {
      const dx = new Float64Array(x.data.length);
      if (g)
        forEach((at, to) => {
          for (let j = 0; j < inner; j++) dx[to + j] += g[at + j];
        });
      return [dx];
    },
  };
};

/** Place in a tensor of `shape` that each element of `indices` names along `axis`, the other axes being its own. */
export function placesAlong(shape: readonly number[], indices: Tensor, axis: number): Int32Array {
  if (indices.shape.length !== shape.length)
    throw new Unsupported(`has indices of rank ${indices.shape.length} for a tensor of rank ${shape.length}`);
  const strides = stridesOf(shape);
  const own = stridesOf(indices.shape);
  return Int32Array.from(indices.data, (index, i) => {
    let place = 0;
    for (let each = 0; each < shape.length; each++) {
      const at = Math.floor(i / own[each]) % indices.shape[each];
      place += (each === axis ? counted(index, shape[axis]) : at) * strides[each];
    }
    return place;
  });
}

const gatherElements: Operator = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const axis = axisOf(call.attributes.integer('axis', 0), x.shape.length);
  return picked(x, placesAlong(x.shape, indices, axis), indices.shape);
};

/** Where the slices begin that the last axis of `indices` names, and their size. @param batch axes that both share in front */
export function slicesOf(
  shape: readonly number[],
  indices: Tensor,
  batch: number,
): { starts: Int32Array; size: number; rest: readonly number[] } {
  const depth = indices.shape.at(-1) ?? 0;
  const rest = shape.slice(batch + depth);
  if (indices.shape.length === 0 || batch + depth > shape.length)
    throw new Unsupported(`has indices of depth ${depth} for a tensor of rank ${shape.length}`);
  const strides = stridesOf(shape);
  const tuples = sizeOf(indices.shape.slice(0, -1));
  const perBatch = sizeOf(indices.shape.slice(batch, -1));
  const batchSize = sizeOf(shape.slice(batch));
  const starts = Int32Array.from({ length: tuples }, (_, tuple) => {
    let start = perBatch === 0 ? 0 : Math.floor(tuple / perBatch) * batchSize;
    for (let k = 0; k < depth; k++)
      start += counted(indices.data[tuple * depth + k], shape[batch + k]) * strides[batch + k];
    return start;
  });
  return { starts, size: sizeOf(rest), rest };
}

export function withinSlices({ starts, size }: { starts: Int32Array; size: number }): Int32Array {
  return Int32Array.from({ length: starts.length * size }, (_, i) => starts[Math.floor(i / size)] + (i % size));
}

const gatherND: Operator = (call) => {
  const [x, indices] = [call.input(0), call.input(1)];
  const batch = call.attributes.integer('batch_dims', 0);
  const slices = slicesOf(x.shape, indices, batch);
  return picked(x, withinSlices(slices), [...indices.shape.slice(0, -1), ...slices.rest]);
};

/** Where a padded axis takes its elements; −1 for the fill. */
function paddedAxis(length: number, before: number, after: number, mode: string): Int32Array {
  const size = length + before + after;
  if (size < 0) throw new Unsupported(`pads an axis of length ${length} by ${before} and ${after}`);
  const period = 2 * (length - 1);
  const wrap = (i: number, by: number) => ((i % by) + by) % by;
  return Int32Array.from({ length: size }, (_, at) => {
    const i = at - before;
    if (i >= 0 && i < length) return i;
    if (mode === 'constant') return -1;
    if (length === 0) throw new Unsupported('pads an axis of length 0 with its own elements');
    if (mode === 'edge') return i < 0 ? 0 : length - 1;
    if (mode === 'wrap') return wrap(i, length);
    return period === 0 ? 0 : Math.min(wrap(i, period), period - wrap(i, period));
  });
}

const pad: Operator = (call) => {
  const { attributes, opset } = call;
  const x = call.input(0);
  const rank = x.shape.length;
  const mode = attributes.text('mode', 'constant');
  if (!['constant', 'reflect', 'edge', 'wrap'].includes(mode))
    throw new Unsupported(`has the mode “${mode}”, which is not known`);
  const amounts =
    opset < 11 ? (attributes.integers(opset < 2 ? 'paddings' : 'pads') ?? []) : Array.from(call.input(1).data);
  const value = opset < 11 ? attributes.float('value', 0) : (call.optional(2)?.data[0] ?? 0);
  const given = opset < 18 ? undefined : call.optional(3);
  const axes = given ? axesOf(Array.from(given.data), rank) : x.shape.map((_, axis) => axis);
  if (amounts.length !== 2 * axes.length) throw new Unsupported(`has ${amounts.length} pads for ${axes.length} axes`);
  const maps = x.shape.map((length, axis) => {
    const k = axes.indexOf(axis);
    return k < 0 ? paddedAxis(length, 0, 0, mode) : paddedAxis(length, amounts[k], amounts[axes.length + k], mode);
  });
  const shape = maps.map((map) => map.length);
  const places = placesOf(maps, stridesOf(x.shape));
  const result = picked(x, places, shape, value);
  const { vjp } = result;
  const toValue = (g: Float64Array) =>
    Float64Array.of(g.reduce((sum, each, i) => (places[i] < 0 ? sum + each : sum), 0));
  return {
    ...result,
    vjp: ([g], wanted) => [vjp?.([g], wanted)[0], undefined, g && wanted[2] ? toValue(g) : undefined],
  };
};

/** Places of all combinations of an index of each axis; −1 where one of them is. */
function placesOf(maps: readonly Int32Array[], strides: readonly number[]): Int32Array {
  const own = stridesOf(maps.map((map) => map.length));
  return Int32Array.from({ length: sizeOf(maps.map((map) => map.length)) }, (_, i) => {
    let place = 0;
    for (let axis = 0; axis < maps.length; axis++) {
      const from = maps[axis][Math.floor(i / own[axis]) % maps[axis].length];
      if (from < 0) return -1;
      place += from * strides[axis];
    }
    return place;
  });
}

/** Only some indices of one axis, in this order. */
function alongAxis(x: Tensor, axis: number, indices: readonly number[]): Result {
  const maps = x.shape.map((length, each) =>
    Int32Array.from(each === axis ? indices : Array.from({ length }, (_, i) => i)),
  );
  return picked(x, placesOf(maps, stridesOf(x.shape)), x.shape.with(axis, indices.length));
}

const compress: Operator = (call) => {
  const x = call.input(0);
  const chosen = [...call.input(1).data].flatMap((each, i) => (each ? [i] : []));
  if (!call.attributes.has('axis'))
    return alongAxis(
      { ...x, shape: [x.data.length] },
      0,
      chosen.filter((i) => i < x.data.length),
    );
  return alongAxis(x, axisOf(call.attributes.integer('axis', 0), x.shape.length), chosen);
};

/** Values and places of the k largest of each row; of equal ones the first. */
const topK: Operator = (call) => {
  const x = call.input(0);
  const axis = axisOf(call.attributes.integer('axis', -1), x.shape.length);
  const k = call.opset < 10 ? call.attributes.integer('k', 0) : call.input(1).data[0];
  const sign = call.attributes.flag('largest', true) ? 1 : -1;
  // In any order otherwise, so in this one too.
  call.attributes.ignore('sorted');
  if (k < 0 || k > x.shape[axis]) throw new Unsupported(`asks for ${k} of ${x.shape[axis]} elements`);
  const places = rowsAlong({ ...x, data: Float64Array.from(x.data, (_, i) => i) }, [axis]);
  const shape = x.shape.with(axis, k);
  const order = rowsAlong({ shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => i) }, [axis]).data;
  const from = new Int32Array(order.length);
  const index = new Float64Array(order.length);
  for (let row = 0; row < places.count; row++) {
    const own = Array.from(places.data.subarray(row * places.length, (row + 1) * places.length), (place, i) => ({
      place,
      i,
      value: x.data[place] * sign,
    }));
    own.sort((a, b) => b.value - a.value || a.i - b.i);
    for (let i = 0; i < k; i++) {
      from[order[row * k + i]] = own[i].place;
      index[order[row * k + i]] = own[i].i;
    }
  }
  const { y, vjp } = picked(x, from, shape);
  return { outputs: [y, integers(shape, index)], ...(vjp && { vjp }) };
};

/** values[1] at the index, values[0] elsewhere; all of values[0] where the index is outside. */
const oneHot: Operator = (call) => {
  const [indices, depth, values] = [call.input(0), call.input(1), call.input(2)];
  const size = depth.data[0];
  const rank = indices.shape.length + 1;
  const axis = axisOf(call.attributes.integer('axis', -1), rank);
  const shape = indices.shape.toSpliced(axis, 0, size);
  const inner = sizeOf(indices.shape.slice(axis));
  const places = new Int32Array(sizeOf(shape));
  indices.data.forEach((given, i) => {
    const index = given < 0 ? given + size : given;
    if (index >= 0 && index < size)
      places[(Math.floor(i / inner) * size + Math.trunc(index)) * inner + (i % inner)] = 1;
  });
  const { outputs, vjp } = picked(values, places, shape);
  return { outputs, vjp: (gradients, wanted) => [undefined, undefined, vjp?.(gradients, wanted)[0]] };
};

const nonZero: Operator = (call) => {
  const x = call.input(0);
  const strides = stridesOf(x.shape);
  const found = [...x.data].flatMap((value, i) => (value !== 0 ? [i] : []));
  // A scalar counts as a vector of one.
  if (x.shape.length === 0) return { outputs: [integers([1, found.length], found)] };
  return {
    outputs: [
      integers(
        [x.shape.length, found.length],
        x.shape.flatMap((length, axis) => found.map((i) => Math.floor(i / strides[axis]) % length)),
      ),
    ],
  };
};

/** The first `lengths` elements of each sequence turned round. */
const reverseSequence: Operator = (call) => {
  const [x, lengths] = [call.input(0), call.input(1)];
  const [time, batch] = [call.attributes.integer('time_axis', 0), call.attributes.integer('batch_axis', 1)];
  const strides = stridesOf(x.shape);
  return picked(
    x,
    Int32Array.from(x.data, (_, i) => {
      const t = Math.floor(i / strides[time]) % x.shape[time];
      const length = lengths.data[Math.floor(i / strides[batch]) % x.shape[batch]];
      return t < length ? i + (length - 1 - 2 * t) * strides[time] : i;
    }),
    x.shape,
  );
};

/** Sums up to each element of an axis. Its derivative is the same sum the other way round. */
const cumulativeSum: Operator = (call) => {
  const x = call.input(0);
  const axis = axisOf(call.input(1).data[0], x.shape.length);
  const exclusive = call.attributes.flag('exclusive');
  const reverse = call.attributes.flag('reverse');
  const summed = (data: Float64Array, backward: boolean) => {
    const rows = rowsAlong({ shape: x.shape, data }, [axis]);
    const out = new Float64Array(data.length);
    for (let row = 0; row < rows.count; row++) {
      let sum = 0;
      for (let i = 0; i < rows.length; i++) {
        const at = row * rows.length + (backward ? rows.length - 1 - i : i);
        out[at] = exclusive ? sum : sum + rows.data[at];
        sum += rows.data[at];
      }
    }
    return rows.back(out);
  };
  return { outputs: [{ ...x, data: summed(x.data, reverse) }], vjp: ([g]) => [g && summed(g, !reverse)] };
};

/** Distinct elements, sorted or as they come first, and where they are. */
const unique: Operator = (call: Call) => {
  if (call.attributes.has('axis'))
    throw new Unsupported('looks for distinct slices along an axis, which is not computed');
  const x = call.input(0);
  const firsts = new Map<number, number>();
  x.data.forEach((value, i) => {
    if (!firsts.has(value)) firsts.set(value, i);
  });
  const values = [...firsts.keys()];
  if (call.attributes.flag('sorted', true)) values.sort((a, b) => a - b);
  const ranks = new Map(values.map((value, i) => [value, i]));
  const inverse = Array.from(x.data, (value) => ranks.get(value) ?? 0);
  const counts = new Float64Array(values.length);
  for (const rank of inverse) counts[rank]++;
  const { y, vjp } = picked(
    x,
    Int32Array.from(values, (value) => firsts.get(value) ?? 0),
    [values.length],
  );
  return {
    outputs: [
      y,
      integers(
        [values.length],
        values.map((value) => firsts.get(value) ?? 0),
      ),
      integers([inverse.length], inverse),
      integers([values.length], counts),
    ],
    ...(vjp && { vjp }),
  };
};

export const indexing = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Pad: pad,
  Compress: compress,
  TopK: topK,
  OneHot: oneHot,
  NonZero: nonZero,
  ReverseSequence: reverseSequence,
  CumSum: cumulativeSum,
  Unique: unique,
} satisfies OperatorTable;
