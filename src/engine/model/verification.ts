/** Verification that a model was read rightly: the model as it was understood and the file's own graph, both run on ONNX Runtime on the same tokens. */
import type { GeneralModel, Weights } from '../../core/model/generalModel';
import { statesName, weightlessGraph } from '../../modelFiles/onnx/generalGraph';
import { names } from '../../modelFiles/onnx/languageModelGraph';
import { encodeModel, type ModelProto } from '../../formats/onnx/messages';
import { externalBytes, type ExternalData } from '../../formats/onnx/constant';
import type { GraphUse } from '../../modelFiles/onnx/read/readModel';
import { hasExternalData, selfContained } from '../../formats/onnx/selfContained';
import { UserError } from '../../userError';
import type { Verification } from '../../protocol/model';
import { loadOrt, numbersOf, type Ort, Session } from './ortSession';
import { logProbabilities, otherFeeds, tokenFeed } from './graphUse';

/** Of the differences, relative to the root mean square. Graphs that compute in float16 have three digits. */
const limits = { float16: 2e-2, others: 1e-4 } as const;
/** Tokens at most: more would say no more. */
const maxTokens = 512;
/** Calls at most of a graph that reads one token at a time. */
const maxCalls = 64;
/** Relative rounding error of float32. */
const unitRoundoff = 6e-8;
/** Probabilities below this are all alike: float32 loses their digits. */
const minLog = -80;

export interface ModelFile {
  /** As it is in the file, and decoded. */
  readonly bytes: Uint8Array;
  readonly proto: ModelProto;
  readonly external: ExternalData;
}

/** Numbers by what they are of; T rows each. */
interface Outcome {
  readonly logProbabilities: Float64Array;
  /** By layer and direction, where the graph lets them be seen. */
  readonly states: readonly (readonly (Float64Array | null)[])[];
  readonly isHalf: boolean;
}

/**
 * @param ids tokens of the text; they are repeated where the graph has a fixed, longer time
 * Throws a UserError where ONNX Runtime cannot run the file's graph; null where ONNX Runtime cannot be loaded.
 */
export async function verify(file: ModelFile, use: GraphUse, model: GeneralModel, ids: ArrayLike<number>): Promise<Verification | null> {
  const ort = await loadOrt();
  if (!ort) return null;
  const { tokens, theirs } = await finiteOutcome(ort, file, use, model, ids);
  const steps = tokens.length;
  const own = await ownOutcome(ort, model, tokens, false);
  const limit = theirs.isHalf ? limits.float16 : limits.others;
  const plain = compared(theirs.logProbabilities, own.logProbabilities);
  if (plain <= limit) return { tokens: steps, difference: plain, limit, agrees: true, disagreement: null };
  // A chaotic model amplifies rounding errors without bound: it is compared as long as they stay small.
  const trusted = use.isLast ? steps : await trustedSteps(ort, model, tokens, own, limit);
  if (trusted < steps) {
    const part = compared(theirs.logProbabilities, own.logProbabilities, trusted / steps);
    if (part <= limit) return { tokens: trusted, difference: part, limit, agrees: true, disagreement: null };
  }
  return { tokens: steps, difference: plain, limit, agrees: false, disagreement: await disagreement(ort, file, use, model, tokens, limit).catch(() => null) };
}

/** Exploding states overflow in float32, of which nothing can be learned: then fewer tokens are tried, where their number is free. */
async function finiteOutcome(ort: Ort, file: ModelFile, use: GraphUse, model: GeneralModel, ids: ArrayLike<number>): Promise<{ tokens: Float64Array; theirs: Outcome }> {
  const fixed = fixedSteps(use);
  const isSingle = readsOneByOne(use);
  const lengths = fixed !== null && !isSingle ? [fixed] : [isSingle ? maxCalls : maxTokens, 64, 8].map((max) => Math.min(ids.length, max));
  for (const steps of lengths) {
    const tokens = Float64Array.from({ length: steps }, (_, t) => ids[t % ids.length]);
    const theirs = await runnable(() => theirOutcome(ort, file, use, model, tokens, isSingle, false));
    if (theirs.logProbabilities.every((value) => !Number.isNaN(value) && value < Infinity)) return { tokens, theirs };
  }
  throw new UserError('notice.proof.notFinite');
}

/** Tokens of one call; null where their number is free. */
function fixedSteps({ tokens: { sizes }, timeAxis }: GraphUse): number | null {
  return sizes.length === 0 ? 1 : sizes[timeAxis];
}

