/** Arguments of operators that have moved from attributes to inputs in the course of ONNX's versions. */
import { wholeNumbers, type Constant } from '../../../formats/onnx/constant';
import type { GraphNode } from '../../../formats/onnx/node';

/** The constants among a node's inputs; undefined for an input that is absent or none. */
export type ConstantInputs = readonly (Constant | undefined)[];

/** An axis counted from the front; undefined outside. */
export function axisOf(axis: number, rank: number): number | undefined {
  const found = axis < 0 ? axis + rank : axis;
  return Number.isInteger(found) && found >= 0 && found < rank ? found : undefined;
}

/** From an attribute or, in newer files, an input. */
export function listOf(
  node: GraphNode,
  attribute: string,
  inputs: ConstantInputs,
  index: number,
): readonly number[] | undefined {
  return node.integers(attribute) ?? wholeNumbers(inputs[index]);
}

/** Axes counted from the front; undefined where they are missing or wrong. */
export function axesOf(node: GraphNode, inputs: ConstantInputs, index: number, rank: number): number[] | undefined {
  const axes = listOf(node, 'axes', inputs, index)?.map((axis) => axisOf(axis, rank));
  return axes?.every((axis) => axis !== undefined) ? axes : undefined;
}

/** What Slice takes of one axis; `end` is exclusive, −1 for "before the first" on the way back. */
export interface AxisSlice {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export function slicesOf(node: GraphNode, inputs: ConstantInputs, shape: readonly number[]): AxisSlice[] | undefined {
  const starts = listOf(node, 'starts', inputs, 1);
  const ends = listOf(node, 'ends', inputs, 2);
  if (!starts || ends?.length !== starts.length) return undefined;
  const axes = listOf(node, 'axes', inputs, 3) ?? starts.map((_, i) => i);
  const steps = wholeNumbers(inputs[4]) ?? starts.map(() => 1);
  const slices: AxisSlice[] = [];
  for (let i = 0; i < starts.length; i++) {
    const axis = axisOf(axes[i], shape.length);
    const step = steps[i];
    if (axis === undefined || !Number.isInteger(step) || step === 0) return undefined;
    slices.push({ axis, step, ...extent(starts[i], ends[i], step, shape[axis]) });
  }
  return slices;
}

function extent(start: number, end: number, step: number, size: number): { start: number; count: number } {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, low), high);
  // A start before the first element is the first one, in both directions.
  const from = Math.max(0, clamp(start));
  return { start: from, count: Math.max(0, Math.ceil((clamp(end) - from) / step)) };
}

/** Sizes of the parts of Split. */
export function partsOf(node: GraphNode, inputs: ConstantInputs, size: number): readonly number[] | undefined {
  const given = listOf(node, 'split', inputs, 1);
  if (given) return given.reduce((sum, part) => sum + part, 0) === size ? given : undefined;
  const count = node.outputs.length;
  const each = Math.ceil(size / count);
  return node.outputs.map((_, i) => Math.max(0, Math.min(each, size - i * each)));
}

/** The shape that Reshape gives: 0 keeps a size, −1 is what is left. Undefined where it does not fit. */
export function reshaped(
  node: GraphNode,
  target: readonly number[] | undefined,
  shape: readonly number[],
): number[] | undefined {
  if (!target) return undefined;
  const allowsZero = node.integer('allowzero', 0) === 1;
  const sizes = target.map((size, axis) => (size === 0 && !allowsZero ? (shape[axis] ?? NaN) : size));
  const elements = shape.reduce((product, size) => product * size, 1);
  const known = sizes.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  const open = sizes.indexOf(-1);
  if (open >= 0) {
    if (sizes.indexOf(-1, open + 1) >= 0 || known === 0 || elements % known !== 0) return undefined;
    sizes[open] = elements / known;
  }
  return sizes.every((size) => size >= 0) && sizes.reduce((product, size) => product * size, 1) === elements
    ? sizes
    : undefined;
}
