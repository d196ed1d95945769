/** What computes on tokens one by one: embeddings, linear layers, and what is folded into them. */
import type { Weights } from '../../../core/model/generalModel';
import { UserError } from '../../../userError';
import { transposed } from '../../transposed';
import { axisOf, type ConstantInputs } from './arguments';
import type { Constant } from '../../../formats/onnx/constant';
import type { GraphNode } from '../../../formats/onnx/node';
import { isFeatures, shapeOfData, sizeOf, widthOf, type Content, type Data, type Logits, type Value } from './value';

/** The rows of a table that the tokens choose, or a column of a one-hot row. Undefined for another Gather. */
export function gathered(table: Constant, ids: Data, node: GraphNode): Data | undefined {
  if (
    ids.content.kind !== 'ids' ||
    table.shape.length !== 2 ||
    axisOf(node.integer('axis', 0), 2) !== 0 ||
    table.isInteger
  )
    return undefined;
  const [vocabularySize, size] = table.shape;
  if (vocabularySize === size && isIdentity(table))
    return { kind: 'data', axes: [...ids.axes, [{ name: 'features', size }]], content: { kind: 'oneHot', size } };
  return {
    kind: 'data',
    axes: [...ids.axes, [{ name: 'features', size }]],
    content: { kind: 'embedded', table: table.data, vocabularySize, size, source: node.name },
  };
}

function isIdentity({ data, shape: [size] }: Constant): boolean {
  return data.every((value, i) => value === Number(i % (size + 1) === 0));
}

/** The operator OneHot over the last axis. */
export function oneHot(node: GraphNode, ids: Data, [, depth, values]: ConstantInputs): Data | undefined {
  const isLast = axisOf(node.integer('axis', -1), ids.axes.length + 1) === ids.axes.length;
  const isPlain = values?.data[0] === 0 && values.data[1] === 1;
  if (ids.content.kind !== 'ids' || !isLast || !isPlain || depth?.data.length !== 1) return undefined;
  const size = depth.data[0];
  return { kind: 'data', axes: [...ids.axes, [{ name: 'features', size }]], content: { kind: 'oneHot', size } };
}

/** ids [..., 1] compared with 0 … V − 1. */
export function comparedOneHot(values: readonly (Value | undefined)[], constants: ConstantInputs): Data | undefined {
  const ids = values.find((value) => value?.kind === 'data');
  const symbols = constants.find((each) => each);
  const isRange =
    symbols &&
    symbols.data.length > 1 &&
    symbols.data.every((value, i) => value === i) &&
    symbols.shape.at(-1) === symbols.data.length;
  if (ids?.kind !== 'data' || ids.content.kind !== 'ids' || !isRange || ids.axes.at(-1)?.length !== 0) return undefined;
  const size = symbols.data.length;
  return { ...ids, axes: ids.axes.with(-1, [{ name: 'features', size }]), content: { kind: 'oneHot', size } };
}

/** Ones put at the ids into rows of zeros. */
export function scatteredOneHot(
  node: GraphNode,
  values: readonly (Value | undefined)[],
  [zeros, , ones]: ConstantInputs,
): Data | undefined {
  const ids = values[1];
  if (ids?.kind !== 'data' || ids.content.kind !== 'ids' || ids.axes.at(-1)?.length !== 0 || !zeros || !ones)
    return undefined;
  const rank = ids.axes.length;
  const size = zeros.shape.at(-1) ?? 0;
  const isPlain =
    axisOf(node.integer('axis', 0), rank) === rank - 1 &&
    node.text('reduction', 'none') === 'none' &&
    zeros.shape.length === rank &&
    zeros.shape.slice(0, -1).every((length, axis) => length === sizeOf(ids.axes[axis])) &&
    zeros.data.every((zero) => zero === 0) &&
    ones.data.every((one) => one === 1);
  return isPlain
    ? { ...ids, axes: ids.axes.with(-1, [{ name: 'features', size }]), content: { kind: 'oneHot', size } }
    : undefined;
}

/** x · W + b over the features: W [F, out], b [out] or none. Undefined where x is nothing that a linear layer is read of. */
export function linear(node: GraphNode, x: Data, W: Weights, out: number, b: Weights | undefined): Data | undefined {
  const content = linearOf(node, x, W, out, b);
  return content && { ...x, axes: x.axes.with(-1, [{ name: 'features', size: out }]), content };
}

function linearOf(node: GraphNode, x: Data, W: Weights, out: number, b: Weights | undefined): Content | undefined {
  const { content } = x;
  const bias = b ?? new Float32Array(out);
  switch (content.kind) {
    case 'oneHot':
      return {
        kind: 'embedded',
        table: addToRows(W, bias),
        vocabularySize: content.size,
        size: out,
        source: node.name,
      };
    case 'embedded':
      return {
        ...content,
        size: out,
        table: addToRows(product(content.table, W, content.vocabularySize, content.size, out), bias),
      };
    case 'states':
    case 'normed':
      return {
        kind: 'logits',
        of: content,
        W: transposed(W, W.length / out, out),
        b: bias,
        vocabularySize: out,
        then: 'nothing',
        source: node.name,
      };
    case 'logits':
      if (content.then !== 'nothing') return undefined;
      return { ...content, ...after(content, W, out, bias), vocabularySize: out, source: node.name };
    default:
      return undefined;
  }
}

