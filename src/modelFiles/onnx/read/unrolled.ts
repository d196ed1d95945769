/**
 * Vanilla RNN layers that an exporter has written out step by step, as PyTorch's newer one does for a fixed number of steps:
 *
 *   all = X · W (+ b);  of step t: h_t = f(all[t] + h_{t−1} · R (+ b′));  Concat(h_0, h_1, …)
 *
 * for the backward direction with `all` reversed, and the states put together from the last to the first. What the first step adds
 * may be a constant: then it must be what a state of zero gives. Found, they are read as the one RNN node that they were.
 */
import { operatorOfBlocks } from '../../../layers/catalog';
import type { GraphProto } from '../../../formats/onnx/messages';
import type { Constant } from '../../../formats/onnx/constant';
import { GraphNode } from '../../../formats/onnx/node';
import { transposed } from '../../transposed';
import type { Value } from './value';

/** The node, and the values of its constant inputs, by the names that it gives them. */
export interface UnrolledRecurrence {
  readonly node: GraphNode;
  readonly constants: ReadonlyMap<string, Value>;
  /** T: the axis it reads along must have this size. */
  readonly steps: number;
}

/** What one step adds to the input: the state before it, through R; or a constant. */
interface StepParts {
  /** Which row of `rows`. */
  readonly row: number;
  readonly rows: string;
  readonly before: { readonly state: string; readonly R: string } | null;
  readonly constant: string | null;
  readonly bias: string | null;
}

const activations: Readonly<Record<string, string>> = { Tanh: 'Tanh', Relu: 'Relu' };
/** How far the constant of the first step may be from what a zero state gives, by rounding. */
const rounding = 1e-6;

export class UnrolledRecurrences {
  private readonly makers: ReadonlyMap<string, GraphNode>;

  constructor(graph: GraphProto) {
    this.makers = new Map(
      graph.node.flatMap((proto) => {
        const node = new GraphNode(proto);
        return node.outputs.map((name): [string, GraphNode] => [name, node]);
      }),
    );
  }

  /** The recurrence whose states a node Concat puts together; undefined where it is no such node. */
  find(concat: GraphNode, values: ReadonlyMap<string, Value>): UnrolledRecurrence | undefined {
    if (
      concat.operator !== 'Concat' ||
      concat.domain !== '' ||
      concat.integer('axis', 0) !== 0 ||
      concat.inputs.length < 2
    )
      return undefined;
    const states = concat.inputs;
    const makers = states.map((name) => this.makers.get(name));
    const [first] = makers;
    if (
      !first ||
      !Object.hasOwn(activations, first.operator) ||
      makers.some((maker) => maker?.operator !== first.operator)
    )
      return undefined;
    const constantOf = (name: string): Constant | undefined => {
      const value = values.get(name);
      return value?.kind === 'constant' && !value.constant.isInteger ? value.constant : undefined;
    };
    const steps = makers.map((maker) => maker && this.stepOf(maker.inputs[0], constantOf, values));
    return steps.every((step) => step)
      ? this.recurrence(concat, first.operator, steps as StepParts[], constantOf, values)
      : undefined;
  }

  private recurrence(
    concat: GraphNode,
    activation: string,
    steps: readonly StepParts[],
    constantOf: (name: string) => Constant | undefined,
    values: ReadonlyMap<string, Value>,
  ): UnrolledRecurrence | undefined {
    const T = steps.length;
    const turned = this.reversed(steps[0].rows, values);
    const place = (row: number) => (turned === null ? row : T - 1 - row);
    // In the order in which they are computed.
    const chain = steps.map((_, row) => ({ ...steps[place(row)], state: concat.inputs[place(row)] }));
    const { rows } = steps[0];
    const R = chain[1].before?.R;
    const isChain = chain.every((step, t) => {
      if (step.rows !== rows || step.row !== t) return false;
      return t === 0
        ? true
        : step.before?.state === chain[t - 1].state && step.before.R === R && step.bias === chain[1].bias;
    });
    if (!isChain || R === undefined) return undefined;
    const recurrent = constantOf(R);
    const bias = chain[1].bias === null ? null : constantOf(chain[1].bias);
    const [start] = chain;
    if (start.before && (start.before.R !== R || start.bias !== chain[1].bias)) return undefined;
    if (!start.before && !isZeroState(start, bias, constantOf)) return undefined;
    const input = this.linearOf(turned ?? rows, constantOf);
    if (!input || recurrent?.shape.length !== 2 || bias === undefined) return undefined;
    const W = constantOf(input.W);
    const inputBias = input.bias === null ? null : constantOf(input.bias);
    if (W?.shape.length !== 2 || inputBias === undefined) return undefined;
    const H = recurrent.shape[1];
    if (recurrent.shape[0] !== H || W.shape[1] !== H) return undefined;
    const constants = new Map<string, Value>();
    const give = (name: string, shape: readonly number[], data: Constant['data']) => {
      const own = `${concat.name}.${name}`;
      constants.set(own, { kind: 'constant', constant: { shape, isInteger: false, data } });
      return own;
    };
    const both = new Float64Array(2 * H);
    if (inputBias) both.set(inputBias.data.subarray(0, H));
    if (bias) both.set(bias.data.subarray(0, H), H);
    if ([inputBias, bias].some((each) => each && each.data.length !== H)) return undefined;
    const node = new GraphNode({
      opType: operatorOfBlocks(1),
      name: concat.name,
      input: [
        input.x,
        give('W', [1, H, W.shape[0]], transposed(W.data, W.shape[0], H)),
        give('R', [1, H, H], transposed(recurrent.data, H, H)),
        give('B', [1, 2 * H], both),
        '',
        start.before?.state ?? '',
      ],
      output: [concat.outputs[0]],
      attribute: [
        { name: 'direction', type: 3, s: new TextEncoder().encode(turned === null ? 'forward' : 'reverse') },
        { name: 'activations', type: 8, strings: [new TextEncoder().encode(activations[activation])] },
      ],
    });
    return { node, constants, steps: T };
  }

