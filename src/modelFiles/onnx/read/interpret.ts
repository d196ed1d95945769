/** Goes through a graph once, in its order, and gives every tensor its meaning (value.ts). */
import type { StateName } from '../../../layers/catalog';
import { UserError } from '../../../userError';
import { dataType, type GraphProto, type ValueInfoProto } from '../../../formats/onnx/messages';
import { axisOf } from './arguments';
import {
  elementsOf,
  integers,
  readTensor,
  TensorError,
  type Constant,
  type ExternalData,
} from '../../../formats/onnx/constant';
import { fold, shapeOf } from './fold';
import { comparedOneHot, gathered, gemm, matMul, oneHot, scaledOrShifted, scatteredOneHot, softmax } from './linear';
import { dropsValues, isMove, move } from './moves';
import { normStep } from './norm';
import { loopRecurrence, type LoopRecurrence } from './loops';
import { GraphNode } from '../../../formats/onnx/node';
import { readSparseTensor } from '../../../formats/onnx/sparse';
import { isRecurrent, recurrent, type NodeNotes } from './recurrent';
import { tokenwise } from './tokenwise';
import { UnrolledRecurrences, type UnrolledRecurrence } from './unrolled';
import { shapeOfData, sizeOf, type Atom, type Axis, type Data, type States, type Value } from './value';

/** The graph's input that the tokens come in. */
export interface TokenInput {
  readonly name: string;
  /** ONNX's number of its element type. */
  readonly elementType: number;
  /** Sizes of its axes; null where they are free. */
  readonly sizes: readonly (number | null)[];
  /** Tokens come as one-hot rows, of this size, rather than as ids. */
  readonly oneHotSize: number | null;
}

export interface Interpretation {
  readonly values: ReadonlyMap<string, Value>;
  readonly notes: NodeNotes;
  /** States that a recurrent node gives, in the order of the nodes. */
  readonly states: readonly States[];
  /** Logits that are computed, the last one last; `name` is the tensor's. */
  readonly logits: readonly { readonly name: string; readonly data: Data }[];
}

/** Sizes for the free axes of the tokens; no weights are asked for sizes that are as odd. */
export const chosenSizes: readonly number[] = [7, 3];

/** Inputs that are tried at most. */
const maxCandidates = 6;

/** Meanings of all initializers. Throws a UserError for one that cannot be read. */
export function readInitializers(
  { initializer, sparseInitializer = [] }: GraphProto,
  external: ExternalData,
): Map<string, Constant> {
  const named = (name = '', read: () => Constant): [string, Constant] => [name, namedTensor(name, read)];
  return new Map([
    ...initializer.map((tensor) => named(tensor.name, () => readTensor(tensor, external))),
    ...sparseInitializer.map((sparse) => named(sparse.values?.name, () => readSparseTensor(sparse, external))),
  ]);
}

function namedTensor(name: string, read: () => Constant): Constant {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof TensorError) throw new UserError('error.onnx.tensor', name, thrown.message);
    throw thrown;
  }
}

/** @param sizes of the axes of the tokens, in place of those that are free */
export function interpret(
  graph: GraphProto,
  constants: ReadonlyMap<string, Constant>,
  tokens: TokenInput,
  sizes: readonly number[],
  opset: number,
  external: ExternalData,
): Interpretation {
  const values = new Map<string, Value>();
  for (const [name, constant] of constants) values.set(name, { kind: 'constant', constant });
  for (const input of graph.input)
    if (!constants.has(input.name))
      values.set(input.name, input.name === tokens.name ? tokenValue(tokens, sizes) : given(input));
  const found = {
    values,
    notes: { statesGiven: new Map<string, StateName>(), lengthsGiven: new Set<string>(), dropping: new Set<string>() },
    states: new Array<States>(),
    logits: new Array<{ name: string; data: Data }>(),
  };
  const unrolled = new UnrolledRecurrences(graph);
  for (const proto of graph.node) {
    const written = new GraphNode(proto);
    const recurrence = unrolled.find(written, values) ?? loopRecurrence(written, values, external);
    for (const [name, value] of recurrence?.constants ?? []) values.set(name, value);
    const node = recurrence?.node ?? written;
    const results = recurrence
      ? joinedStates(recurrence, meaning(node, values, found.notes, opset, external))
      : meaning(node, values, found.notes, opset, external);
    // What else a Loop gives is only of use inside it.
    for (const name of written.outputs)
      if (name !== '' && !node.outputs.includes(name))
        values.set(name, { kind: 'unknown', reason: notUnderstood(written) });
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const value = results[i] ?? { kind: 'unknown', reason: notUnderstood(node) };
      values.set(name, value);
      if (value.kind !== 'data') return;
      if (value.content.kind === 'logits') found.logits.push({ name, data: value });
      if (i === 0 && isRecurrent(node) && value.content.kind === 'states') found.states.push(value.content);
    });
  }
  return found;
}

