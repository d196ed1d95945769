/** What is computed of each token by itself is a table, whatever computes it: one row for each symbol. */
import { elementsOf, type Constant } from '../../../formats/onnx/constant';
import { fold } from './fold';
import type { GraphNode } from '../../../formats/onnx/node';
import { sizeOf, type Data, type Value } from './value';

/** Operators that take numbers one by one. */
const unary: readonly string[] = [
  'Tanh',
  'Relu',
  'Sigmoid',
  'LeakyRelu',
  'Elu',
  'Softplus',
  'Softsign',
  'Neg',
  'Abs',
  'Exp',
];

/** A function of embedded tokens, as embedded tokens; undefined for what is none. */
export function tokenwise(
  node: GraphNode,
  inputs: readonly (Value | undefined)[],
  constants: readonly (Constant | undefined)[],
): Data | undefined {
  const [x] = inputs;
  if (x?.kind !== 'data' || x.content.kind !== 'embedded' || !unary.includes(node.operator)) return undefined;
  const { content } = x;
  const { table, vocabularySize, size } = content;
  // The features are all on one axis of their own, or the table would have another shape.
  if (sizeOf(x.axes.at(-1) ?? []) !== size || elementsOf([vocabularySize, size]) !== table.length) return undefined;
  const result = fold(node, [
    { shape: [vocabularySize, size], isInteger: false, data: Float64Array.from(table) },
    ...constants.slice(1),
  ])?.at(0);
  return result && { ...x, content: { ...content, table: result.data } };
}
