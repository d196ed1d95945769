/**
 * The model as an ONNX graph, in two forms made of the same layers:
 * - for training: parameters and carried-in states are inputs, so that one session serves while they change, and everything
 *   the backward pass needs is an output;
 * - for a checkpoint: parameters are kept in the graph, token ids go in and logits come out.
 */
import { cellOf } from '../model/cells/registry';
import { inputSize, type ModelConfig } from '../model/config';
import type { Parameters } from '../model/parameters';
import { GraphBuilder } from './graphBuilder';
import { dataType, type GraphProto, type ModelProto } from './messages';

/** Split with num_outputs came with 18. */
const opset = 18;
const irVersion = 8;

/** Names of the training graph's inputs and outputs; shapes in brackets. */
export const names = {
  /** [T, B] int32. */
  ids: 'ids',
  targets: 'targets',
  /** [1, G·H, I], [1, G·H, H], [1, 2·G·H]. */
  W: (layer: number) => `layer${layer}.W`,
  R: (layer: number) => `layer${layer}.R`,
  B: (layer: number) => `layer${layer}.B`,
  /** [1, B, H]. */
  initialHidden: (layer: number) => `layer${layer}.initialHidden`,
  initialCell: (layer: number) => `layer${layer}.initialCell`,
  /** [T, 1, B, H]. */
  hidden: (layer: number) => `layer${layer}.hidden`,
  /** [T·B, H]. */
  saved: (layer: number, saved: string) => `layer${layer}.${saved}`,
  /** [V, H], [V]. */
  outputW: 'output.W',
  outputB: 'output.b',
  /** [T·B, V], [T·B, 1]. */
  probabilities: 'probabilities',
  targetLogProbabilities: 'targetLogProbabilities',
  /** [T, B, V]; checkpoint. */
  logits: 'logits',
} as const;

export function trainingModel(config: ModelConfig): ModelProto {
  const graph = new GraphBuilder();
  const { hiddenSize: H, vocabularySize: V } = config;
  const width = cellOf(config.cell).gateCount * H;
  graph.input(names.ids, dataType.int32, ['T', 'B']);
  graph.input(names.targets, dataType.int32, ['T', 'B']);
  let x = oneHot(graph, config);
  for (let layer = 0; layer < config.layers; layer++) {
    graph.input(names.W(layer), dataType.float, [1, width, inputSize(config, layer)]);
    graph.input(names.R(layer), dataType.float, [1, width, H]);
    graph.input(names.B(layer), dataType.float, [1, 2 * width]);
    graph.input(names.initialHidden(layer), dataType.float, [1, 'B', H]);
    if (cellOf(config.cell).hasCellState) graph.input(names.initialCell(layer), dataType.float, [1, 'B', H]);
    x = addTrainedLayer(graph, config, layer, x);
  }
  graph.input(names.outputW, dataType.float, [V, H]);
  graph.input(names.outputB, dataType.float, [V]);
  const logits = graph.node('Gemm', [flatten(graph, x, H), names.outputW, names.outputB], { transB: 1 });
  const logProbabilities = graph.node('LogSoftmax', [logits], { axis: 1 });
  graph.node('Exp', [logProbabilities], {}, names.probabilities);
  const targets = graph.node('Reshape', [names.targets, graph.integers([-1, 1])]);
  graph.node('GatherElements', [logProbabilities, targets], { axis: 1 }, names.targetLogProbabilities);
  graph.output(names.probabilities, dataType.float, ['rows', V]);
  graph.output(names.targetLogProbabilities, dataType.float, ['rows', 1]);
  return modelOf(graph.build('backflow-training'), {});
}

