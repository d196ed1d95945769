/** Strided views of a tensor's data: most operators that only move elements are one, and their derivative is to add along it. */
import { sizeOf, stridesOf, Unsupported } from './tensor';

/** Element (i₀, i₁, …) lies at offset + Σ iₖ · strides[k]. A stride of 0 repeats. */
export interface View {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

export function viewOf(shape: readonly number[]): View {
  return { shape, strides: stridesOf(shape), offset: 0 };
}

/** The view that repeats a tensor of `shape` to the shape `to`. Throws Unsupported where it does not broadcast to that. */
export function broadcastView(shape: readonly number[], to: readonly number[]): View {
  const lead = to.length - shape.length;
  const fits = lead >= 0 && shape.every((length, axis) => length === 1 || length === to[lead + axis]);
  if (!fits)
    throw new Unsupported(
      `has an input of the shape [${shape.join(', ')}], which does not broadcast to [${to.join(', ')}]`,
    );
  const own = stridesOf(shape);
  return {
    shape: to,
    strides: to.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : own[axis - lead])),
    offset: 0,
  };
}

export function transposed(view: View, order: readonly number[]): View {
  return {
    shape: order.map((axis) => view.shape[axis]),
    strides: order.map((axis) => view.strides[axis]),
    offset: view.offset,
  };
}

/** The view of several tensors of that size, one behind the other. */
export function viewOfSeveral({ shape, strides, offset }: View, count: number, size: number): View {
  return count === 1 ? { shape, strides, offset } : { shape: [count, ...shape], strides: [size, ...strides], offset };
}

/** Axes of size 1 left out, neighbors that lie one behind the other made one. At least one axis. */
function merged({ shape, strides }: View): { shape: number[]; strides: number[] } {
  const lengths: number[] = [];
  const steps: number[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = lengths.length - 1;
    if (last >= 0 && steps[last] === strides[axis] * length) {
      lengths[last] *= length;
      steps[last] = strides[axis];
    } else {
      lengths.push(length);
      steps.push(strides[axis]);
    }
  });
  return lengths.length === 0 ? { shape: [1], strides: [0] } : { shape: lengths, strides: steps };
}

/** Calls with each row of the view's innermost axis: where it begins in the data, and in the view's elements one after another. */
export function forEachRow(view: View, row: (from: number, at: number, length: number, stride: number) => void): void {
  if (view.shape.includes(0)) return;
  const { shape, strides } = merged(view);
  const inner = shape.length - 1;
  const length = shape[inner];
  const stride = strides[inner];
  const index = new Int32Array(inner);
  let from = view.offset;
  let at = 0;
  for (;;) {
    row(from, at, length, stride);
    at += length;
    let axis = inner - 1;
    for (; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** A copy of the view's elements, one after another. */
export function readView(data: Float64Array, view: View): Float64Array {
  const out = new Float64Array(sizeOf(view.shape));
  forEachRow(view, (from, at, length, stride) => {
    if (stride === 1) for (let i = 0; i < length; i++) out[at + i] = data[from + i];
    else if (stride === 0) out.fill(data[from], at, at + length);
    else for (let i = 0; i < length; i++) out[at + i] = data[from + i * stride];
  });
  return out;
}

/** data[view] += values; the derivative of `readView`. */
export function addToView(data: Float64Array, view: View, values: Float64Array): void {
  forEachRow(view, (to, at, length, stride) => {
    if (stride === 0) {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += values[at + i];
      data[to] += sum;
    } else {
      for (let i = 0; i < length; i++) data[to + i * stride] += values[at + i];
    }
  });
}

/** data[view] = values, of a view that repeats nothing. */
export function writeView(data: Float64Array, view: View, values: Float64Array): void {
  forEachRow(view, (to, at, length, stride) => {
    for (let i = 0; i < length; i++) data[to + i * stride] = values[at + i];
  });
}
