/**
 * Recurrent layers that an exporter has written as a Loop over time, as tf2onnx does for Keras's SimpleRNN and for its GRU with
 * reset_after=False. The body is computed with symbols, x for the row that is read and h for the state before the step; what comes out as the
 * next state must be one of
 *
 *   RNN   h' = f(x W + h R + b)
 *   GRU   h' = z ⊙ h + (1 − z) ⊙ g(x W_n + (r ⊙ h) R_n + b_n),  z, r = f(x W + h R + b)      (linear_before_reset = 0)
 *
 * Then the Loop is read as the node that it stands for. Everything else about it must be plain too: it goes over all rows, from the first
 * to the last, and gives the state after each.
 */
import type { GraphProto } from '../../../formats/onnx/messages';
import { transposed } from '../../transposed';
import { axisOf, partsOf, slicesOf } from './arguments';
import type { Constant } from '../../../formats/onnx/constant';
import { readTensor, type ExternalData } from '../../../formats/onnx/constant';
import { operatorOfBlocks } from '../../../layers/catalog';
import { fold } from './fold';
import { GraphNode } from '../../../formats/onnx/node';
import { sizeOf, type Value } from './value';

export interface LoopRecurrence {
  /** The node that it stands for. */
  readonly node: GraphNode;
  /** The values of its constant inputs, by the names that it gives them. */
  readonly constants: ReadonlyMap<string, Value>;
  /** Which outputs of the Loop are all states, [time, batch, units], and which the last one. */
  readonly states: string;
  readonly last: string;
}

/** Row vectors, by what they are computed from. */
type Expression =
  | { readonly kind: 'row'; readonly rows: string }
  | { readonly kind: 'state' }
  | { readonly kind: 'counter'; readonly ahead: number }
  | { readonly kind: 'constant'; readonly constant: Constant }
  | Affine
  | { readonly kind: 'activation'; readonly name: string; readonly of: Affine }
  /** 1 − of. */
  | { readonly kind: 'complement'; readonly of: Expression }
  | { readonly kind: 'product'; readonly factors: readonly [Expression, Expression] }
  | { readonly kind: 'sum'; readonly terms: readonly [Expression, Expression] }
  /** The counter is less than the number of rows. */
  | { readonly kind: 'condition'; readonly steps: number };

/** Σ of · W + bias. */
interface Affine {
  readonly kind: 'affine';
  /** Columns. */
  readonly width: number;
  readonly terms: readonly { readonly of: Expression; /** [rows, width]. */ readonly W: Float64Array }[];
  readonly bias: Float64Array;
}

const activations = ['Tanh', 'Relu', 'Sigmoid', 'Softsign', 'Softplus'];

/** Undefined where a Loop is something else. @param values of the graph around it, as far as they are known */
export function loopRecurrence(
  loop: GraphNode,
  values: ReadonlyMap<string, Value>,
  external: ExternalData,
): LoopRecurrence | undefined {
  const body = loop.operator === 'Loop' && loop.domain === '' ? loop.graph('body') : undefined;
  if (!body || body.input.length !== loop.inputs.length) return undefined;
  const computed = new Body(body, loop, values, external);
  const [condition, ...outputs] = body.output.map(({ name }) => computed.of(name));
  const carried = loop.inputs.length - 2;
  const state = computed.stateIndex;
  const next = outputs[state];
  const isWhole =
    condition?.kind === 'condition' &&
    computed.counterIndex >= 0 &&
    outputs.slice(0, carried).every((output, i) => i === state || computed.isKept(output, i));
  const scan = outputs.findIndex((output, i) => i >= carried && output !== undefined && output === next);
  if (!isWhole || scan < 0 || !next || !computed.startsTrue()) return undefined;
  const form = rnnOf(next) ?? gruOf(next);
  const rows = form && values.get(form.rows);
  if (!form || rows?.kind !== 'data' || sizeOf(rows.axes[0]) !== condition.steps) return undefined;
  const constants = new Map<string, Value>();
  const give = (name: string, shape: readonly number[], data: Float64Array) => {
    constants.set(`${loop.name}.${name}`, { kind: 'constant', constant: { shape, isInteger: false, data } });
    return `${loop.name}.${name}`;
  };
  const { blocks, activation, H, I } = form;
  const G = blocks.length;
  const W = joined(blocks.map((block) => transposed(block.W, block.W.length / H, H)));
  const R = joined(blocks.map((block) => transposed(block.R, H, H)));
  const B = joined([...blocks.map(({ b }) => b), new Float64Array(G * H)]);
  const node = new GraphNode({
    opType: operatorOfBlocks(G),
    name: loop.name,
    input: [
      form.rows,
      give('W', [1, G * H, I], W),
      give('R', [1, G * H, H], R),
      give('B', [1, 2 * G * H], B),
      '',
      computed.firstState(give),
    ],
    output: [loop.outputs[scan], loop.outputs[state]],
    attribute: [
      { name: 'activations', type: 8, strings: activation.map((name) => new TextEncoder().encode(name)) },
      { name: 'linear_before_reset', type: 2, i: 0 },
    ],
  });
  return { node, constants, states: loop.outputs[scan], last: loop.outputs[state] };
}