  /** What `rows` is reversed from; null where it is not. */
  private reversed(rows: string, values: ReadonlyMap<string, Value>): string | null {
    const node = this.makers.get(rows);
    if (node?.operator !== 'Slice') return null;
    const numbers = node.inputs.slice(1).map((name) => integersOf(values.get(name)));
    const [start, end, axes, steps] = numbers.map((list) => (list?.length === 1 ? list[0] : NaN));
    return start === -1 && end < -1e6 && axes === 0 && steps === -1 ? node.inputs[0] : null;
  }

  /** all[t] + …, in either order. */
  private stepOf(
    sum: string,
    constantOf: (name: string) => Constant | undefined,
    values: ReadonlyMap<string, Value>,
  ): StepParts | undefined {
    const add = this.makers.get(sum);
    if (add?.operator !== 'Add') return undefined;
    for (const [own, other] of [add.inputs, add.inputs.toReversed()]) {
      const row = this.rowOf(own, values);
      if (!row) continue;
      if (constantOf(other)) return { ...row, before: null, constant: other, bias: null };
      const linear = this.linearOf(other, constantOf);
      return linear && { ...row, before: { state: linear.x, R: linear.W }, constant: null, bias: linear.bias };
    }
    return undefined;
  }

  /** Row t of the time axis, cut out and that axis dropped. */
  private rowOf(name: string, values: ReadonlyMap<string, Value>): { rows: string; row: number } | undefined {
    const squeeze = this.makers.get(name);
    if (squeeze?.operator === 'Gather') {
      const index = integersOf(values.get(squeeze.inputs[1]));
      return squeeze.integer('axis', 0) === 0 && index?.length === 1
        ? { rows: squeeze.inputs[0], row: index[0] }
        : undefined;
    }
    const dropped = squeeze && (squeeze.integers('axes') ?? integersOf(values.get(squeeze.inputs[1])));
    const slice =
      squeeze?.operator === 'Squeeze' && dropped?.length === 1 && dropped[0] === 0
        ? this.makers.get(squeeze.inputs[0])
        : undefined;
    if (slice?.operator !== 'Slice') return undefined;
    const lists = slice.inputs.slice(1).map((each) => integersOf(values.get(each)));
    const [start, end, axes, step = 1] = lists.map((list) => (list?.length === 1 ? list[0] : NaN));
    return axes === 0 && step === 1 && end === start + 1 ? { rows: slice.inputs[0], row: start } : undefined;
  }

  /** x · W + bias, the bias being left out or in either place. */
  private linearOf(
    name: string,
    constantOf: (name: string) => Constant | undefined,
  ): { x: string; W: string; bias: string | null } | undefined {
    const node = this.makers.get(name);
    if (node?.operator === 'MatMul')
      return constantOf(node.inputs[1]) ? { x: node.inputs[0], W: node.inputs[1], bias: null } : undefined;
    if (node?.operator !== 'Add') return undefined;
    for (const [product, bias] of [node.inputs, node.inputs.toReversed()]) {
      const linear =
        constantOf(bias) && this.makers.get(product)?.operator === 'MatMul'
          ? this.linearOf(product, constantOf)
          : undefined;
      if (linear) return { ...linear, bias };
    }
    return undefined;
  }
}

/** What the first step adds is 0 · R + bias. */
function isZeroState(
  { constant }: StepParts,
  bias: Constant | null | undefined,
  constantOf: (name: string) => Constant | undefined,
): boolean {
  const data = constant === null ? undefined : constantOf(constant)?.data;
  return data?.every((value, i) => isNear(value, bias ? bias.data[i % bias.data.length] : 0)) ?? false;
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= rounding * Math.max(1, Math.abs(expected));
}

function integersOf(value: Value | undefined): readonly number[] | undefined {
  return value?.kind === 'constant' && value.constant.isInteger ? Array.from(value.constant.data) : undefined;
}