/** A model anyone can open: `ids` int64 [time, batch] → `logits` [time, batch, V], states starting at zero. */
export function checkpointModel(config: ModelConfig, parameters: Parameters, metadata: Readonly<Record<string, string>>): ModelProto {
  const graph = new GraphBuilder();
  const { hiddenSize: H, vocabularySize: V } = config;
  const cell = cellOf(config.cell);
  const width = cell.gateCount * H;
  graph.input(names.ids, dataType.int64, ['time', 'batch']);
  let x = oneHot(graph, config);
  parameters.layers.forEach(({ W, R, B }, layer) => {
    graph.floats(names.W(layer), [1, width, inputSize(config, layer)], W);
    graph.floats(names.R(layer), [1, width, H], R);
    graph.floats(names.B(layer), [1, 2 * width], B);
    x = addLayer(graph, config, layer, x, [names.W(layer), names.R(layer), names.B(layer)]).output;
  });
  graph.floats(names.outputW, [V, H], parameters.output.W);
  graph.floats(names.outputB, [V], parameters.output.b);
  const transposed = graph.node('Transpose', [names.outputW], { perm: [1, 0] });
  graph.node('Add', [graph.node('MatMul', [x, transposed]), names.outputB], {}, names.logits);
  graph.output(names.logits, dataType.float, ['time', 'batch', V]);
  return modelOf(graph.build('backflow-checkpoint'), metadata);
}

/** One-hot tokens, [T, B, V]. */
function oneHot(graph: GraphBuilder, { vocabularySize: V }: ModelConfig): string {
  const ids = graph.node('Cast', [names.ids], { to: dataType.int64 });
  const values = graph.floats('offAndOn', [2], Float32Array.of(0, 1));
  return graph.node('OneHot', [ids, graph.integers([V]), values], { axis: -1 });
}

/** The recurrence of one layer; `Y` is [T, 1, B, H], `output` the same without the direction axis. */
function addLayer(graph: GraphBuilder, config: ModelConfig, layer: number, x: string, operands: readonly string[]): { Y: string; output: string } {
  const { opType, attributes } = cellOf(config.cell).operator(config);
  const Y = graph.node(opType, [x, ...operands], { hidden_size: config.hiddenSize, ...attributes }, names.hidden(layer));
  return { Y, output: graph.node('Squeeze', [Y, graph.integers([1])]) };
}

function addTrainedLayer(graph: GraphBuilder, config: ModelConfig, layer: number, x: string): string {
  const cell = cellOf(config.cell);
  const H = config.hiddenSize;
  const rows = cell.gateCount * H;
  const [W, R, B, initialHidden, initialCell] = [names.W(layer), names.R(layer), names.B(layer), names.initialHidden(layer), names.initialCell(layer)];
  const states = cell.hasCellState ? [initialHidden, initialCell] : [initialHidden];
  const { Y, output } = addLayer(graph, config, layer, x, [W, R, B, '', ...states]);
  graph.output(Y, dataType.float, ['T', 1, 'B', H]);
  if (cell.saved.length > 0) {
    const squeeze = (name: string) => graph.node('Squeeze', [name, graph.integers([0])]);
    const [Wb, Rb] = [`${B}.W`, `${B}.R`];
    graph.nodeWithOutputs('Split', [squeeze(B), graph.integers([rows, rows])], [Wb, Rb], { axis: 0 });
    // All h_{t−1}: the carried-in state, then every output but the last.
    const allButLast = graph.node('Slice', [output, graph.integers([0]), graph.integers([-1]), graph.integers([0])]);
    const previous = graph.node('Concat', [initialHidden, allButLast], { axis: 0 });
    const inputs = { x, x2d: flatten(graph, x, inputSize(config, layer)), W, R, B, W2d: squeeze(W), R2d: squeeze(R), Wb, Rb, initialHidden, initialCell };
    cell.addSaved(graph, inputs, flatten(graph, previous, H), (saved) => names.saved(layer, saved));
    for (const saved of cell.saved) graph.output(names.saved(layer, saved), dataType.float, ['rows', H]);
  }
  return output;
}

/** [T, B, size] → [T·B, size]. */
function flatten(graph: GraphBuilder, x: string, size: number): string {
  return graph.node('Reshape', [x, graph.integers([-1, size])]);
}

function modelOf(graph: GraphProto, metadata: Readonly<Record<string, string>>): ModelProto {
  return {
    irVersion,
    producerName: 'backflow',
    graph,
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}
