/**
 * The selective state space layer in primitive operators; its equations are in src/layers/kinds/mamba.ts. The convolution is a `Conv` with a group for each channel;
 * what goes step by step is a `Scan`. x and what is given are [time, batch, ·].
 */
import { mambaSizes } from '../../../core/layers/mamba/sizes';
import { GraphBuilder } from '../../../formats/onnx/graphBuilder';
import { dataType, type GraphProto } from '../../../formats/onnx/messages';
import type { StateNames, SublayerGraph } from '../sublayerGraph';

export const mambaGraphs: Readonly<Record<string, SublayerGraph>> = {
  '': ({ graph, x, sizes, tensor, state }) => {
    const { E, S, K, R, hasBiases } = mambaSizes(sizes);
    const bias = (role: string) => (hasBiases ? tensor(role) : null);
    const [scanned, before] = [state('h', [E, S]), state('conv', [E, K - 1])];
    const [u, z] = split(graph, affine(graph, x, tensor('W_in'), bias('b_in')), [E, E]);
    const v = silu(graph, convolved(graph, u, tensor('W_conv'), tensor('b_conv'), { channels: E, steps: K }, before));
    const [d, B, C] = split(graph, affine(graph, v, tensor('W_x'), null), [R, S, S]);
    const step = graph.node('Softplus', [affine(graph, d, tensor('W_dt'), tensor('b_dt'))]);
    const A = graph.node('Neg', [graph.node('Exp', [tensor('A_log')])]);
    const written = graph.node('Mul', [step, v]);
    const read = `${tensor('scan')}.y`;
    graph.nodeWithOutputs('Scan', [scanned.first, step, written, B, C], [scanned.last, read], {
      body: {
        graph: bodyOf({ prefix: `${tensor('scan')}.step`, A, E, S, axes: [graph.integers([-1]), graph.integers([1])] }),
      },
      num_scan_inputs: 4,
    });
    const y = graph.node('Add', [read, graph.node('Mul', [v, tensor('D')])]);
    return affine(graph, graph.node('Mul', [y, silu(graph, z)]), tensor('W_out'), bias('b_out'));
  },
};

/** x Wᵀ + b. */
function affine(graph: GraphBuilder, x: string, W: string, b: string | null): string {
  const product = graph.node('MatMul', [x, graph.node('Transpose', [W], { perm: [1, 0] })]);
  return b === null ? product : graph.node('Add', [product, b]);
}

/** The last axis in parts of these sizes. */
function split(graph: GraphBuilder, values: string, sizes: readonly number[]): string[] {
  const parts = sizes.map((_, index) => `${values}.${index}`);
  graph.nodeWithOutputs('Split', [values, graph.integers(sizes)], parts, { axis: -1 });
  return parts;
}

/** x σ(x). */
function silu(graph: GraphBuilder, x: string): string {
  return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
}

/** Of each channel with its own taps, over the step and the K − 1 before it, which the state holds of the steps before the first. */
function convolved(
  graph: GraphBuilder,
  u: string,
  taps: string,
  bias: string,
  { channels: E, steps: K }: { readonly channels: number; readonly steps: number },
  { first, last }: StateNames,
): string {
  const byChannel = graph.node('Transpose', [u], { perm: [1, 2, 0] });
  const all = graph.node('Concat', [first, byChannel], { axis: 2 });
  const end = graph.integers([Number.MAX_SAFE_INTEGER]);
  graph.node('Slice', [all, graph.integers([1 - K]), end, graph.integers([2])], {}, last);
  const c = graph.node('Conv', [all, graph.node('Unsqueeze', [taps, graph.integers([1])]), bias], {
    group: E,
    kernel_shape: [K],
  });
  return graph.node('Transpose', [c], { perm: [2, 0, 1] });
}

interface Body {
  /** Of all names in it, which no others of the graph may have. */
  readonly prefix: string;
  /** Values outside: A [E, S], and the axes −1 and 1. */
  readonly A: string;
  readonly axes: readonly [string, string];
  readonly E: number;
  readonly S: number;
}

/** h ← exp(Δ A) ⊙ h + (Δ ⊙ v) Bᵀ and h C, for Δ and Δ ⊙ v [batch, E], B and C [batch, S]. */
function bodyOf({ prefix, A, axes: [last, middle], E, S }: Body): GraphProto {
  const body = new GraphBuilder();
  const own = (name: string) => `${prefix}.${name}`;
  const node = (type: string, inputs: readonly string[], name: string) => body.node(type, inputs, {}, own(name));
  const [h, step, written, B, C] = ['before', 'size', 'written', 'B', 'C'].map(own);
  body.input(h, dataType.float, ['batch', E, S]);
  for (const each of [step, written]) body.input(each, dataType.float, ['batch', E]);
  for (const each of [B, C]) body.input(each, dataType.float, ['batch', S]);
  const exponent = node('Mul', [node('Unsqueeze', [step, last], 'sizes'), A], 'exponent');
  const kept = node('Mul', [node('Exp', [exponent], 'factor'), h], 'kept');
  const columns = node('Unsqueeze', [written, last], 'columns');
  const added = node('Mul', [columns, node('Unsqueeze', [B, middle], 'rows')], 'added');
  const after = node('Add', [kept, added], 'after');
  const y = node('Squeeze', [node('MatMul', [after, node('Unsqueeze', [C, last], 'weights')], 'products'), last], 'y');
  body.output(after, dataType.float, ['batch', E, S]);
  body.output(y, dataType.float, ['batch', E]);
  return body.build('step');
}
