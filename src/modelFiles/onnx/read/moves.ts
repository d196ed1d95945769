/** Operators that only move axes of what the graph computes. */
import { axesOf, axisOf, partsOf, reshaped, slicesOf, type ConstantInputs } from './arguments';
import { wholeNumbers } from '../../../formats/onnx/constant';
import { dataType } from '../../../formats/onnx/messages';
import { realTypes, withOnes } from './fold';
import type { GraphNode } from '../../../formats/onnx/node';
import { finalOf } from './recurrent';
import { type Atom, type Axis, type Data, reversedAtom, shapeOfData, sizeOf } from './value';

/** Outputs in order; undefined where the move is not understood. @param inputs constants, the first being `x` itself */
type Move = (node: GraphNode, x: Data, inputs: ConstantInputs) => readonly Data[] | undefined;

/** Whether a Dropout works as in training. Since opset 12 its third input says so, before opset 7 an attribute did. */
export function dropsValues(node: GraphNode, inputs: ConstantInputs): boolean {
  return (
    node.operator === 'Dropout' && (inputs[2]?.data.some((value) => value !== 0) ?? node.integer('is_test', 1) === 0)
  );
}

const moves: Readonly<Record<string, Move>> = {
  Identity: (_, x) => [x],
  Cast: (node, x) => (keepsNumbers(x, node.integer('to', 0)) ? [x] : undefined),
  Dropout: (_, x) => [x],
  Transpose(node, x) {
    const perm = node.integers('perm') ?? x.axes.map((_, axis) => x.axes.length - 1 - axis);
    if (
      perm.length !== x.axes.length ||
      new Set(perm).size !== perm.length ||
      perm.some((axis) => axisOf(axis, perm.length) === undefined)
    )
      return undefined;
    return [{ ...x, axes: perm.map((axis) => x.axes[axis]) }];
  },
  Reshape: (node, x, inputs) =>
    regrouped(x, reshaped(node, wholeNumbers(inputs[1]) ?? node.integers('shape'), shapeOfData(x))),
  Flatten(node, x) {
    const axis = node.integer('axis', 1);
    const count = axis < 0 ? axis + x.axes.length : axis;
    return [{ ...x, axes: [x.axes.slice(0, count).flat(), x.axes.slice(count).flat()] }];
  },
  Squeeze(node, x, inputs) {
    const axes = axesOf(node, inputs, 1, x.axes.length) ?? x.axes.flatMap((axis, i) => (sizeOf(axis) === 1 ? [i] : []));
    return axes.every((axis) => sizeOf(x.axes[axis]) === 1)
      ? [{ ...x, axes: x.axes.filter((_, axis) => !axes.includes(axis)) }]
      : undefined;
  },
  Unsqueeze(node, x, inputs) {
    const list = node.integers('axes') ?? wholeNumbers(inputs[1]);
    // Marks the axes that are there, so that they are found again between the new ones.
    const places =
      list &&
      withOnes(
        x.axes.map((_, i) => i + 2),
        list,
      );
    return places && [{ ...x, axes: places.map((place) => (place === 1 ? [] : x.axes[place - 2])) }];
  },
  Expand(_, x, inputs) {
    const target = wholeNumbers(inputs[1]);
    const shape = shapeOfData(x);
    const isSame = target?.every((size, i) => size === 1 || size === shape[i - target.length + shape.length]);
    return isSame ? [x] : undefined;
  },
  Slice(node, x, inputs) {
    const slices = slicesOf(node, inputs, shapeOfData(x));
    let moved: Data | undefined = x;
    for (const { axis, start, step, count } of slices ?? []) {
      const isTurn: boolean =
        moved !== undefined && step === -1 && count === shapeOfData(moved)[axis] && start === count - 1;
      moved = moved && (isTurn ? reversed(node, moved, axis)?.[0] : sliced(moved, axis, start, step, count));
    }
    return slices && moved && [moved];
  },
  Split(node, x, inputs) {
    const axis = axisOf(node.integer('axis', 0), x.axes.length);
    const sizes = axis === undefined ? undefined : partsOf(node, inputs, sizeOf(x.axes[axis]));
    if (axis === undefined || !sizes) return undefined;
    let start = 0;
    const parts = sizes.map((size) => {
      const part = sliced(x, axis, start, 1, size);
      start += size;
      return part;
    });
    return parts.every((part) => part) ? (parts as Data[]) : undefined;
  },
  ReverseSequence(node, x, [, lengths]) {
    const axis = axisOf(node.integer('time_axis', 0), x.axes.length);
    if (axis === undefined || !lengths?.data.every((length) => length === sizeOf(x.axes[axis]))) return undefined;
    return reversed(node, x, axis);
  },
  Gather(node, x, [, indices]) {
    const axis = axisOf(node.integer('axis', 0), x.axes.length);
    if (axis === undefined || indices?.data.length !== 1) return undefined;
    const size = sizeOf(x.axes[axis]);
    const index = indices.data[0] < 0 ? indices.data[0] + size : indices.data[0];
    const part = index < size ? sliced(x, axis, index, 1, 1) : undefined;
    return part && [{ ...part, axes: part.axes.toSpliced(axis, 1, ...indices.shape.map((): Axis => [])) }];
  },
};

