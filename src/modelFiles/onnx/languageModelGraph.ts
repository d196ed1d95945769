/**
 * The model as an ONNX graph that anyone can open: parameters are kept in it, token ids go in and logits come out, or numbers and predicted numbers.
 */
import { operatorName } from '../../core/model/generalForm';
import { activationsOf, kindOf, type CellName, type LayerKind } from '../../layers/catalog';
import { directionsOf, isMixer, sizesOf, topSize, type LayerConfig, type ModelConfig } from '../../core/model/config';
import { lengthOfShape } from '../../core/model/directionParameters';
import type { ParameterEntry, Parameters } from '../../core/model/parameters';
import { normName, sublayersOf, type Sublayer } from '../../core/model/sublayers';
import { GraphBuilder, type Size } from '../../formats/onnx/graphBuilder';
import { dataType, type ModelProto } from '../../formats/onnx/messages';
import { normEpsilon, type NormKind } from '../../layers/norm';
import { UserError } from '../../userError';
import { layerGraphOf } from './layers/registry';
import { hasGraphs, sublayerGraph } from './mixerGraphs';
import type { StateNames } from './sublayerGraph';

const opset = 18;
const irVersion = 8;

/** Names of the graph's input, output and parameters; shapes in brackets, D directions. */
export const names = {
  /** [time, batch] int64. */
  ids: 'ids',
  /** [time, batch, I] float32, of a model of numbers in place of ids. */
  numbers: 'numbers',
  /** [time, batch, V]. */
  logits: 'logits',
  /** The same of a model of numbers: what it predicts after each step, trained for the last. */
  predictions: 'predictions',
  /** [V, E]. */
  embedding: 'embedding',
  /**
   * One of those that the layer's kind lists: W [D, G·H, I], R [D, G·H, H], B [D, 2·G·H], …; of a mixer as its kind has them; and of a norm before it
   * `norm.gamma` and `norm.beta`, [I].
   */
  ofLayer: (layer: number, tensor: string) => `layer${layer}.${tensor}`,
  /**
   * The states before the first step, of a recurrent layer [D, batch or 1, H] (LSTM: c too), of a mixer [batch or 1, …] as its graph has them: inputs that are zero
   * where they are not given.
   */
  firstState: (layer: number, state: string) => `layer${layer}.${state}_0`,
  /** The states after the last step, of a backward direction after the first: outputs of these shapes, for every text of the batch. */
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
      // Those of ONNX's recurrent operators have the direction in front.
      const isOfDirections = !isMixer(own) && isOfKind(own.cell, first);
      tensors.push({
        name: names.ofLayer(layer, tensor),
        shape: isOfDirections ? [D, ...shape] : shape,
        offset: first.offset,
      });
    }
  }
  for (const { layer, parameter, name, shape, offset } of layout.entries)
    if (layer < 0 && parameter) tensors.push({ name, shape, offset });
  if (!config.tied) tensors.push({ name: names.outputW, shape: [V, topSize(config)], offset: offsetOf(-1, 'W') });
  tensors.push({ name: names.outputB, shape: [V], offset: offsetOf(-1, 'b') });
  return tensors;
}

/** Not of a norm that stands before the layer. */
function isOfKind(cell: CellName, { role }: ParameterEntry): boolean {
  return kindOf(cell).parameters.some((parameter) => parameter.role === role);
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
  for (const { cell } of layers) if (!hasGraph(cell)) onnxOf(cell);
}

/** Whether ONNX can say it, by an operator or by several. */
function hasGraph(cell: CellName): boolean {
  return kindOf(cell).onnx !== null || layerGraphOf(cell) !== null || hasGraphs(cell);
}

/** Throws a UserError for a kind that ONNX has no operator for. */
export function onnxOf(cell: CellName): NonNullable<LayerKind['onnx']> {
  const { onnx, label } = kindOf(cell);
  if (!onnx) throw new UserError('error.onnx.noOperatorForKind', label);
  return onnx;
}

/**
 * The norm before the output has its γ and β, [D·H], under `norm.gamma` and `norm.beta`.
 * `ids` int64 [time, batch] → `logits` [time, batch, V], or `numbers` [time, batch, I] → `predictions` [time, batch, V]. What the states outputs give may be fed to the states inputs, to continue with a text; without them
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
  if (config.layers.every(({ cell }) => hasGraph(cell))) compute(graph, config);
  return {
    irVersion,
    producerName: 'backflow',
    graph: graph.build('backflow-checkpoint'),
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  };
}

/** What the lowest layer reads, [time, batch, I], from the graph's first input. */
function inputOf(graph: GraphBuilder, config: ModelConfig): string {
  if (config.features !== null) {
    graph.input(names.numbers, dataType.float, ['time', 'batch', config.features]);
    return names.numbers;
  }
  graph.input(names.ids, dataType.int64, ['time', 'batch']);
  return config.embeddingSize === null ? oneHot(graph, config) : graph.node('Gather', [names.embedding, names.ids]);
}

/** The nodes from ids to logits. */
function compute(graph: GraphBuilder, config: ModelConfig): void {
  const { vocabularySize: V } = config;
  const input = config.features === null ? names.ids : names.numbers;
  let x = inputOf(graph, config);
  const constant = constantsOf(graph);
  const states = new StateTensors(graph, input);
  for (const [layer, own] of config.layers.entries()) {
    for (const sublayer of sublayersOf(config, layer)) {
      const { norm, residual } = sublayer;
      const read = norm === 'none' ? x : normalized(graph, norm, x, names.ofLayer(layer, normName(sublayer)), constant);
      const given = isMixer(own)
        ? mixed({ graph, config, states, constant }, layer, sublayer, read)
        : recurrent(graph, own, layer, read, states);
      x = residual ? graph.node('Add', [given, x]) : given;
    }
  }
  if (config.finalNorm !== 'none') x = normalized(graph, config.finalNorm, x, 'norm', constant);
  const transposed = graph.node('Transpose', [config.tied ? names.embedding : names.outputW], { perm: [1, 0] });
  const output = config.features === null ? names.logits : names.predictions;
  graph.node('Add', [graph.node('MatMul', [x, transposed]), names.outputB], {}, output);
  graph.output(output, dataType.float, ['time', 'batch', V]);
  states.addOutputs();
}

