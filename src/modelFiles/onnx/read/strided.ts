/** Copies a view of an array, given by its strides: what transposing, slicing and expanding a constant come to. */
import { elementsOf, type Constant } from '../../../formats/onnx/constant';

export interface View {
  readonly shape: readonly number[];
  /** Elements from one index of an axis to the next; 0 repeats, negative goes back. */
  readonly strides: readonly number[];
  /** The first element. */
  readonly offset: number;
}

/** Row-major. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

export function wholeView({ shape }: Constant): View {
  return { shape, strides: stridesOf(shape), offset: 0 };
}

export function emptyLike({ data }: Constant, length: number): Float32Array | Float64Array {
  return data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

export function copyView(constant: Constant, { shape, strides, offset }: View): Constant {
  const data = emptyLike(constant, elementsOf(shape));
  let to = 0;
  const copy = (axis: number, from: number) => {
    if (axis === shape.length) {
      data[to++] = constant.data[from];
    } else if (axis === shape.length - 1) {
      const stride = strides[axis];
      for (let i = 0; i < shape[axis]; i++) data[to++] = constant.data[from + i * stride];
    } else {
      for (let i = 0; i < shape[axis]; i++) copy(axis + 1, from + i * strides[axis]);
    }
  };
  if (data.length > 0) copy(0, offset);
  return { ...constant, shape, data };
}

/** The view stretched over a larger shape, as ONNX broadcasts; undefined where that cannot be. */
export function broadcast(view: View, shape: readonly number[]): View | undefined {
  const missing = shape.length - view.shape.length;
  if (missing < 0) return undefined;
  const strides = shape.map((size, axis) => {
    const own = axis < missing ? 1 : view.shape[axis - missing];
    if (own === size) return axis < missing ? 0 : view.strides[axis - missing];
    return own === 1 ? 0 : NaN;
  });
  return strides.some(Number.isNaN) ? undefined : { shape, strides, offset: view.offset };
}

/** The shape that two shapes broadcast to; undefined where they do not. */
export function commonShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    shape.push(x === 1 ? y : x);
  }
  return shape;
}