/** Y and Y_h of a node that was written out in another way: [time, batch, units] and [batch, units]. */
function joinedStates(recurrence: UnrolledRecurrence | LoopRecurrence, [Y, last]: readonly Value[]): readonly Value[] {
  if (Y.kind !== 'data') return recurrence.node.outputs.map(() => Y);
  if ('steps' in recurrence && sizeOf(Y.axes[0]) !== recurrence.steps)
    return [{ kind: 'unknown', reason: notUnderstood(recurrence.node) }];
  const all = { ...Y, axes: Y.axes.toSpliced(1, 1) };
  return last.kind === 'data' ? [all, { ...last, axes: last.axes.slice(1) }] : [all];
}

function tokenValue({ oneHotSize }: TokenInput, sizes: readonly number[]): Data {
  const axes = sizes.map((size, i): Axis => [{ name: `ids.${i}`, size } satisfies Atom]);
  if (oneHotSize === null) return { kind: 'data', axes, content: { kind: 'ids' } };
  return {
    kind: 'data',
    axes: [...axes, [{ name: 'features', size: oneHotSize }]],
    content: { kind: 'oneHot', size: oneHotSize },
  };
}

/** Another input of the graph. */
function given({ name, type }: ValueInfoProto): Data {
  const dims = type?.tensorType?.shape?.dim ?? [];
  return {
    kind: 'data',
    axes: dims.map(({ dimValue = 1 }, i): Axis => [{ name: `given.${i}`, size: dimValue }]),
    content: { kind: 'given', input: name },
  };
}

/** Values of the node's outputs; what is missing is not understood. */
function meaning(
  node: GraphNode,
  values: ReadonlyMap<string, Value>,
  notes: NodeNotes,
  opset: number,
  external: ExternalData,
): readonly Value[] {
  try {
    const inputs = node.inputs.map((name) =>
      name === ''
        ? undefined
        : (values.get(name) ?? {
            kind: 'unknown' as const,
            reason: new UserError('error.onnx.inputFromNowhere', node.name, node.operator, name),
          }),
    );
    return computed(node, inputs, notes, opset, external);
  } catch (thrown) {
    const reason =
      thrown instanceof TensorError
        ? new UserError('error.onnx.nodeOutput', node.name, node.operator, thrown.message)
        : thrown;
    if (!(reason instanceof UserError)) throw reason;
    return node.outputs.map(() => ({ kind: 'unknown', reason }));
  }
}

