/** RNN, GRU and LSTM: from a node and its constants to a layer. What they mean is in the text of the ONNX operators. */
import type { GeneralDirection, Weights } from '../../../core/model/generalModel';
import { kindOfOperator, type LayerKind, type StateName } from '../../../layers/catalog';
import type { Direction } from '../../../layers/direction';
import { UserError } from '../../../userError';
import type { Constant } from '../../../formats/onnx/constant';
import type { GraphNode } from '../../../formats/onnx/node';
import { formsOf } from './activationForms';
import {
  type Atom,
  type Axis,
  type Content,
  type Data,
  isFeatures,
  type RecurrentNode,
  sizeOf,
  type States,
  reversedAtom,
  type Value,
} from './value';

export function isRecurrent({ operator, domain }: GraphNode): boolean {
  return domain === '' && kindOfOperator(operator) !== undefined;
}

/** What is noticed about nodes whose meaning is clear. */
export interface NodeNotes {
  /** Inputs of the graph that give the first states, which are taken as zero. */
  readonly statesGiven: Map<string, StateName>;
  readonly lengthsGiven: Set<string>;
  /** Nodes that drop values at random, because the model was exported in training mode. */
  readonly dropping: Set<string>;
}

/** Values of Y, Y_h and Y_c. Throws a UserError that names the node. */
export function recurrent(node: GraphNode, inputs: readonly (Value | undefined)[], notes: NodeNotes): Value[] {
  const [x, W, R, B, lengths, firstHidden, firstCell, P] = inputs;
  const kind = kindOfOperator(node.operator);
  if (!kind) throw new Error(`${node.operator} is no operator of a recurrent layer`);
  // What stands in the way before it is the reason, whatever else is wrong here.
  if (x?.kind === 'unknown') throw x.reason;
  const cell = kind.name;
  const attributes = kind.onnx?.attributes ?? [];
  const names = directionNames(node);
  const weights = (value: Value | undefined, what: string): Constant => {
    if (value?.kind !== 'constant' || value.constant.isInteger)
      throw new UserError('error.onnx.weightsNotConstant', node.name, node.operator, what);
    return value.constant;
  };
  const w = weights(W, 'W');
  const r = weights(R, 'R');
  const D = names.length;
  const G = kind.gates.length;
  const H = r.shape[2];
  const I = w.shape[2];
  const rows = G * H;
  checkShape(node, 'R', r, [D, rows, H]);
  checkShape(node, 'W', w, [D, rows, I]);
  const b = B && weights(B, 'B');
  if (b) checkShape(node, 'B', b, [D, 2 * rows]);
  const p = P && weights(P, 'P');
  if (p) checkShape(node, 'P', p, [D, 3 * H]);
  const isBatchFirst = node.integer('layout', 0) === 1;
  const data = checkedInput(node, x, I, isBatchFirst);
  checkLengths(node, lengths, data.steps, notes);
  const activations = formsOf(node, cell, D);
  const initial = kind.states.map(({ name }, state) =>
    firstStates(node, [firstHidden, firstCell].at(state), name, D, H, data.batch, isBatchFirst, notes),
  );
  const clip = node.float('clip', 0);
  const zero = new Float32Array(rows);
  const of: RecurrentNode = {
    cell,
    options: {},
    hiddenSize: H,
    inputSize: I,
    clip: clip > 0 ? clip : null,
    linearBeforeReset: !attributes.includes('linear_before_reset') || node.integer('linear_before_reset', 0) !== 0,
    inputForget: attributes.includes('input_forget') && node.integer('input_forget', 0) !== 0,
    source: node.name,
    input: data.content,
    time: timeOf(data.steps),
    output: node.outputs[0] ?? '',
    operator: node.operator,
    directionNames: names,
    isBatchFirst,
  };
  const isReversed = data.steps[0]?.reversedBy !== undefined;
  const parts = names.map((written, d): States['parts'][number] => {
    const own: GeneralDirection = {
      // Reading reversed data forward is reading backward.
      direction: isReversed ? (written === 'forward' ? 'backward' : 'forward') : written,
      W: part(w, d),
      R: part(r, d),
      own: {},
      Wb: b ? part(b, d).subarray(0, rows) : zero,
      Rb: b ? part(b, d).subarray(rows) : zero,
      peepholes: p ? part(p, d) : null,
      activations: activations[d],
      initialStates: initial.map((states) => states?.[d] ?? null),
    };
    return { node: of, direction: own };
  });
  return outputs(kind, parts, data, D, H, isBatchFirst);
}

/** The atom that the steps are, however they are turned. */
function timeOf([steps]: Axis): string {
  if (!(steps as Atom | undefined)) return '';
  return steps.reversedBy === undefined ? steps.name : reversedAtom(steps, '').name;
}

