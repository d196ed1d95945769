/** Dense tensors of a graph: everything in float64, row-major. Shapes may have axes of size 0. */

/**
 * What the elements are. Every ONNX float type is a float64 here, unrounded; integers are whole numbers, exact to 2⁵³ and not wrapped to their type's width;
 * booleans are 0 and 1.
 */
export type ElementKind = 'float' | 'integer' | 'boolean';

export interface Tensor {
  readonly kind: ElementKind;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What an operator cannot compute, or not differentiate; its message completes “the node X (Operator) …”. */
export class Unsupported extends Error {}

/** Elements of one tensor at most: 2 GB. */
const maxElements = 2 ** 28;

/** Throws Unsupported for a shape that is not possible. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0)
      throw new Unsupported(`would make a tensor of the impossible shape [${shape.join(', ')}]`);
    size *= length;
  }
  if (size > maxElements)
    throw new Unsupported(`would make a tensor of the shape [${shape.join(', ')}], which is too large`);
  return size;
}

export function floats(shape: readonly number[], data: Float64Array = new Float64Array(sizeOf(shape))): Tensor {
  return { kind: 'float', shape, data };
}

export function integers(shape: readonly number[], values: ArrayLike<number>): Tensor {
  return { kind: 'integer', shape, data: Float64Array.from(values) };
}

export function booleans(shape: readonly number[], data: Float64Array): Tensor {
  return { kind: 'boolean', shape, data };
}

/** How far apart in the data neighbors along each axis are. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** An axis counted from the front. Throws Unsupported where there is none. */
export function axisOf(axis: number, rank: number): number {
  const counted = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || counted < 0 || counted >= rank)
    throw new Unsupported(`has the axis ${axis}, which a tensor of rank ${rank} has not`);
  return counted;
}

/** Axes counted from the front, in the order given, each once. */
export function axesOf(axes: readonly number[], rank: number): number[] {
  const counted = axes.map((axis) => axisOf(axis, rank));
  if (new Set(counted).size !== counted.length) throw new Unsupported(`names an axis twice: [${axes.join(', ')}]`);
  return counted;
}

/** The shape that all of them broadcast to, as NumPy does it. Throws Unsupported where they do not fit. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape.at(axis - rank) ?? 1).filter((length) => length !== 1);
    const [length = 1] = lengths;
    if (lengths.some((other) => other !== length))
      throw new Unsupported(
        `has inputs of shapes that do not fit: ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ')}`,
      );
    return length;
  });
}

/** The only element. */
export function scalarOf({ data, shape }: Tensor): number {
  if (data.length !== 1) throw new Unsupported(`was expected to read one number, and reads [${shape.join(', ')}]`);
  return data[0];
}