function computed(
  node: GraphNode,
  inputs: readonly (Value | undefined)[],
  notes: NodeNotes,
  opset: number,
  external: ExternalData,
): readonly Value[] {
  if (node.operator === 'Constant' && node.domain === '') return constantNode(node, external);
  if (isRecurrent(node)) return recurrent(node, inputs, notes);
  const constants = inputs.map((value) => (value?.kind === 'constant' ? value.constant : undefined));
  const [first] = inputs;
  if (node.operator === 'ConstantOfShape') {
    const value = node.tensor('value');
    constants.push(value && readTensor(value, external));
  }
  if (inputs.every((value) => value?.kind !== 'data' && value?.kind !== 'unknown'))
    return fold(node, constants)?.map((constant) => ({ kind: 'constant', constant })) ?? [];
  if (first?.kind === 'data' && node.operator === 'Shape')
    return [{ kind: 'constant', constant: shapeOf(node, shapeOfData(first)) }];
  if (first?.kind === 'data' && node.operator === 'Size')
    return [{ kind: 'constant', constant: integers([], [elementsOf(shapeOfData(first))]) }];
  const unknown = inputs.find((value) => value?.kind === 'unknown');
  if (unknown?.kind === 'unknown') throw unknown.reason;
  const data = inputs.filter((value): value is Data => value?.kind === 'data');
  if (first?.kind === 'data' && isMove(node) && (data.length === 1 || node.operator === 'Dropout')) {
    if (dropsValues(node, constants)) notes.dropping.add(node.name);
    return move(node, first, constants) ?? [];
  }
  const made = made1(node, inputs, constants, data, opset);
  return made ? [made] : [];
}

/** Operators that compute, with one output. */
function made1(
  node: GraphNode,
  inputs: readonly (Value | undefined)[],
  constants: readonly (Constant | undefined)[],
  data: readonly Data[],
  opset: number,
): Data | undefined {
  if (node.domain !== '') return undefined;
  const [x] = data;
  const constant = constants.find((each) => each);
  const found = normStep(node, inputs, constants) ?? tokenwise(node, inputs, constants);
  if (found) return found;
  switch (node.operator) {
    case 'Gather':
      return constants[0] && gathered(constants[0], x, node);
    case 'GatherND':
      return constants[0] && node.integer('batch_dims', 0) === 0 && x.axes.at(-1)?.length === 0
        ? gathered(constants[0], { ...x, axes: x.axes.slice(0, -1) }, node)
        : undefined;
    case 'OneHot':
      return oneHot(node, x, constants);
    case 'Equal':
      return comparedOneHot(inputs, constants);
    case 'MatMul':
      return constants[1] && matMul(node, x, constants[1]);
    case 'Gemm':
      return constants[1] && gemm(node, x, constants[1], constants[2]);
    case 'Scatter':
    case 'ScatterElements':
      return scatteredOneHot(node, inputs, constants);
    case 'Softmax':
    case 'LogSoftmax':
      return softmax(node, x, opset);
    case 'Log':
      return x.content.kind === 'logits' && x.content.then === 'softmax'
        ? { ...x, content: { ...x.content, then: 'logSoftmax' } }
        : undefined;
    case 'Concat':
      return data.length === inputs.length ? (besideEachOther(node, data) ?? behindEachOther(node, data)) : undefined;
    case 'Add':
    case 'Mul':
      return data.length === 1 && constant ? scaledOrShifted(node.operator, x, constant) : undefined;
    case 'Sub':
    case 'Div':
      return constants[1] ? scaledOrShifted(node.operator, x, constants[1]) : undefined;
    default:
      return undefined;
  }
}

/** States of one direction each, put side by side. */
function besideEachOther(node: GraphNode, data: readonly Data[]): Data | undefined {
  const [first] = data;
  const axis = node.integer('axis', 0);
  const last = first.axes.length - 1;
  if (data.length !== node.inputs.length) return undefined;
  const isPlain = data.every(
    ({ content, axes }) =>
      content.kind === 'states' &&
      content.parts.length === 1 &&
      axes.length === first.axes.length &&
      sameAxes(axes.slice(0, -1), first.axes.slice(0, -1)),
  );
  if ((axis !== -1 && axis !== last) || data.length !== 2 || !isPlain) return undefined;
  const parts = data.flatMap(({ content }) => (content as States).parts);
  const units = parts[0].node.hiddenSize;
  if (parts.some(({ node: { hiddenSize } }) => hiddenSize !== units)) return undefined;
  return {
    ...first,
    axes: first.axes.with(-1, [
      { name: 'direction', size: parts.length },
      { name: 'units', size: units },
    ]),
    content: { kind: 'states', parts },
  };
}

