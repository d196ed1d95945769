/**
 * The model as an ONNX graph that anyone can open: parameters are kept in it, token ids go in and logits come out.
 */
import { operatorName } from '../../core/model/generalForm';
import { activationsOf, kindOf } from '../../layers/catalogue';
import { directionsOf, inputSize, outputSize, type ModelConfig } from '../../core/model/config';
import type { Parameters, Role } from '../../core/model/parameters';
import { GraphBuilder } from '../../formats/onnx/graphBuilder';
import { dataType, type ModelProto } from '../../formats/onnx/messages';

const opset = 18;
const irVersion = 8;

/** Names of the graph's input, output and parameters; shapes in brackets, D directions. */
export const names = {
  /** [time, batch] int64. */
  ids: 'ids',
  /** [time, batch, V]. */
  logits: 'logits',
  /** [V, E]. */
  embedding: 'embedding',
  /** [D, G·H, I], [D, G·H, H], [D, 2·G·H]. */
  W: (layer: number) => `layer${layer}.W`,
  R: (layer: number) => `layer${layer}.R`,
  B: (layer: number) => `layer${layer}.B`,
  /** The states before the first step, [D, batch or 1, H]: inputs that are zero where they are not given. LSTM: c too. */
  firstState: (layer: number, state: string) => `layer${layer}.${state}_0`,
  /** The states after the last step, of a backward direction after the first: outputs [D, batch, H]. */
  lastState: (layer: number, state: string) => `layer${layer}.${state}_n`,
  /** [V, D·H]; of a tied output the embedding. */
  outputW: 'output.W',
  /** [V]. */
  outputB: 'output.b',
} as const;

/** A tensor of the graph and the parameters in it, which lie side by side in the layout. */
export interface GraphTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number;
}

/** The tensors of a model's graph. */
export function tensorsOf(config: ModelConfig, layout: Parameters['layout']): GraphTensor[] {
  const { hiddenSize: H, vocabularySize: V, embeddingSize } = config;
  const D = directionsOf(config).length;
  const rows = kindOf(config.cell).gates.length * H;
  const offsetOf = (layer: number, role: Role) => layout.entries.find((entry) => entry.layer === layer && entry.role === role)?.offset ?? 0;
  const tensors: GraphTensor[] = [];
  if (embeddingSize !== null) tensors.push({ name: names.embedding, shape: [V, embeddingSize], offset: offsetOf(-1, 'embedding') });
  for (let layer = 0; layer < config.layers; layer++) {
    tensors.push({ name: names.W(layer), shape: [D, rows, inputSize(config, layer)], offset: offsetOf(layer, 'W') });
    tensors.push({ name: names.R(layer), shape: [D, rows, H], offset: offsetOf(layer, 'R') });
    tensors.push({ name: names.B(layer), shape: [D, 2 * rows], offset: offsetOf(layer, 'Wb') });
  }
  if (!config.tied) tensors.push({ name: names.outputW, shape: [V, outputSize(config)], offset: offsetOf(-1, 'W') });
  tensors.push({ name: names.outputB, shape: [V], offset: offsetOf(-1, 'b') });
  return tensors;
}

/**
 * `ids` int64 [time, batch] → `logits` [time, batch, V]. What the states outputs give may be fed to the states inputs, to go on with a text; without them
 * the states start at zero.
 */
export function checkpointModel(config: ModelConfig, parameters: Parameters, metadata: Readonly<Record<string, string>>): ModelProto {
  const graph = new GraphBuilder();
  const { hiddenSize: H, vocabularySize: V } = config;
  const D = directionsOf(config).length;
  for (const { name, shape, offset } of tensorsOf(config, parameters.layout)) {
    graph.floats(name, shape, parameters.values.subarray(offset, offset + shape.reduce((product, size) => product * size, 1)));
  }
  graph.input(names.ids, dataType.int64, ['time', 'batch']);
  let x = config.embeddingSize === null ? oneHot(graph, config) : graph.node('Gather', [names.embedding, names.ids]);
  const { onnx, states: described } = kindOf(config.cell);
  const activations = activationsOf(config.cell, config.activation).map(operatorName);
  const states = described.map(({ symbol }) => symbol);
  const batch = graph.node('Gather', [graph.node('Shape', [names.ids]), graph.integers([1])]);
  const stateShape = graph.node('Concat', [graph.integers([D]), batch, graph.integers([H])], { axis: 0 });
  for (let layer = 0; layer < config.layers; layer++) {
    const first = states.map((state) => {
      const name = graph.input(names.firstState(layer, state), dataType.float, [D, 'batchOfStates', H]);
      return graph.node('Expand', [graph.floats(name, [D, 1, H], new Float32Array(D * H)), stateShape]);
    });
    const Y = `${onnx.operator}_${layer}`;
    graph.nodeWithOutputs(onnx.operator, [x, names.W(layer), names.R(layer), names.B(layer), '', ...first], [Y, ...states.map((state) => names.lastState(layer, state))], {
      hidden_size: H,
      direction: D > 1 ? 'bidirectional' : 'forward',
      activations: Array<readonly string[]>(D).fill(activations).flat(),
      // As PyTorch and cuDNN compute it; the others are as the operator has them.
      ...(onnx.attributes.includes('linear_before_reset') ? { linear_before_reset: 1 } : {}),
    });
    // [time, D, batch, H] → [time, batch, D·H]
    x = graph.node('Reshape', [graph.node('Transpose', [Y], { perm: [0, 2, 1, 3] }), graph.integers([0, 0, -1])]);
  }
  const transposed = graph.node('Transpose', [config.tied ? names.embedding : names.outputW], { perm: [1, 0] });
  graph.node('Add', [graph.node('MatMul', [x, transposed]), names.outputB], {}, names.logits);
  graph.output(names.logits, dataType.float, ['time', 'batch', V]);
  for (let layer = 0; layer < config.layers; layer++) for (const state of states) graph.output(names.lastState(layer, state), dataType.float, [D, 'batch', H]);
  return {
    irVersion,
    producerName: 'backflow',
    graph: graph.build('backflow-checkpoint'),
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}

/** One-hot tokens, [time, batch, V]. */
function oneHot(graph: GraphBuilder, { vocabularySize: V }: ModelConfig): string {
  const values = graph.floats('offAndOn', [2], Float32Array.of(0, 1));
  return graph.node('OneHot', [names.ids, graph.integers([V]), values], { axis: -1 });
}