export function isMove({ operator, domain }: GraphNode): boolean {
  return domain === '' && Object.hasOwn(moves, operator);
}

export function move(node: GraphNode, x: Data, inputs: ConstantInputs): readonly Data[] | undefined {
  return moves[node.operator](node, x, inputs);
}

/** Whether a Cast leaves the numbers what they are, but for their last digits. */
function keepsNumbers({ content }: Data, to: number): boolean {
  if (content.kind === 'oneHot') return true;
  const isReal = realTypes.includes(to);
  // Tokens come as real numbers too; of the other inputs only zeros and lengths are used.
  if (content.kind === 'given') return true;
  return content.kind === 'ids' ? isReal || to === dataType.int32 || to === dataType.int64 : isReal;
}

/** The same atoms in axes of these sizes; undefined where an atom would be cut. */
function regrouped(x: Data, sizes: readonly number[] | undefined): readonly Data[] | undefined {
  if (!sizes) return undefined;
  const atoms = x.axes.flat();
  let next = 0;
  const axes = sizes.map((size, i): Axis | undefined => {
    const axis: Atom[] = [];
    while (sizeOf(axis) < size && next < atoms.length) axis.push(atoms[next++]);
    // Atoms of size 1 belong to the axis before them, unless the next axis waits for one.
    const isAwaited = i < sizes.length - 1 && sizes[i + 1] === 1;
    while (next < atoms.length && atoms[next].size === 1 && (!isAwaited || (size === 1 && axis.length === 0)))
      axis.push(atoms[next++]);
    return sizeOf(axis) === size ? axis : undefined;
  });
  return next === atoms.length && axes.every((axis) => axis) ? [{ ...x, axes: axes as Axis[] }] : undefined;
}

/** An axis of the tokens, read from its end. */
function reversed(node: GraphNode, x: Data, axis: number): Data[] | undefined {
  const [atom, ...others] = x.axes[axis];
  if (!(atom as Atom | undefined) || others.length > 0 || !atom.name.startsWith('ids.')) return undefined;
  return [{ ...x, axes: x.axes.with(axis, [reversedAtom(atom, node.name)]) }];
}

/** Part of an axis: all of it, one of the directions, or the last of the steps. */
function sliced(x: Data, axis: number, start: number, step: number, count: number): Data | undefined {
  const whole = x.axes[axis];
  const size = sizeOf(whole);
  if (start === 0 && step === 1 && count === size) return x;
  const { content } = x;
  if (content.kind === 'given')
    return { ...x, axes: x.axes.with(axis, count === 1 ? [] : [{ name: 'part', size: count }]) };
  const names = whole.map(({ name }) => name).join(' ');
  if (whole[0]?.name === 'stack') return count === 1 ? ofStack(x, axis, start) : undefined;
  if (names === 'direction' && count === 1) return ofDirection(x, axis, start, []);
  if (names === 'direction units') {
    const units = whole[1].size;
    return count === units && start % units === 0 && step === 1
      ? ofDirection(x, axis, start / units, [whole[1]])
      : undefined;
  }
  if (content.kind === 'stacked') return undefined;
  const isStep =
    names.startsWith('ids.') && whole[0].reversedBy === undefined && step === 1 && count === 1 && start === size - 1;
  return isStep ? { ...x, axes: x.axes.with(axis, []) } : undefined;
}

/** One of the states that were put one behind the other; if they are of several directions, one of those. */
function ofStack(x: Data, axis: number, index: number): Data | undefined {
  const { content } = x;
  if (content.kind !== 'stacked') return undefined;
  const rest = x.axes[axis].slice(1);
  const each = sizeOf(rest);
  const part = content.parts.at(Math.floor(index / each));
  const picked = part && { ...x, content: part, axes: x.axes.with(axis, rest) };
  return picked && rest.length > 0 ? ofDirection(picked, axis, index % each, []) : picked;
}

function ofDirection(x: Data, axis: number, d: number, rest: Axis): Data | undefined {
  const { content } = x;
  const pick = (parts: readonly unknown[]) => parts[d] !== undefined;
  if (content.kind === 'states' && pick(content.parts))
    return { ...x, axes: x.axes.with(axis, rest), content: { ...content, parts: [content.parts[d]] } };
  if (content.kind === 'finalStates' && pick(content.of.parts)) {
    return { ...x, axes: x.axes.with(axis, rest), content: finalOf({ ...content.of, parts: [content.of.parts[d]] }) };
  }
  if (content.kind === 'finalFurther') return { ...x, axes: x.axes.with(axis, rest) };
  return undefined;
}
