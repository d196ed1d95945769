/** A general model as an ONNX graph: token ids [time, batch] in, logits [time, batch, V] out. */
import { operatorName } from '../../core/model/generalForm';
import type { GeneralLayer, GeneralModel, Weights } from '../../core/model/generalModel';
import { kindOf } from '../../layers/catalog';
import { GraphBuilder, type AttributeValue } from '../../formats/onnx/graphBuilder';
import { names, onnxOf } from './languageModelGraph';
import { dataType, type ModelProto } from '../../formats/onnx/messages';

/** The first with LayerNormalization. */
const opset = 17;
const irVersion = 8;

/** The tensor of a layer's states, [time, D, batch, H]. */
export function statesName(layer: number): string {
  return `layer${layer}.Y`;
}

/** A tensor that a graph is given as an input. */
export interface GivenTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model's graph with its weights kept inside. */
export function generalGraph(model: GeneralModel): ModelProto {
  return built(model, new GraphBuilder(), false);
}

/**
 * The same with its weights as inputs, so that they need not be copied to be run; `given` has them by name.
 * @param withStates the states of every layer are outputs too
 */
export function weightlessGraph(
  model: GeneralModel,
  withStates: boolean,
): { readonly model: ModelProto; readonly given: ReadonlyMap<string, GivenTensor> } {
  const graph = new WeightlessBuilder();
  return { model: built(model, graph, withStates), given: graph.given };
}

class WeightlessBuilder extends GraphBuilder {
  readonly given = new Map<string, GivenTensor>();

  override floats(name: string, shape: readonly number[], data: Float32Array): string {
    this.given.set(name, { shape, data });
    return this.input(name, dataType.float, shape);
  }
}

function built(model: GeneralModel, graph: GraphBuilder, withStates: boolean): ModelProto {
  graph.input(names.ids, dataType.int64, ['time', 'batch']);
  let x = tokens(graph, model);
  model.layers.forEach((layer, index) => (x = recurrent(graph, layer, index, x)));
  if (model.norm) {
    const { gamma, beta, epsilon } = model.norm;
    x = graph.node(
      'LayerNormalization',
      [x, floats(graph, 'norm.weight', [gamma.length], [gamma]), floats(graph, 'norm.bias', [beta.length], [beta])],
      { axis: -1, epsilon: { float: epsilon } },
    );
  }
  const { W, b } = model.output;
  const V = model.vocabularySize;
  const transposed = graph.node('Transpose', [floats(graph, names.outputW, [V, W.length / V], [W])], { perm: [1, 0] });
  graph.node('Add', [graph.node('MatMul', [x, transposed]), floats(graph, names.outputB, [V], [b])], {}, names.logits);
  graph.output(names.logits, dataType.float, ['time', 'batch', V]);
  if (withStates)
    model.layers.forEach(({ directions, hiddenSize }, index) => {
      graph.output(statesName(index), dataType.float, ['time', directions.length, 'batch', hiddenSize]);
    });
  return {
    irVersion,
    producerName: 'backflow',
    graph: graph.build('backflow-model'),
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: [],
  };
}

function tokens(graph: GraphBuilder, { embedding, vocabularySize: V }: GeneralModel): string {
  if (embedding)
    return graph.node('Gather', [floats(graph, names.embedding, [V, embedding.length / V], [embedding]), names.ids]);
  return graph.node('OneHot', [names.ids, graph.integers([V]), graph.floats('offAndOn', [2], Float32Array.of(0, 1))], {
    axis: -1,
  });
}

/** [time, batch, I] → [time, batch, D·H]. */
function recurrent(graph: GraphBuilder, layer: GeneralLayer, index: number, x: string): string {
  const { cell, hiddenSize: H, inputSize: I, directions, clip, linearBeforeReset, inputForget } = layer;
  const { states } = kindOf(cell);
  const onnx = onnxOf(cell);
  const D = directions.length;
  const rows = directions[0].W.length / I;
  const of = (name: string, shape: readonly number[], parts: readonly Weights[]) =>
    floats(graph, `layer${index}.${name}`, shape, parts);
  const inputs = [
    x,
    of(
      'W',
      [D, rows, I],
      directions.map(({ W }) => W),
    ),
    of(
      'R',
      [D, rows, H],
      directions.map(({ R }) => R),
    ),
    of(
      'B',
      [D, 2 * rows],
      directions.flatMap(({ Wb, Rb }) => [Wb, Rb]),
    ),
    '',
    ...states.map(({ symbol }, state) =>
      firstState(
        graph,
        x,
        directions.map(({ initialStates }) => initialStates[state] ?? null),
        H,
        `layer${index}.initial_${symbol}`,
      ),
    ),
    ...(directions.some(({ peepholes }) => peepholes)
      ? [
          of(
            'P',
            [D, 3 * H],
            directions.map(({ peepholes }) => peepholes ?? new Float32Array(3 * H)),
          ),
        ]
      : []),
  ];
  while (inputs.at(-1) === '') inputs.pop();
  const forms = directions.flatMap(({ activations }) => activations);
  const attributes: Record<string, AttributeValue> = {
    hidden_size: H,
    direction: D > 1 ? 'bidirectional' : directions[0].direction === 'forward' ? 'forward' : 'reverse',
    activations: forms.map(({ name }) => operatorName(name)),
    ...coefficients(forms),
    ...(clip === null ? {} : { clip: { float: clip } }),
    ...(onnx.attributes.includes('linear_before_reset') ? { linear_before_reset: Number(linearBeforeReset) } : {}),
    ...(inputForget ? { input_forget: 1 } : {}),
  };
  const Y = graph.node(onnx.operator, inputs, attributes, statesName(index));
  return graph.node('Reshape', [graph.node('Transpose', [Y], { perm: [0, 2, 1, 3] }), graph.integers([0, 0, -1])]);
}

/** Only the functions that have coefficients take some from the lists, in their order. */
function coefficients(forms: GeneralLayer['directions'][number]['activations']): Record<string, AttributeValue> {
  const both = ['affine', 'hardsigmoid', 'scaledtanh'];
  const alphas = forms
    .filter(({ name }) => [...both, 'elu', 'leakyrelu', 'thresholdedrelu'].includes(name))
    .map(({ alpha }) => alpha);
  const betas = forms.filter(({ name }) => both.includes(name)).map(({ beta }) => beta);
  return {
    ...(alphas.length > 0 ? { activation_alpha: { floats: alphas } } : {}),
    ...(betas.length > 0 ? { activation_beta: { floats: betas } } : {}),
  };
}

/** [D, batch, H], the same for each text; "" where all begin at zero. */
function firstState(
  graph: GraphBuilder,
  x: string,
  states: readonly (Weights | null)[],
  H: number,
  name: string,
): string {
  if (states.every((state) => state === null)) return '';
  const D = states.length;
  const state = floats(
    graph,
    name,
    [D, 1, H],
    states.map((each) => each ?? new Float32Array(H)),
  );
  const batch = graph.node('Gather', [graph.node('Shape', [x]), graph.integers([1])]);
  return graph.node('Expand', [
    state,
    graph.node('Concat', [graph.integers([D]), batch, graph.integers([H])], { axis: 0 }),
  ]);
}

function floats(graph: GraphBuilder, name: string, shape: readonly number[], parts: readonly Weights[]): string {
  const [first] = parts;
  if (parts.length === 1 && first instanceof Float32Array) return graph.floats(name, shape, first);
  const data = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return graph.floats(name, shape, data);
}
