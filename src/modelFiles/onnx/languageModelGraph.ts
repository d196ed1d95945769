/**
 * The model as an ONNX graph that anyone can open: parameters are kept in it, token ids go in and logits come out.
 */
import { operatorName } from '../../core/model/generalForm';
import { activationsOf, kindOf, type CellName, type LayerKind } from '../../layers/catalog';
import { directionsOf, topSize, type LayerConfig, type ModelConfig } from '../../core/model/config';
import { lengthOfShape } from '../../core/model/directionParameters';
import type { ParameterEntry, Parameters } from '../../core/model/parameters';
import { layerGraphOf } from './layers/registry';
import { GraphBuilder } from '../../formats/onnx/graphBuilder';
import { dataType, type ModelProto } from '../../formats/onnx/messages';
import { UserError } from '../../userError';

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
  /** One of those that the layer's kind lists: W [D, G·H, I], R [D, G·H, H], B [D, 2·G·H], … */
  ofLayer: (layer: number, tensor: string) => `layer${layer}.${tensor}`,
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
  const { vocabularySize: V, embeddingSize } = config;
  const offsetOf = (layer: number, role: string) =>
    layout.entries.find((entry) => entry.layer === layer && entry.role === role)?.offset ?? 0;
  const tensors: GraphTensor[] = [];
  if (embeddingSize !== null)
    tensors.push({ name: names.embedding, shape: [V, embeddingSize], offset: offsetOf(-1, 'embedding') });
  for (const [layer, own] of config.layers.entries()) {
    const D = directionsOf(own).length;
    const entries = layout.entries.filter((entry) => entry.layer === layer && entry.direction === 'forward');
    for (const [tensor, [first, ...others]] of byTensor(entries)) {
      // Several in one tensor are vectors, one after another.
      const shape =
        others.length === 0
          ? first.shape
          : [lengthOfShape(first.shape) + others.reduce((sum, { length }) => sum + length, 0)];
      tensors.push({ name: names.ofLayer(layer, tensor), shape: [D, ...shape], offset: first.offset });
    }
  }
  if (!config.tied) tensors.push({ name: names.outputW, shape: [V, topSize(config)], offset: offsetOf(-1, 'W') });
  tensors.push({ name: names.outputB, shape: [V], offset: offsetOf(-1, 'b') });
  return tensors;
}

function byTensor(entries: readonly ParameterEntry[]): ReadonlyMap<string, [ParameterEntry, ...ParameterEntry[]]> {
  const tensors = new Map<string, [ParameterEntry, ...ParameterEntry[]]>();
  for (const entry of entries) {
    if (!entry.parameter) continue;
    const { tensor } = entry.parameter;
    const found = tensors.get(tensor);
    if (found) found.push(entry);
    else tensors.set(tensor, [entry]);
  }
  return tensors;
}

/** Throws a UserError for a model with a layer that ONNX cannot say. */
export function checkExportable({ layers }: ModelConfig): void {
  for (const { cell } of layers) if (!layerGraphOf(cell)) onnxOf(cell);
}

/** Throws a UserError for a kind that ONNX has no operator for. */
export function onnxOf(cell: CellName): NonNullable<LayerKind['onnx']> {
  const { onnx, label } = kindOf(cell);
  if (!onnx) throw new UserError('error.onnx.noOperatorForKind', label);
  return onnx;
}

/**
 * `ids` int64 [time, batch] → `logits` [time, batch, V]. What the states outputs give may be fed to the states inputs, to continue with a text; without them
 * the states start at zero. Of a model with a layer that ONNX cannot say the file has the tensors and no computation.
 */