/** States and last states, put one behind the other to be given out or to be taken apart again. */
function behindEachOther(node: GraphNode, data: readonly Data[]): Data | undefined {
  const [first] = data;
  const axis = axisOf(node.integer('axis', 0), first.axes.length);
  if (axis === undefined) return undefined;
  const own = first.axes[axis];
  const isPlain = data.every(
    ({ content, axes }) =>
      ['states', 'finalStates', 'finalFurther'].includes(content.kind) &&
      axes.length === first.axes.length &&
      sameAxes(axes, first.axes) &&
      own.every(({ name }) => name === 'direction'),
  );
  if (!isPlain) return undefined;
  return {
    ...first,
    axes: first.axes.with(axis, [{ name: 'stack', size: data.length }, ...own]),
    content: { kind: 'stacked', parts: data.map(({ content }) => content) },
  };
}

function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.every((axis, i) => sizeOf(axis) === sizeOf(b[i]) && axis.every(({ name }, j) => name === b[i][j]?.name));
}

function constantNode(node: GraphNode, external: ExternalData): Value[] {
  const tensor = node.tensor('value');
  if (tensor) return [{ kind: 'constant', constant: readTensor(tensor, external) }];
  if (node.has('value_int')) return [{ kind: 'constant', constant: integers([], [node.integer('value_int', 0)]) }];
  const list = node.integers('value_ints');
  if (list) return [{ kind: 'constant', constant: integers([list.length], list) }];
  if (node.has('value_float'))
    return [
      {
        kind: 'constant',
        constant: { shape: [], isInteger: false, data: Float32Array.of(node.float('value_float', 0)) },
      },
    ];
  const floats = node.floats('value_floats');
  return node.has('value_floats')
    ? [{ kind: 'constant', constant: { shape: [floats.length], isInteger: false, data: Float32Array.from(floats) } }]
    : [];
}

function notUnderstood(node: GraphNode): UserError {
  const operator = node.domain === '' ? node.operator : `${node.domain}.${node.operator}`;
  return new UserError('error.onnx.nodeNotUnderstood', node.name, operator);
}

/** The inputs that tokens may come in, the likeliest first. Throws a UserError where there is none. */
export function tokenInputs(graph: GraphProto, constants: ReadonlyMap<string, Constant>): TokenInput[] {
  const free = freeInputs(graph, constants);
  const of = (types: readonly number[], isShape: (sizes: readonly (number | null)[]) => boolean) =>
    free.filter(({ elementType, sizes }) => types.includes(elementType) && isShape(sizes));
  const whole = [dataType.int32, dataType.int64];
  const real = [dataType.float, dataType.double, dataType.float16];
  const asIds = (input: Omit<TokenInput, 'oneHotSize'>): TokenInput => ({ ...input, oneHotSize: null });
  const candidates = [
    ...of(whole, ({ length }) => length === 2).map(asIds),
    ...of(whole, ({ length }) => length === 1).map(asIds),
    ...of(real, (sizes) => sizes.length === 3 && sizes[2] !== null).map((input) => ({
      ...input,
      sizes: input.sizes.slice(0, 2),
      oneHotSize: input.sizes[2],
    })),
    ...of(real, ({ length }) => length === 2).map(asIds),
    ...of(whole, ({ length }) => length === 0).map(asIds),
  ];
  if (candidates.length === 0) throw new UserError('error.onnx.noTokenInput');
  return candidates.slice(0, maxCandidates);
}

/** The inputs that have no default. */
export function freeInputs(
  { input }: GraphProto,
  constants: ReadonlyMap<string, Constant>,
): Omit<TokenInput, 'oneHotSize'>[] {
  return input
    .filter(({ name }) => !constants.has(name))
    .map(({ name, type }) => {
      const sizes = type?.tensorType?.shape?.dim.map(({ dimValue }) =>
        dimValue !== undefined && dimValue > 0 ? dimValue : null,
      );
      return { name, elementType: type?.tensorType?.elemType ?? 0, sizes: sizes ?? [] };
    });
}