/** One token a call, and states that go in and come out. A graph of one token without them can be tried on one token only. */
function readsOneByOne(use: GraphUse): boolean {
  return fixedSteps(use) === 1 && use.others.length > 0;
}

async function runnable<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof UserError) throw thrown;
    throw new UserError('notice.proof.cannotRun', firstLine(thrown));
  }
}

/** Largest difference relative to the root mean square of `theirs`; of the first part of it. `own` may have rows before those. */
function compared(theirs: Float64Array, own: Float64Array, part = 1): number {
  const first = own.length - theirs.length;
  const length = Math.ceil(theirs.length * part);
  let [difference, squares] = [0, 0];
  for (let i = 0; i < length; i++) {
    const [a, b] = [Math.max(theirs[i], minLog), Math.max(own[first + i], minLog)];
    const distance = Math.abs(a - b);
    // Not a number on one side only is as far as can be.
    difference = Math.max(difference, Number.isNaN(distance) ? (Object.is(a, b) ? 0 : Infinity) : distance);
    squares += Number.isNaN(a) ? 0 : a ** 2;
  }
  return difference === 0 ? 0 : difference / Math.sqrt(squares / length);
}

/** Steps before an error of float32's size in the lowest weights has grown to a good part of the limit. */
async function trustedSteps(ort: Ort, model: GeneralModel, tokens: Float64Array, own: Outcome, limit: number): Promise<number> {
  if (model.layers.some(({ directions }) => directions.some(({ direction }) => direction === 'backward'))) return tokens.length;
  const [lowest, ...others] = model.layers;
  const directions = lowest.directions.map((direction) => ({ ...direction, W: nudged(direction.W) }));
  const nudgedModel = { ...model, layers: [{ ...lowest, directions }, ...others] };
  const { logProbabilities: moved } = await ownOutcome(ort, nudgedModel, tokens, false);
  const V = model.vocabularySize;
  for (let t = 0; t < tokens.length; t++) {
    if (compared(own.logProbabilities.subarray(t * V, (t + 1) * V), moved.subarray(t * V, (t + 1) * V)) > limit / 10) return Math.max(1, t);
  }
  return tokens.length;
}

function nudged(W: Weights): Weights {
  return W.map((value, i) => value * (1 + (i % 2 === 0 ? unitRoundoff : -unitRoundoff)));
}

/** The first layer, from the tokens up, whose states differ; else the output layer. */
async function disagreement(ort: Ort, file: ModelFile, use: GraphUse, model: GeneralModel, tokens: Float64Array, limit: number): Promise<Verification['disagreement']> {
  if (readsOneByOne(use)) return null;
  const theirs = await theirOutcome(ort, file, use, model, tokens, false, true);
  const own = await ownOutcome(ort, model, tokens, true);
  for (const [l, directions] of theirs.states.entries()) {
    for (const [d, states] of directions.entries()) {
      const ours = own.states[l][d];
      const difference = states && ours ? comparedPlainly(states, ours) : 0;
      const { node, operator } = use.recurrent[l][d];
      if (difference > limit) return { node, operator, difference };
    }
  }
  const node = file.proto.graph.node.find(({ name, output }) => name === use.outputLayer || output.includes(use.outputLayer));
  return { node: use.outputLayer, operator: node?.opType ?? 'MatMul', difference: compared(theirs.logProbabilities, own.logProbabilities) };
}

function comparedPlainly(theirs: Float64Array, own: Float64Array): number {
  let [difference, squares] = [0, 0];
  theirs.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - own[i]));
    squares += value ** 2;
  });
  return difference === 0 ? 0 : difference / Math.sqrt(squares / theirs.length);
}

/** Of a batch of one. */
async function ownOutcome(ort: Ort, model: GeneralModel, tokens: Float64Array, withStates: boolean): Promise<Outcome> {
  const ids = new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length, 1]);
  const graph = weightlessGraph(model, withStates);
  const weights = Array.from(graph.given, ([name, { shape, data }]) => [name, new ort.Tensor('float32', data, shape)] as const);
  const session = await Session.of(ort, encodeModel(graph.model));
  try {
    const states = withStates ? model.layers.map((_, layer) => statesName(layer)) : [];
    const results = await session.run({ ...Object.fromEntries(weights), [names.ids]: ids }, [names.logits, ...states]);
    const all = numbersOf(results[names.logits]);
    const ofLayers = model.layers.map(({ directions, hiddenSize: H }, layer) =>
      directions.map((_, d) => (withStates ? rowsOf(numbersOf(results[statesName(layer)]), tokens.length, H, directions.length * H, d * H) : null)));
    return { logProbabilities: logProbabilities(all, model.vocabularySize, 'nothing'), states: ofLayers, isHalf: false };
  } finally {
    await session.close();
  }
}