/** The nodes of a body, computed with symbols. */
class Body {
  /** Which of the carried values is the state, and which the counter; −1 where there is none. */
  readonly stateIndex: number;
  readonly counterIndex: number;
  private readonly known = new Map<string, Expression>();
  private readonly carried: readonly string[];

  constructor(
    body: GraphProto,
    private readonly loop: GraphNode,
    private readonly values: ReadonlyMap<string, Value>,
    external: ExternalData,
  ) {
    const [, , ...inputs] = body.input.map(({ name }) => name);
    this.carried = inputs;
    const kept = inputs.map((name, i) => body.output[i + 1]?.name === name);
    const outer = loop.inputs.slice(2).map((name) => this.constant(name));
    this.counterIndex = inputs.findIndex(
      (_, i) => !kept[i] && outer[i]?.isInteger === true && outer[i].data.length === 1 && outer[i].data[0] === 0,
    );
    this.stateIndex = inputs.findIndex((_, i) => !kept[i] && i !== this.counterIndex);
    inputs.forEach((name, i) => {
      const constant = outer[i];
      if (i === this.counterIndex) this.known.set(name, { kind: 'counter', ahead: 0 });
      else if (i === this.stateIndex) this.known.set(name, { kind: 'state' });
      else if (kept[i] && constant) this.known.set(name, { kind: 'constant', constant });
    });
    for (const tensor of body.initializer)
      this.known.set(tensor.name ?? '', { kind: 'constant', constant: readTensor(tensor, external) });
    for (const proto of body.node) this.compute(new GraphNode(proto), external);
  }

  of(name: string): Expression | undefined {
    const constant = this.known.has(name) ? undefined : this.constant(name);
    return constant ? { kind: 'constant', constant } : this.known.get(name);
  }

  /** A carried value that is only handed on, or the counter, one further. */
  isKept(output: Expression | undefined, index: number): boolean {
    if (index === this.counterIndex) return output?.kind === 'counter' && output.ahead === 1;
    return output !== undefined && output === this.known.get(this.carried[index]);
  }

  /** The Loop is entered: its first condition is true, or not given, and it has no other end. */
  startsTrue(): boolean {
    const [tripCount, condition] = this.loop.inputs;
    const first = condition === '' ? undefined : this.constant(condition);
    return tripCount === '' && (condition === '' || first?.data[0] === 1);
  }

  /** The name of the state before the first step as RNN and GRU take it, [1, batch, units]. */
  firstState(give: (name: string, shape: readonly number[], data: Float64Array) => string): string {
    const name = this.loop.inputs[2 + this.stateIndex];
    const constant = this.constant(name);
    return constant?.shape.length === 2
      ? give('first', [1, ...constant.shape], Float64Array.from(constant.data))
      : name;
  }

  private constant(name: string): Constant | undefined {
    const value = this.values.get(name);
    return value?.kind === 'constant' ? value.constant : undefined;
  }