function outputs(
  { states }: LayerKind,
  parts: States['parts'],
  { steps, batch }: { steps: Axis; batch: Axis },
  D: number,
  H: number,
  isBatchFirst: boolean,
): Value[] {
  const content: States = { kind: 'states', parts };
  const direction: Axis = D > 1 ? [{ name: 'direction', size: D }] : [];
  const units: Axis = [{ name: 'units', size: H }];
  const all: Value = {
    kind: 'data',
    content,
    axes: isBatchFirst ? [batch, steps, direction, units] : [steps, direction, batch, units],
  };
  const last: Data = {
    kind: 'data',
    content: finalOf(content),
    axes: isBatchFirst ? [batch, direction, units] : [direction, batch, units],
  };
  return [
    all,
    last,
    ...states.slice(1).map(({ name }): Data => ({ ...last, content: { kind: 'finalFurther', state: name } })),
  ];
}

/** A direction that ends at the last step has there its state of that step. */
export function finalOf(of: States): Content {
  return of.parts.length === 1 && of.parts[0].direction.direction === 'forward' ? of : { kind: 'finalStates', of };
}

function directionNames(node: GraphNode): readonly Direction[] {
  const direction = node.text('direction', 'forward');
  if (direction === 'forward') return ['forward'];
  if (direction === 'reverse') return ['backward'];
  if (direction === 'bidirectional') return ['forward', 'backward'];
  throw new UserError('error.onnx.directionUnknown', node.name, node.operator, direction);
}

function checkShape(node: GraphNode, what: string, { shape }: Constant, expected: readonly number[]): void {
  const fits =
    shape.length === expected.length &&
    expected.every((size, axis) => size === shape[axis]) &&
    expected.every((size) => size > 0);
  if (!fits)
    throw new UserError(
      'error.onnx.weightShape',
      node.name,
      node.operator,
      what,
      shape.join(', '),
      expected.map((size) => (size > 0 ? size : '?')).join(', '),
    );
}

function part({ data, shape }: Constant, d: number): Weights {
  const length = data.length / shape[0];
  return data.subarray(d * length, (d + 1) * length);
}

/** Time, batch and features, with all the features of what was computed before. */
function checkedInput(
  node: GraphNode,
  x: Value | undefined,
  inputSize: number,
  isBatchFirst: boolean,
): { content: Content; steps: Axis; batch: Axis } {
  const isUsable =
    x?.kind === 'data' &&
    x.axes.length === 3 &&
    isFeatures(x.axes[2], x.content) &&
    ['oneHot', 'embedded', 'states'].includes(x.content.kind);
  if (!isUsable) throw new UserError('error.onnx.recurrentInput', node.name, node.operator);
  const { content, axes } = x;
  const size = sizeOf(axes[2]);
  if (size !== inputSize) throw new UserError('error.onnx.inputSize', node.name, node.operator, size, inputSize);
  const [steps, batch] = isBatchFirst ? [axes[1], axes[0]] : [axes[0], axes[1]];
  if (steps.length > 1 || batch.length > 1) throw new UserError('error.onnx.axesMerged', node.name, node.operator);
  return { content, steps, batch };
}

/** Every sequence must have all steps. */
function checkLengths(node: GraphNode, lengths: Value | undefined, steps: Axis, notes: NodeNotes): void {
  if (!lengths) return;
  if (lengths.kind === 'constant' && lengths.constant.data.every((length) => length === sizeOf(steps))) return;
  if (lengths.kind === 'data' && lengths.content.kind === 'given') {
    notes.lengthsGiven.add(lengths.content.input);
    return;
  }
  throw new UserError('error.onnx.sequenceLengths', node.name, node.operator);
}

/** [H] of each direction; null where they begin at zero. */
function firstStates(
  node: GraphNode,
  value: Value | undefined,
  state: StateName,
  D: number,
  H: number,
  batch: Axis,
  isBatchFirst: boolean,
  notes: NodeNotes,
): (Weights | null)[] | null {
  if (!value) return null;
  if (value.kind === 'unknown') throw value.reason;
  if (value.kind === 'data' && value.content.kind === 'given') {
    notes.statesGiven.set(value.content.input, state);
    return null;
  }
  const constant = value.kind === 'constant' ? value.constant : undefined;
  const [first, B] =
    constant?.shape.length === 3
      ? isBatchFirst
        ? [constant.shape[1], constant.shape[0]]
        : [constant.shape[0], constant.shape[1]]
      : [0, 0];
  // PyTorch's LSTM with a projection has more cells than outputs, the operator as many.
  if (constant && state === 'cell' && constant.shape.length === 3 && constant.shape[2] > H)
    throw new UserError('error.onnx.projection', node.name, node.operator, constant.shape[2], H);
  if (!constant || first !== D || constant.shape[2] !== H || B !== sizeOf(batch)) {
    throw new UserError('error.onnx.initialStates', node.name, node.operator);
  }
  return Array.from({ length: D }, (_, d) => {
    const row = (b: number) => {
      const start = (isBatchFirst ? b * D + d : d * B + b) * H;
      return constant.data.subarray(start, start + H);
    };
    const state = row(0);
    for (let b = 1; b < B; b++) {
      if (row(b).some((value, u) => value !== state[u]))
        throw new UserError('error.onnx.initialStatesByText', node.name, node.operator);
    }
    return state.every((value) => value === 0) ? null : state;
  });
}