/** T rows of `width`, one every `stride` numbers. */
function rowsOf(all: Float64Array, T: number, width: number, stride: number, first: number): Float64Array {
  const rows = new Float64Array(T * width);
  for (let t = 0; t < T; t++) rows.set(all.subarray(first + t * stride, first + t * stride + width), t * width);
  return rows;
}

/** T × V, or 1 × V where only the last step is predicted; of the first text of the batch. */
async function theirOutcome(ort: Ort, file: ModelFile, use: GraphUse, model: GeneralModel, tokens: Float64Array, isSingle: boolean, withStates: boolean): Promise<Outcome> {
  const V = model.vocabularySize;
  const batch = use.tokens.sizes[1 - use.timeAxis] ?? 1;
  const seen = withStates ? use.recurrent.flat().map(({ tensor }) => tensor).filter((tensor) => tensor !== '') : [];
  const session = await Session.of(ort, graphWith(file, [use.output, ...seen]));
  try {
    if (isSingle) return await stepByStep(ort, session, use, tokens, batch, V);
    const feeds = { ...tokenFeed(ort, use, tokens, batch, V), ...otherFeeds(ort, use, batch, tokens.length) };
    const results = await session.run(feeds, [use.output, ...new Set(seen)]);
    const output = results[use.output];
    const all = numbersOf(output);
    const T = use.isLast ? 1 : tokens.length;
    if (all.length !== T * batch * V) throw new UserError('notice.proof.wrongSize', all.length, T * batch * V);
    const states = use.recurrent.map((directions, l) =>
      directions.map(({ tensor, index, directions: D, isBatchFirst }) => {
        const H = model.layers[l].hiddenSize;
        const stride = isBatchFirst ? D * H : D * batch * H;
        return tensor === '' || !withStates ? null : rowsOf(numbersOf(results[tensor]), tokens.length, H, stride, isBatchFirst ? index * H : index * batch * H);
      }));
    return { logProbabilities: logProbabilities(predictions(all, use, T, batch, V), V, use.then), states, isHalf: output.type === 'float16' };
  } finally {
    await session.close();
  }
}

/** Of the first text of the batch, T × V, however they lie. */
function predictions(all: Float64Array, { order }: GraphUse, T: number, batch: number, V: number): Float64Array {
  const sizes = { time: T, batch, symbols: V };
  const strides = { time: 0, batch: 0, symbols: 0 };
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  return Float64Array.from({ length: T * V }, (_, i) => all[Math.floor(i / V) * strides.time + (i % V) * strides.symbols]);
}

/** Of a graph that reads one token a call, its states carried from call to call. */
async function stepByStep(ort: Ort, session: Session, use: GraphUse, tokens: Float64Array, batch: number, V: number): Promise<Outcome> {
  const { carried } = use;
  if (!carried || use.recurrent.some(({ length }) => length > 1)) throw new UserError('notice.proof.unclearStates');
  const all = new Float64Array(tokens.length * V);
  let feeds = otherFeeds(ort, use, batch, 1);
  for (let t = 0; t < tokens.length; t++) {
    const results = await session.run({ ...feeds, ...tokenFeed(ort, use, tokens.subarray(t, t + 1), batch, V) }, [use.output, ...carried.map(({ output }) => output)]);
    const row = numbersOf(results[use.output]);
    if (row.length !== batch * V) throw new UserError('notice.proof.wrongSize', row.length, batch * V);
    all.set(predictions(row, use, 1, batch, V), t * V);
    feeds = { ...feeds, ...Object.fromEntries(carried.map(({ input, output }) => [input, results[output]])) };
  }
  return { logProbabilities: logProbabilities(all, V, use.then), states: [], isHalf: false };
}

/** The file's graph with these tensors among its outputs. */
function graphWith({ bytes, proto, external }: ModelFile, tensors: readonly string[]): Uint8Array {
  const missing = Array.from(new Set(tensors)).filter((tensor) => proto.graph.output.every(({ name }) => name !== tensor));
  if (missing.length === 0 && !hasExternalData(proto)) return bytes;
  const whole = hasExternalData(proto) ? selfContained(proto, (tensor) => externalBytes(tensor, external)) : proto;
  return encodeModel({ ...whole, graph: { ...whole.graph, output: [...whole.graph.output, ...missing.map((name) => ({ name }))] } });
}

function firstLine(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0].slice(0, 200);
}
