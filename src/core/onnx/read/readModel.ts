/** Reads an ONNX model of any tool: finds the language model in its graph, or says which node stands in the way. */
import { stepsAndBatch, type StepsAndBatch } from './axes';
import type { GeneralLayer, GeneralModel } from '../../model/generalModel';
import { UserError } from '../../userError';
import { metadataOf, type GraphProto, type ModelProto } from '../messages';
import { assemble, stackBelow } from './assemble';
import type { Constant, ExternalData } from './constant';
import { chosenSizes, freeInputs, interpret, readInitializers, tokenInput, type Interpretation, type TokenInput } from './interpret';
import { GraphNode } from './node';
import type { Data, Logits } from './value';

/** How the file's own graph is to be run, to prove the reading. */
export interface GraphUse {
  readonly tokens: TokenInput;
  /** Which axis of the tokens is time; the other, if there is one, is the batch. */
  readonly timeAxis: number;
  readonly output: string;
  readonly then: Logits['then'];
  /** How the predictions lie: see `StepsAndBatch`. */
  readonly order: StepsAndBatch['order'];
  /** Inputs that are no tokens. */
  readonly others: readonly Omit<TokenInput, 'oneHotSize'>[];
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
  return { ...found, ...about };
}

type Understood = Pick<ReadModel, 'model' | 'use' | 'layers' | 'refusal' | 'notices'>;

function understood(graph: GraphProto, constants: ReadonlyMap<string, Constant>, opset: number, external: ExternalData): Understood {
  let tokens: TokenInput;
  try {
    tokens = tokenInput(graph, constants);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return { model: null, use: null, layers: [], refusal: thrown, notices: [] };
  }
  const sizes = tokens.sizes.map((size, i) => size ?? chosenSizes[i]);
  const first = attempt(graph, constants, tokens, sizes, opset, external);
  if (first.model) return first;
  // Some models only work for a batch of one, though they do not say so.
  for (const [i, size] of tokens.sizes.entries()) {
    if (size !== null) continue;
    const again = attempt(graph, constants, tokens, sizes.with(i, 1), opset, external);
    if (again.model) return again;
  }
  return first;
}

function attempt(graph: GraphProto, constants: ReadonlyMap<string, Constant>, tokens: TokenInput, sizes: readonly number[], opset: number, external: ExternalData): Understood {
  const interpretation = interpret(graph, constants, tokens, sizes, opset, external);
  const notices: UserError[] = [];
  const layers = layersOf(interpretation);
  try {
    const { name, data, logits } = chosenLogits(graph, interpretation, notices);
    const model = assemble(logits);
    const use = useOf(graph, constants, tokens, name, data, logits, model, notices);
    const { statesGiven, lengthsGiven } = interpretation.notes;
    if (statesGiven.size > 0) notices.push(new UserError('The states that the model is given as inputs ({0}) are taken as zero.', Array.from(statesGiven).join(', ')));
    if (lengthsGiven.size > 0) notices.push(new UserError('The lengths that the model is given ({0}) are taken as the whole text.', Array.from(lengthsGiven).join(', ')));
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
function chosenLogits(graph: GraphProto, { values, logits, states }: Interpretation, notices: UserError[]): { name: string; data: Data; logits: Logits } {
  const outputs = graph.output.map(({ name }) => ({ name, value: values.get(name) }));
  for (const { name, value } of outputs) {
    if (value?.kind === 'data' && value.content.kind === 'logits') return { name, data: value, logits: value.content };
  }
  const last = logits.at(-1);
  if (last?.data.content.kind === 'logits') {
    notices.push(new UserError('No output of the model is its predictions; they were found inside, as “{0}”.', last.name));
    return { ...last, logits: last.data.content };
  }
  for (const { value } of outputs) if (value?.kind === 'unknown') throw value.reason;
  const recurrent = graph.node.map((node) => new GraphNode(node)).find(({ operator }) => ['RNN', 'LSTM', 'GRU'].includes(operator));
  if (!recurrent) throw new UserError('There is no recurrent layer (RNN, LSTM or GRU) in the model.');
  if (states.length > 0) throw new UserError('The model ends with recurrent states; a linear layer to the symbols was expected after “{0}”.', states[states.length - 1].parts[0].node.source);
  throw new UserError('The node “{0}” ({1}) could not be read.', recurrent.name, recurrent.operator);
}

function useOf(graph: GraphProto, constants: ReadonlyMap<string, Constant>, tokens: TokenInput, output: string, data: Data, logits: Logits, model: GeneralModel, notices: UserError[]): GraphUse {
  const axes = stepsAndBatch(data, logits);
  const isLast = !axes.order.includes('time');
  if (isLast && model.layers.some(({ directions }) => directions.some(({ direction }) => direction === 'backward'))) {
    notices.push(new UserError('The model predicts only after the last token, and its layers read in both directions; here it predicts after every token, with what they know there.'));
  } else if (isLast) {
    notices.push(new UserError('The model predicts only after the last token; here its output layer is used after every token.'));
  }
  const others = freeInputs(graph, constants).filter(({ name }) => name !== tokens.name);
  return { tokens, ...axes, output, then: logits.then, others };
}
