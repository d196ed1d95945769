/**
 * The sublayers of attention in primitive operators, which every runtime has: the standard's own `Attention` is younger than the opset of these files. x and what is
 * given are [time, batch, ·].
 */
import { attentionSizes, hasTanhGelu } from '../../../core/layers/attention/sizes';
import type { GraphBuilder } from '../../../formats/onnx/graphBuilder';
import { dataType } from '../../../formats/onnx/messages';
import { isOptionOn } from '../../../layers/options';
import type { SublayerGraph } from '../sublayerGraph';

/** x Wᵀ + b. */
function affine(graph: GraphBuilder, x: string, W: string, b: string | null): string {
  const product = graph.node('MatMul', [x, graph.node('Transpose', [W], { perm: [1, 0] })]);
  return b === null ? product : graph.node('Add', [product, b]);
}

/** Row t of the table for step t, [time, 1, D]. */
const positions: SublayerGraph = ({ graph, x, tensor }) => {
  const rows = graph.node('Slice', [tensor('P'), graph.integers([0]), stepsOf(graph, x), graph.integers([0])]);
  return graph.node('Unsqueeze', [rows, graph.integers([1])]);
};

/** T, as a vector of one. */
function stepsOf(graph: GraphBuilder, x: string): string {
  return graph.node('Gather', [graph.node('Shape', [x]), graph.integers([0])]);
}

/** 0 … T − 1. */
function range(graph: GraphBuilder, x: string): string {
  const steps = graph.node('Squeeze', [stepsOf(graph, x), graph.integers([0])]);
  return graph.node('Range', [graph.integers(0), steps, graph.integers(1)]);
}

const mha: SublayerGraph = ({ graph, x, sizes, tensor, constant }) => {
  const { heads, headSize, isRotary, hasBiases, scale } = attentionSizes(sizes);
  const bias = (role: string) => (hasBiases ? tensor(role) : null);
  const projected = affine(graph, x, tensor('Wqkv'), bias('bqkv'));
  // [time, batch, 3, heads, d] → three of [1, batch, heads, time, d]
  const parts = graph.node('Reshape', [projected, graph.integers([0, 0, 3, heads, headSize])]);
  const byHead = graph.node('Transpose', [parts], { perm: [2, 1, 3, 0, 4] });
  const part = (index: number) => graph.node('Gather', [byHead, graph.integers(index)], { axis: 0 });
  const steps = range(graph, x);
  const turned = (of: string) => (isRotary ? turn(graph, of, steps, headSize, constant) : of);
  const [queries, keys, values] = [turned(part(0)), turned(part(1)), part(2)];
  const products = graph.node('MatMul', [queries, graph.node('Transpose', [keys], { perm: [0, 1, 3, 2] })]);
  const scores = graph.node('Mul', [products, constant(scale)]);
  // Row τ sees the columns t ≤ τ.
  const isSeen = graph.node('LessOrEqual', [
    graph.node('Unsqueeze', [steps, graph.integers([0])]),
    graph.node('Unsqueeze', [steps, graph.integers([1])]),
  ]);
  const weights = graph.node('Softmax', [graph.node('Where', [isSeen, scores, constant(-Infinity)])], { axis: -1 });
  const context = graph.node('Transpose', [graph.node('MatMul', [weights, values])], { perm: [2, 0, 1, 3] });
  return affine(graph, graph.node('Reshape', [context, graph.integers([0, 0, -1])]), tensor('Wo'), bias('bo'));
};

/** (a, b) → (a cos − b sin, b cos + a sin) of the halves of each head, by the angles t · 10⁴^(−2i/d). */
function turn(
  graph: GraphBuilder,
  x: string,
  steps: string,
  headSize: number,
  constant: (...values: number[]) => string,
): string {
  const half = headSize / 2;
  const frequencies = constant(...Array.from({ length: half }, (_, i) => 1e4 ** ((-2 * i) / headSize)));
  const places = graph.node('Unsqueeze', [graph.node('Cast', [steps], { to: dataType.float }), graph.integers([1])]);
  const angles = graph.node('Mul', [places, frequencies]);
  const [cosines, sines] = [graph.node('Cos', [angles]), graph.node('Sin', [angles])];
  const cut = (from: number, to: number) =>
    graph.node('Slice', [x, graph.integers([from]), graph.integers([to]), graph.integers([-1])]);
  const [a, b] = [cut(0, half), cut(half, headSize)];
  const times = (one: string, other: string) => graph.node('Mul', [one, other]);
  return graph.node(
    'Concat',
    [graph.node('Sub', [times(a, cosines), times(b, sines)]), graph.node('Add', [times(b, cosines), times(a, sines)])],
    { axis: -1 },
  );
}

/** W₂ gelu(W₁ x + b₁) + b₂. */
const mlp: SublayerGraph = ({ graph, x, sizes, tensor, constant }) => {
  const bias = (role: string) => (isOptionOn(sizes.options, 'biases') ? tensor(role) : null);
  const u = affine(graph, x, tensor('W1'), bias('b1'));
  const odd = hasTanhGelu(sizes) ? tanhOf(graph, u, constant) : erfOf(graph, u, constant);
  const twice = graph.node('Mul', [u, graph.node('Add', [odd, constant(1)])]);
  return affine(graph, graph.node('Mul', [twice, constant(0.5)]), tensor('W2'), bias('b2'));
};

/** gelu u = ½ u (1 + erf(u/√2)) */
function erfOf(graph: GraphBuilder, u: string, constant: (...values: number[]) => string): string {
  return graph.node('Erf', [graph.node('Mul', [u, constant(Math.SQRT1_2)])]);
}

/** gelu u = ½ u (1 + tanh(√(2/π) u (1 + 0.044715 u²))) */
function tanhOf(graph: GraphBuilder, u: string, constant: (...values: number[]) => string): string {
  const cubic = graph.node('Mul', [graph.node('Mul', [u, u]), constant(0.044715)]);
  const argument = graph.node('Mul', [u, graph.node('Add', [cubic, constant(1)])]);
  return graph.node('Tanh', [graph.node('Mul', [argument, constant(Math.sqrt(2 / Math.PI))])]);
}

export const attentionGraphs = { positions, mha, mlp };