  private compute(node: GraphNode, external: ExternalData): void {
    if (node.domain !== '') return;
    const inputs = node.inputs.map((name) => this.of(name));
    const results = node.operator === 'Constant' ? constantOf(node, external) : resultsOf(node, inputs, node.inputs);
    node.outputs.forEach((name, i) => {
      const result = results[i];
      if (name !== '' && result) this.known.set(name, result);
    });
  }
}

function constantOf(node: GraphNode, external: ExternalData): Expression[] {
  const tensor = node.tensor('value');
  return tensor ? [{ kind: 'constant', constant: readTensor(tensor, external) }] : [];
}

/** Outputs of a node in order; undefined where they are nothing that a cell has. */
function resultsOf(
  node: GraphNode,
  inputs: readonly (Expression | undefined)[],
  names: readonly string[],
): readonly (Expression | undefined)[] {
  const constants = inputs.map((input) => (input?.kind === 'constant' ? input.constant : undefined));
  if (inputs.every((input) => input?.kind === 'constant'))
    return fold(node, constants)?.map((constant): Expression => ({ kind: 'constant', constant })) ?? [];
  const [a, b] = inputs;
  switch (node.operator) {
    case 'Identity':
    case 'Cast':
      return [a];
    case 'Gather':
      // The only tensor from outside that is not constant: the rows that the loop goes over.
      return b?.kind === 'counter' && b.ahead === 0 && node.integer('axis', 0) === 0 && !a
        ? [{ kind: 'row', rows: names[0] }]
        : [];
    case 'MatMul':
      return a && constants[1] ? [product(a, constants[1])] : [];
    case 'Gemm':
      return a && constants[1] && isPlainGemm(node) ? [added(product(a, constants[1]), inputs[2])] : [];
    case 'Add':
      return [added(a, b) ?? added(b, a)];
    case 'Sub':
      return constants[0]?.data.every((value) => value === 1) && constants[0].data.length === 1 && b
        ? [{ kind: 'complement', of: b }]
        : [];
    case 'Mul':
      return a && b && !constants[0] && !constants[1] ? [{ kind: 'product', factors: [a, b] }] : [];
    case 'Split':
    case 'Slice':
      return a?.kind === 'affine' ? columns(node, a, constants) : [];
    case 'Less':
      return a?.kind === 'counter' && a.ahead === 1 && constants[1]?.data.length === 1
        ? [{ kind: 'condition', steps: constants[1].data[0] }]
        : [];
    default:
      return activations.includes(node.operator) && a?.kind === 'affine'
        ? [{ kind: 'activation', name: node.operator, of: a }]
        : [];
  }
}

function isPlainGemm(node: GraphNode): boolean {
  return (
    node.integer('transA', 0) === 0 &&
    node.integer('transB', 0) === 0 &&
    node.float('alpha', 1) === 1 &&
    node.float('beta', 1) === 1
  );
}

function product(of: Expression, { shape, data }: Constant): Affine | undefined {
  if (shape.length !== 2 || of.kind === 'affine' || of.kind === 'counter') return undefined;
  return {
    kind: 'affine',
    width: shape[1],
    terms: [{ of, W: Float64Array.from(data) }],
    bias: new Float64Array(shape[1]),
  };
}

function added(a: Expression | undefined, b: Expression | undefined): Expression | undefined {
  if (a?.kind === 'counter' && b?.kind === 'constant')
    return b.constant.data.length === 1 && b.constant.data[0] === 1
      ? { kind: 'counter', ahead: a.ahead + 1 }
      : undefined;
  if (a?.kind === 'affine' && b?.kind === 'affine')
    return a.width === b.width
      ? { ...a, terms: [...a.terms, ...b.terms], bias: a.bias.map((value, i) => value + b.bias[i]) }
      : undefined;
  if (a?.kind === 'affine' && b?.kind === 'constant') {
    const { data, shape } = b.constant;
    return data.length === a.width && shape.at(-1) === a.width
      ? { ...a, bias: a.bias.map((value, i) => value + data[i]) }
      : undefined;
  }
  return a?.kind === 'product' && b?.kind === 'product' ? { kind: 'sum', terms: [a, b] } : undefined;
}