export function checkpointModel(
  config: ModelConfig,
  parameters: Parameters,
  metadata: Readonly<Record<string, string>>,
): ModelProto {
  const graph = new GraphBuilder();
  for (const { name, shape, offset } of tensorsOf(config, parameters.layout)) {
    graph.floats(name, shape, parameters.values.subarray(offset, offset + lengthOfShape(shape)));
  }
  if (config.layers.every(({ cell }) => kindOf(cell).onnx ?? layerGraphOf(cell))) compute(graph, config);
  return {
    irVersion,
    producerName: 'backflow',
    graph: graph.build('backflow-checkpoint'),
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}

/** The nodes from ids to logits. */
function compute(graph: GraphBuilder, config: ModelConfig): void {
  const { vocabularySize: V } = config;
  graph.input(names.ids, dataType.int64, ['time', 'batch']);
  let x = config.embeddingSize === null ? oneHot(graph, config) : graph.node('Gather', [names.embedding, names.ids]);
  const batch = graph.node('Gather', [graph.node('Shape', [names.ids]), graph.integers([1])]);
  const stateShapes = new Map<string, string>();
  for (const [layer, own] of config.layers.entries()) {
    const [D, H] = [directionsOf(own).length, own.hiddenSize];
    const stateShape =
      stateShapes.get(`${D} ${H}`) ??
      graph.node('Concat', [graph.integers([D]), batch, graph.integers([H])], { axis: 0 });
    stateShapes.set(`${D} ${H}`, stateShape);
    x = recurrent(graph, own, layer, x, stateShape);
  }
  const transposed = graph.node('Transpose', [config.tied ? names.embedding : names.outputW], { perm: [1, 0] });
  graph.node('Add', [graph.node('MatMul', [x, transposed]), names.outputB], {}, names.logits);
  graph.output(names.logits, dataType.float, ['time', 'batch', V]);
  for (const [layer, own] of config.layers.entries()) {
    for (const { symbol } of kindOf(own.cell).states)
      graph.output(names.lastState(layer, symbol), dataType.float, [directionsOf(own).length, 'batch', own.hiddenSize]);
  }
}

/** [time, batch, I] → [time, batch, D·H]. @param stateShape of a state: [D, batch, H] */
function recurrent(
  graph: GraphBuilder,
  { cell, activation, hiddenSize: H, bidirectional, options }: LayerConfig,
  layer: number,
  x: string,
  stateShape: string,
): string {
  const D = directionsOf({ bidirectional }).length;
  const { states } = kindOf(cell);
  const first = states.map(({ symbol }) => {
    const name = graph.input(names.firstState(layer, symbol), dataType.float, [D, 'batchOfStates', H]);
    return graph.node('Expand', [graph.floats(name, [D, 1, H], new Float32Array(D * H)), stateShape]);
  });
  const written = layerGraphOf(cell);
  if (written)
    return written(graph, {
      x,
      tensor: (tensor) => names.ofLayer(layer, tensor),
      first: first[0],
      last: names.lastState(layer, states[0].symbol),
      hiddenSize: H,
      directions: directionsOf({ bidirectional }),
      options,
    });
  const onnx = onnxOf(cell);
  const activations = activationsOf(cell, activation).map(operatorName);
  const Y = `${onnx.operator}_${layer}`;
  graph.nodeWithOutputs(
    onnx.operator,
    [x, ...['W', 'R', 'B'].map((tensor) => names.ofLayer(layer, tensor)), '', ...first],
    [Y, ...states.map(({ symbol }) => names.lastState(layer, symbol))],
    {
      hidden_size: H,
      direction: D > 1 ? 'bidirectional' : 'forward',
      activations: Array<readonly string[]>(D).fill(activations).flat(),
      // As PyTorch and cuDNN compute it; the others are as the operator has them.
      ...(onnx.attributes.includes('linear_before_reset') ? { linear_before_reset: 1 } : {}),
    },
  );
  // [time, D, batch, H] → [time, batch, D·H]
  return graph.node('Reshape', [graph.node('Transpose', [Y], { perm: [0, 2, 1, 3] }), graph.integers([0, 0, -1])]);
}

/** One-hot tokens, [time, batch, V]. */
function oneHot(graph: GraphBuilder, { vocabularySize: V }: ModelConfig): string {
  const values = graph.floats('offAndOn', [2], Float32Array.of(0, 1));
  return graph.node('OneHot', [names.ids, graph.integers([V]), values], { axis: -1 });
}