/** Float constants, each kept once. */
function constantsOf(graph: GraphBuilder): (...values: number[]) => string {
  const kept = new Map<string, string>();
  return (...values) => {
    const key = values.join(' ');
    const name = kept.get(key) ?? `floats${kept.size}`;
    if (!kept.has(key)) graph.floats(name, values.length === 1 ? [] : [values.length], Float32Array.from(values));
    kept.set(key, name);
    return name;
  };
}

/** The tensors of what layers carry from a call to the next. */
class StateTensors {
  private readonly outputs: { readonly name: string; readonly shape: readonly Size[] }[] = [];
  private readonly shapes = new Map<string, string>();
  private batch: string | null = null;

  /** @param input whose second axis is the batch */
  constructor(
    private readonly graph: GraphBuilder,
    private readonly input: string,
  ) {}

  /**
   * Of one state of a layer the names of it before the first step, with the whole batch, and of what is to be written: after the last.
   * @param before sizes of the axes before that of the batch  @param after sizes of those behind it
   */
  of(layer: number, symbol: string, before: readonly number[], after: readonly number[]): StateNames {
    const [name, last] = [names.firstState(layer, symbol), names.lastState(layer, symbol)];
    const length = lengthOfShape([...before, ...after]);
    this.graph.input(name, dataType.float, [...before, 'batchOfStates', ...after]);
    this.graph.floats(name, [...before, 1, ...after], new Float32Array(length));
    this.outputs.push({ name: last, shape: [...before, 'batch', ...after] });
    return { first: this.graph.node('Expand', [name, this.shapeOf(before, after)]), last };
  }

  /** Behind the logits, in the order of the layers. */
  addOutputs(): void {
    for (const { name, shape } of this.outputs) this.graph.output(name, dataType.float, shape);
  }

  /** Made where it is first needed. */
  private shapeOf(before: readonly number[], after: readonly number[]): string {
    const key = `${before.join()} ${after.join()}`;
    const known = this.shapes.get(key);
    if (known !== undefined) return known;
    this.batch ??= this.graph.node('Gather', [this.graph.node('Shape', [this.input]), this.graph.integers([1])]);
    const parts = [...(before.length > 0 ? [this.graph.integers(before)] : []), this.batch, this.graph.integers(after)];
    const shape = this.graph.node('Concat', parts, { axis: 0 });
    this.shapes.set(key, shape);
    return shape;
  }
}

/** @param at what its parameters' names begin with */
function normalized(
  graph: GraphBuilder,
  norm: NormKind,
  x: string,
  at: string,
  constant: (...values: number[]) => string,
): string {
  if (norm === 'layerNorm')
    return graph.node('LayerNormalization', [x, `${at}.gamma`, `${at}.beta`], {
      axis: -1,
      epsilon: { float: normEpsilon },
    });
  const squares = graph.node('ReduceMean', [graph.node('Mul', [x, x]), graph.integers([-1])], { keepdims: 1 });
  const root = graph.node('Sqrt', [graph.node('Add', [squares, constant(normEpsilon)])]);
  return graph.node('Mul', [graph.node('Div', [x, root]), `${at}.gamma`]);
}

interface ModelPlace {
  readonly graph: GraphBuilder;
  readonly config: ModelConfig;
  readonly states: StateTensors;
  readonly constant: (...values: number[]) => string;
}

/** A mixer's sublayer, [time, batch, I] → [time, batch, O]. */
function mixed(
  { graph, config, states, constant }: ModelPlace,
  layer: number,
  { name, inputSize }: Sublayer,
  x: string,
): string {
  const { cell } = config.layers[layer];
  const nodes = sublayerGraph(cell, name);
  if (!nodes) throw new UserError('error.onnx.noOperatorForKind', kindOf(cell).label);
  return nodes({
    graph,
    x,
    sizes: { ...sizesOf(config, layer), input: inputSize },
    tensor: (role) => names.ofLayer(layer, role),
    state: (symbol, shape) => states.of(layer, symbol, [], shape),
    constant,
  });
}

/** [time, batch, I] → [time, batch, D·H]. */
function recurrent(
  graph: GraphBuilder,
  { cell, activation, hiddenSize: H, bidirectional, options }: LayerConfig,
  layer: number,
  x: string,
  stateTensors: StateTensors,
): string {
  const D = directionsOf({ bidirectional }).length;
  const states = kindOf(cell).states.map(({ symbol }) => stateTensors.of(layer, symbol, [D], [H]));
  const written = layerGraphOf(cell);
  if (written)
    return written(graph, {
      x,
      tensor: (tensor) => names.ofLayer(layer, tensor),
      ...states[0],
      hiddenSize: H,
      directions: directionsOf({ bidirectional }),
      options,
    });
  const onnx = onnxOf(cell);
  const activations = activationsOf(cell, activation).map(operatorName);
  const Y = `${onnx.operator}_${layer}`;
  graph.nodeWithOutputs(
    onnx.operator,
    [x, ...['W', 'R', 'B'].map((tensor) => names.ofLayer(layer, tensor)), '', ...states.map(({ first }) => first)],
    [Y, ...states.map(({ last }) => last)],
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
