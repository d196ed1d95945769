/** Reads an ONNX model of any tool: finds the language model in its graph, or says which node stands in the way. */
import { kindOf, operators, type StateName } from '../../../layers/catalog';
import { statesBelow, stepsAndBatch, type PredictionAxis } from './axes';
import type { GeneralLayer, GeneralModel } from '../../../core/model/generalModel';
import { UserError } from '../../../userError';
import {
  dataType,
  metadataOf,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from '../../../formats/onnx/messages';
import { assemble, stackBelow } from './assemble';
import {
  readTensor,
  TensorError,
  wholeNumbers,
  type Constant,
  type ExternalData,
} from '../../../formats/onnx/constant';
import {
  chosenSizes,
  freeInputs,
  interpret,
  readInitializers,
  tokenInputs,
  type Interpretation,
  type TokenInput,
} from './interpret';
import { GraphNode } from '../../../formats/onnx/node';
import { notMeant } from './notMeant';
import type { Data, Logits } from './value';

/** How the file's own graph is to be run, to verify the reading. */
export interface GraphUse {
  readonly tokens: TokenInput;
  /** Which axis of the tokens is time; the other, if there is one, is the batch. */
  readonly timeAxis: number;
  readonly output: string;
  readonly then: Logits['then'];
  /** The predictions are of the last step only. */
  readonly isLast: boolean;
  readonly order: readonly PredictionAxis[];
  /** Inputs that are no tokens. */
  readonly others: readonly Omit<TokenInput, 'oneHotSize'>[];
  /** Inputs for the states to begin with, and the outputs that give them back; null where it is not clear which belong together. */
  readonly carried: readonly { readonly input: string; readonly output: string }[] | null;
  /** The graph's recurrent nodes by layer and direction, as in the model. */
  readonly recurrent: readonly (readonly RecurrentOutput[])[];
  /** The node of the output layer. */
  readonly outputLayer: string;
}

/** Where the graph has the states of one layer and direction. */
export interface RecurrentOutput {
  readonly node: string;
  readonly operator: string;
  /** "" where the node does not give them. */
  readonly tensor: string;
  /** Of `directions`. */
  readonly index: number;
  readonly directions: number;
  readonly isBatchFirst: boolean;
}

export interface ReadModel {
  /** Null where no whole language model was found. */
  readonly model: GeneralModel | null;
  readonly use: GraphUse | null;
  /** The recurrent layers that were found, also where the model is null. */
  readonly layers: readonly GeneralLayer[];
  /** Why the model is null. */
  readonly refusal: UserError | null;
  readonly notices: readonly UserError[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly producer: string | null;
}

/** Throws a UserError for tensors that cannot be read. */
export function readOnnx(proto: ModelProto, external: ExternalData): ReadModel {
  const { graph } = proto;
  const opset = proto.opsetImport.find(({ domain }) => !domain || domain === 'ai.onnx')?.version ?? 1;
  const about = {
    metadata: metadataOf(proto),
    producer: [proto.producerName, proto.producerVersion].filter((part) => part).join(' ') || null,
  };
  const constants = readInitializers(graph, external);
  const found = understood(graph, constants, opset, external);
  const { model, use, notices } = found;
  if (!model || !use) return { ...found, ...about };
  const more = notMeant(proto, model, use.tokens.name, use.timeAxis, about.producer);
  return { ...found, ...about, notices: [...notices, ...more] };
}

/** Other sizes of an axis that are tried at most. */
const maxSizes = 8;
const noData: ExternalData = () => new Uint8Array(0);

type Understood = Pick<ReadModel, 'model' | 'use' | 'layers' | 'refusal' | 'notices'>;

function understood(
  graph: GraphProto,
  constants: ReadonlyMap<string, Constant>,
  opset: number,
  external: ExternalData,
): Understood {
  let failed: Understood | undefined;
  try {
    for (const tokens of tokenInputs(graph, constants)) {
      const found = understoodFrom(graph, constants, tokens, opset, external);
      if (found.model) return found;
      if (!failed || (failed.layers.length === 0 && found.layers.length > 0)) failed = found;
    }
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    failed ??= { model: null, use: null, layers: [], refusal: thrown, notices: [] };
  }
  return failed as Understood;
}

function understoodFrom(
  graph: GraphProto,
  constants: ReadonlyMap<string, Constant>,
  tokens: TokenInput,
  opset: number,
  external: ExternalData,
): Understood {
  const sizes = tokens.sizes.map((size, i) => size ?? chosenSizes[i]);
  const first = attempt(graph, constants, tokens, sizes, opset, external);
  if (first.model) return first;
  // Some models only work for a batch of one, or for so many tokens, though they do not say so.
  for (const [axis, free] of tokens.sizes.entries()) {
    if (free !== null) continue;
    for (const size of [1, ...keptSizes(graph, constants)]) {
      const { use, notices, ...again } = attempt(
        graph,
        constants,
        { ...tokens, sizes: tokens.sizes.with(axis, size) },
        sizes.with(axis, size),
        opset,
        external,
      );
      if (!use || (use.timeAxis === axis && size === 1)) continue;
      const notice = new UserError('notice.onnx.fixedTextLength', size);
      return { ...again, use, notices: use.timeAxis === axis ? [...notices, notice] : notices };
    }
  }
  return first;
}

/** Sizes that exporters have kept from the text they saw. */
function keptSizes({ node }: GraphProto, constants: ReadonlyMap<string, Constant>): number[] {
  const lists = node.flatMap(({ opType, input }) =>
    opType === 'Constant' ? [] : input.map((name) => constants.get(name)),
  );
  const inNodes = node.flatMap(({ opType, attribute }) => {
    const value = opType === 'Constant' ? attribute?.find(({ name }) => name === 'value')?.t : undefined;
    if (value?.dims.length === 3) return value.dims;
    return value?.dataType === dataType.int64 && value.rawData && value.rawData.length <= 64 ? listOf(value) : [];
  });
  const sizes = new Set([
    ...lists.flatMap((list) => (list && list.data.length <= 8 ? Array.from(wholeNumbers(list) ?? []) : [])),
    ...inNodes,
  ]);
  return Array.from(sizes)
    .filter((size) => size > 1 && size <= 4096)
    .slice(0, maxSizes);
}

/** None of a broken tensor; where it matters, the interpretation says that it is. */
function listOf(tensor: TensorProto): number[] {
  try {
    return Array.from(wholeNumbers(readTensor({ ...tensor, dataLocation: 0 }, noData)) ?? []);
  } catch (thrown) {
    if (thrown instanceof TensorError) return [];
    throw thrown;
  }
}

function attempt(
  graph: GraphProto,
  constants: ReadonlyMap<string, Constant>,
  tokens: TokenInput,
  sizes: readonly number[],
  opset: number,
  external: ExternalData,
): Understood {
  const interpretation = interpret(graph, constants, tokens, sizes, opset, external);
  const notices: UserError[] = [];
  const layers = layersOf(interpretation);
  try {
    const { name, data, logits } = chosenLogits(graph, interpretation, notices);
    const model = assemble(logits);
    const use = useOf(graph, constants, tokens, name, data, logits, model, interpretation, notices);
    const { statesGiven, lengthsGiven, dropping } = interpretation.notes;
    if (statesGiven.size > 0)
      notices.push(new UserError('notice.onnx.statesZero', Array.from(statesGiven.keys()).join(', ')));
    if (lengthsGiven.size > 0)
      notices.push(new UserError('notice.onnx.lengthsWholeText', Array.from(lengthsGiven).join(', ')));
    if (dropping.size > 0)
      notices.push(new UserError('notice.onnx.exportedWhileTraining', Array.from(dropping).join(', ')));
    return { model, use, layers: model.layers, refusal: null, notices };
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return { model: null, use: null, layers, refusal: thrown, notices };
  }
}

/** All recurrent layers, whatever comes of them. */
function layersOf({ states }: Interpretation): GeneralLayer[] {
  return states.flatMap((each) => {
    try {
      return stackBelow(each).layers.slice(-1);
    } catch (thrown) {
      if (thrown instanceof UserError) return [];
      throw thrown;
    }
  });
}

/** The output that is logits or probabilities; where there is none, the last tensor that is. Throws the reason there is none. */
function chosenLogits(
  graph: GraphProto,
  { values, logits, states }: Interpretation,
  notices: UserError[],
): { name: string; data: Data; logits: Logits } {
  const outputs = graph.output.map(({ name }) => ({ name, value: values.get(name) }));
  for (const { name, value } of outputs) {
    if (value?.kind === 'data' && value.content.kind === 'logits') return { name, data: value, logits: value.content };
  }
  const last = logits.at(-1);
  if (
    last?.data.content.kind === 'logits' &&
    readers(graph, last.name).every((node) => choosers.includes(node.operator))
  ) {
    notices.push(new UserError('notice.onnx.predictionsInside', last.name));
    return { ...last, logits: last.data.content };
  }
  for (const { value } of outputs) if (value?.kind === 'unknown') throw value.reason;
  const recurrent = graph.node.map((node) => new GraphNode(node)).find(({ operator }) => operators.includes(operator));
  if (!recurrent) throw new UserError('error.onnx.noRecurrentLayer');
  if (states.length > 0)
    throw new UserError('error.onnx.endsWithStates', states[states.length - 1].parts[0].node.source);
  throw new UserError('error.onnx.nodeUnreadable', recurrent.name, recurrent.operator);
}

/** Operators that only choose a symbol by the predictions. */
const choosers: readonly string[] = ['ArgMax', 'ArgMin', 'TopK', 'Multinomial', 'Hardmax', 'Shape', 'Size'];

function readers({ node }: GraphProto, tensor: string): GraphNode[] {
  return node.filter(({ input }) => input.includes(tensor)).map((proto) => new GraphNode(proto));
}

function useOf(
  graph: GraphProto,
  constants: ReadonlyMap<string, Constant>,
  tokens: TokenInput,
  output: string,
  data: Data,
  logits: Logits,
  model: GeneralModel,
  { values, notes }: Interpretation,
  notices: UserError[],
): GraphUse {
  const { timeAxis, isLast: lacksTime, order } = stepsAndBatch(data, logits);
  const isLast = lacksTime && tokens.sizes[timeAxis] !== 1;
  if (isLast && model.layers.some(({ directions }) => directions.some(({ direction }) => direction === 'backward'))) {
    notices.push(new UserError('notice.onnx.lastTokenBothDirections'));
  } else if (isLast) {
    notices.push(new UserError('notice.onnx.lastToken'));
  }
  const others = freeInputs(graph, constants).filter(({ name }) => name !== tokens.name);
  const recurrent = statesBelow(logits)
    .reverse()
    .map(({ parts }) => {
      const each = parts.map(({ node, direction: { direction } }) => {
        const directions = node.directionNames;
        return {
          direction,
          found: {
            node: node.source,
            operator: node.operator,
            tensor: node.output,
            index: directions.indexOf(direction),
            directions: directions.length,
            isBatchFirst: node.isBatchFirst,
          },
        };
      });
      return each
        .sort((a, b) => Number(a.direction === 'backward') - Number(b.direction === 'backward'))
        .map(({ found }) => found);
    });
  return {
    tokens,
    timeAxis,
    isLast,
    order,
    output,
    then: logits.then,
    others,
    carried: carriedStates(graph, values, notes.statesGiven),
    recurrent,
    outputLayer: logits.source,
  };
}

/** Pairs of a state's input and output, where there is one of each. */
function carriedStates(
  { output }: GraphProto,
  values: Interpretation['values'],
  given: ReadonlyMap<string, StateName>,
): GraphUse['carried'] {
  const found = output.flatMap(({ name }) => {
    const value = values.get(name);
    if (value?.kind !== 'data' || value.axes.flat().some((atom) => atom.name === 'features')) return [];
    const [content] = value.content.kind === 'stacked' ? value.content.parts : [value.content];
    if (content.kind === 'finalFurther') return [{ name, state: content.state }];
    const own = content.kind === 'states' ? content : content.kind === 'finalStates' ? content.of : null;
    return own ? [{ name, state: kindOf(own.parts[0].node.cell).states[0].name }] : [];
  });
  const pairs = Array.from(given, ([input, state]) => ({
    input,
    outputs: found.filter((each) => each.state === state).map(({ name }) => name),
  }));
  const isClear =
    pairs.length > 0 &&
    pairs.every(({ outputs }) => outputs.length === 1) &&
    new Set(pairs.map(({ outputs: [name] }) => name)).size === pairs.length;
  return isClear ? pairs.map(({ input, outputs: [name] }) => ({ input, output: name })) : null;
}