/** Some of the columns, by Split or by Slice of the last axis. */
function columns(
  node: GraphNode,
  affine: Affine,
  constants: readonly (Constant | undefined)[],
): readonly (Affine | undefined)[] {
  const { width } = affine;
  const part = (start: number, count: number): Affine => ({
    kind: 'affine',
    width: count,
    bias: affine.bias.slice(start, start + count),
    terms: affine.terms.map(({ of, W }) => ({
      of,
      W: W.filter((_, i) => i % width >= start && i % width < start + count),
    })),
  });
  // Rows have two axes: batch and features. What stands for the number of the batch does not matter.
  const shape = [2 ** 20 - 1, width];
  if (node.operator === 'Split') {
    const sizes = axisOf(node.integer('axis', 0), 2) === 1 ? partsOf(node, constants, width) : undefined;
    let start = 0;
    return sizes?.map((size) => part((start += size) - size, size)) ?? [];
  }
  const slices = slicesOf(node, constants, shape);
  const whole = slices?.every(
    ({ axis, start, step, count }) => step === 1 && (axis === 1 || (start === 0 && count === shape[0])),
  );
  const last = slices?.find(({ axis }) => axis === 1);
  return whole ? [last ? part(last.start, last.count) : affine] : [];
}

interface Block {
  /** [I, H], [H, H] and [H]. */
  readonly W: Float64Array;
  readonly R: Float64Array;
  readonly b: Float64Array;
}

interface Form {
  readonly rows: string;
  /** In ONNX's order. */
  readonly blocks: readonly Block[];
  readonly activation: readonly string[];
  readonly H: number;
  readonly I: number;
}

function rnnOf(next: Expression): Form | undefined {
  if (next.kind !== 'activation') return undefined;
  const block = blockOf(next.of, (of) => of.kind === 'state');
  return (
    block && {
      rows: block.rows,
      blocks: [block],
      activation: [next.name],
      H: next.of.width,
      I: block.W.length / next.of.width,
    }
  );
}

function gruOf(next: Expression): Form | undefined {
  if (next.kind !== 'sum') return undefined;
  const keep = next.terms.find(
    ({ kind, ...term }) =>
      kind === 'product' && 'factors' in term && term.factors.some((factor) => factor.kind === 'state'),
  );
  const take = next.terms.find((term) => term !== keep);
  if (keep?.kind !== 'product' || take?.kind !== 'product') return undefined;
  const z = keep.factors.find((factor) => factor.kind !== 'state');
  const rest = take.factors.find((factor) => factor.kind === 'complement');
  const n = take.factors.find((factor) => factor !== rest);
  if (z?.kind !== 'activation' || rest?.kind !== 'complement' || rest.of !== z || n?.kind !== 'activation')
    return undefined;
  const reset = n.of.terms.map(({ of }) => of).find((of) => of.kind === 'product');
  const r =
    reset?.kind === 'product' && reset.factors.some((factor) => factor.kind === 'state')
      ? reset.factors.find((factor) => factor.kind !== 'state')
      : undefined;
  if (r?.kind !== 'activation' || r.name !== z.name || r.of.width !== z.of.width || n.of.width !== z.of.width)
    return undefined;
  const isState = (of: Expression) => of.kind === 'state';
  const [update, resetting, candidate] = [
    blockOf(z.of, isState),
    blockOf(r.of, isState),
    blockOf(n.of, (of) => of === reset),
  ];
  if (!update || !resetting || !candidate || new Set([update.rows, resetting.rows, candidate.rows]).size > 1)
    return undefined;
  return {
    rows: update.rows,
    blocks: [update, resetting, candidate],
    activation: [z.name, n.name],
    H: z.of.width,
    I: update.W.length / z.of.width,
  };
}

/** x W + (…) R + b, with just these two terms; `isState` knows the one that R multiplies. */
function blockOf(
  { terms, bias, width }: Affine,
  isState: (of: Expression) => boolean,
): (Block & { readonly rows: string }) | undefined {
  const row = terms.find(({ of }) => of.kind === 'row');
  const state = terms.find(({ of }) => isState(of));
  if (terms.length !== 2 || row?.of.kind !== 'row' || !state || state.W.length !== width * width) return undefined;
  return { rows: row.of.rows, W: row.W, R: state.W, b: bias };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}