/** Two linear layers, one after the other, are one. */
function after(first: Logits, W: Weights, out: number, b: Weights): { W: Weights; b: Weights } {
  const inner = first.vocabularySize;
  const width = first.W.length / inner;
  const second = transposed(W, W.length / out, out);
  const bias = product(second, first.b, out, inner, 1).map((value, row) => value + b[row]);
  return { W: product(second, first.W, out, inner, width), b: bias };
}

/** Adds or multiplies by a constant vector over the features, or a number. Undefined where x is nothing that takes it. */
export function scaledOrShifted(
  operator: 'Add' | 'Sub' | 'Mul' | 'Div',
  x: Data,
  constant: Constant,
): Data | undefined {
  const shape = shapeOfData(x);
  const neutral = operator === 'Mul' || operator === 'Div' ? 1 : 0;
  // Exporters leave dropout as a product with ones.
  const isNeutral =
    constant.shape.length <= shape.length &&
    constant.data.every((number) => number === neutral) &&
    constant.shape.every((length, i) => length === 1 || length === shape[i - constant.shape.length + shape.length]);
  if (isNeutral) return x;
  const features = x.axes.at(-1);
  if (!features || !isFeatures(features, x.content)) return undefined;
  const size = sizeOf(features);
  const isVector = constant.data.length === 1 || (constant.data.length === size && constant.shape.at(-1) === size);
  if (!isVector) return undefined;
  const value = (i: number) => constant.data[constant.data.length === 1 ? 0 : i];
  const apply = (number: number, i: number) =>
    operator === 'Add'
      ? number + value(i)
      : operator === 'Sub'
        ? number - value(i)
        : operator === 'Mul'
          ? number * value(i)
          : number / value(i);
  const { content } = x;
  if (content.kind === 'embedded')
    return { ...x, content: { ...content, table: content.table.map((number, i) => apply(number, i % size)) } };
  if (content.kind !== 'logits' || content.then !== 'nothing') return undefined;
  const isShift = operator === 'Add' || operator === 'Sub';
  const width = content.W.length / content.vocabularySize;
  const b = content.b.map(apply);
  return {
    ...x,
    content: {
      ...content,
      b,
      W: isShift ? content.W : content.W.map((number, i) => apply(number, Math.floor(i / width))),
    },
  };
}

/** A [rows, inner] · B [inner, columns], in float64. */
function product(A: Weights, B: Weights, rows: number, inner: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const a = A[row * inner + k];
      for (let column = 0; column < columns; column++) result[row * columns + column] += a * B[k * columns + column];
    }
  }
  return result;
}

function addToRows(W: Weights, b: Weights): Weights {
  return b.every((value) => value === 0) ? W : W.map((value, i) => value + b[i % b.length]);
}

/** MatMul of the features with a constant matrix. */
export function matMul(node: GraphNode, x: Data, W: Constant): Data | undefined {
  return isFeatures(x.axes.at(-1), x.content) && W.shape.length === 2 && W.shape[0] === featuresOf(x)
    ? linear(node, x, W.data, W.shape[1], undefined)
    : undefined;
}

/** Gemm: alpha · x · W(ᵀ) + beta · b. */
export function gemm(node: GraphNode, x: Data, W: Constant, b: Constant | undefined): Data | undefined {
  if (
    node.integer('transA', 0) !== 0 ||
    W.shape.length !== 2 ||
    x.axes.length !== 2 ||
    !isFeatures(x.axes[1], x.content)
  )
    return undefined;
  const isTransposed = node.integer('transB', 0) !== 0;
  const [inner, out] = isTransposed ? [W.shape[1], W.shape[0]] : [W.shape[0], W.shape[1]];
  if (inner !== featuresOf(x) || (b && b.data.length !== 1 && (b.data.length !== out || b.shape.at(-1) !== out)))
    return undefined;
  const alpha = node.float('alpha', 1);
  const beta = node.float('beta', 1);
  const matrix = isTransposed ? transposed(W.data, out, inner) : W.data;
  const bias = b && Float64Array.from({ length: out }, (_, i) => beta * b.data[b.data.length === 1 ? 0 : i]);
  return linear(node, x, alpha === 1 ? matrix : matrix.map((value) => alpha * value), out, bias);
}

function featuresOf({ content, axes }: Data): number {
  if (content.kind === 'states') return widthOf(content);
  return content.kind === 'normed' ? widthOf(content.of) : sizeOf(axes.at(-1) ?? []);
}

/** What the rows of a softmax are must be the symbols. */
export function softmax(node: GraphNode, x: Data, opset: number): Data {
  const { content } = x;
  const axis = axisOf(node.integer('axis', opset < 13 ? 1 : -1), x.axes.length);
  if (content.kind !== 'logits' || content.then !== 'nothing' || axis !== x.axes.length - 1) {
    throw new UserError('error.onnx.logitsExpected', node.name, node.operator);
  }
  return { ...x, content: { ...content, then: node.operator === 'Softmax' ? 'softmax' : 'logSoftmax' } };
}
