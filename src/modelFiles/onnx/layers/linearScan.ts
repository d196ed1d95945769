/**
 * A layer whose gates depend on what it reads alone: h_t = a_t ⊙ h_{t−1} + b_t, a and b element by element of W x_t + Wb. The gates of all steps are
 * one product; what is left for the steps is a `Scan` whose body is a multiplication and an addition.
 */
import { GraphBuilder } from '../../../formats/onnx/graphBuilder';
import { dataType, type GraphProto } from '../../../formats/onnx/messages';
import type { LayerOptions } from '../../../layers/options';
import type { LayerGraph, LayerNodes } from './layerGraph';

/** What the state is multiplied by, and what is added to it, [time, batch, H] each, as that of the gates' pre-activations, likewise. */
type Factors = (
  graph: GraphBuilder,
  preActivations: readonly string[],
  options: LayerOptions,
) => { readonly kept: string; readonly written: string };

/** @param blocks of the gates */
export function linearScan(blocks: number, factors: Factors): LayerGraph {
  return (graph, nodes) => {
    const { first, last, hiddenSize: H, directions } = nodes;
    const ways = directions.map((direction, d) => {
      const preActivations = splitOf(graph, affineOf(graph, nodes, d), blocks);
      const { kept, written } = factors(graph, preActivations, nodes.options);
      const [before, h, after] = ['before', 'h', 'after'].map((name) => `${last}.${direction}.${name}`);
      graph.node('Squeeze', [partOf(graph, first, d), graph.integers([0])], {}, before);
      const reverse = Number(direction === 'backward');
      graph.nodeWithOutputs('Scan', [before, kept, written], [after, h], {
        body: { graph: bodyOf(H) },
        num_scan_inputs: 2,
        scan_input_directions: [reverse, reverse],
        scan_output_directions: [reverse],
      });
      return { h, after: graph.node('Unsqueeze', [after, graph.integers([0])]) };
    });
    graph.node(
      'Concat',
      ways.map(({ after }) => after),
      { axis: 0 },
      last,
    );
    const [{ h }] = ways;
    return ways.length === 1
      ? h
      : graph.node(
          'Concat',
          ways.map((way) => way.h),
          { axis: 2 },
        );
  };
}

/** W x + Wb of one direction, [time, batch, G·H]. */
function affineOf(graph: GraphBuilder, { x, tensor }: LayerNodes, d: number): string {
  const W = graph.node('Squeeze', [partOf(graph, tensor('W'), d), graph.integers([0])]);
  const product = graph.node('MatMul', [x, graph.node('Transpose', [W], { perm: [1, 0] })]);
  return graph.node('Add', [product, partOf(graph, tensor('B'), d)]);
}

/** The direction d of [D, …], [1, …]. */
function partOf(graph: GraphBuilder, tensor: string, d: number): string {
  return graph.node('Gather', [tensor, graph.integers([d])], { axis: 0 });
}

/** The blocks of the last axis, side by side. */
function splitOf(graph: GraphBuilder, values: string, blocks: number): string[] {
  const parts = Array.from({ length: blocks }, (_, block) => `${values}.${block}`);
  graph.nodeWithOutputs('Split', [values], parts, { axis: -1, num_outputs: blocks });
  return parts;
}

/** h ← a ⊙ h + b, [batch, H] each; given as the state and as what is kept of the step. */
function bodyOf(H: number): GraphProto {
  const body = new GraphBuilder();
  for (const name of ['h_in', 'a', 'b']) body.input(name, dataType.float, ['batch', H]);
  body.node('Add', [body.node('Mul', ['a', 'h_in']), 'b'], {}, 'h_out');
  body.node('Identity', ['h_out'], {}, 'h');
  for (const name of ['h_out', 'h']) body.output(name, dataType.float, ['batch', H]);
  return body.build('step');
}

/** The candidate from its pre-activation: as it is, or g(u) = u + ½ for u ≥ 0 and σ(u) otherwise. */
export function candidateOf(graph: GraphBuilder, u: string, { positive }: LayerOptions): string {
  if (positive !== true) return u;
  const isNegative = graph.node('Less', [u, graph.number(0)]);
  return graph.node('Where', [isNegative, graph.node('Sigmoid', [u]), graph.node('Add', [u, graph.number(0.5)])]);
}
