/** Proof that a model was read rightly: the model as it was understood and the file's own graph, both run on ONNX Runtime on the same tokens. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { GeneralModel } from '../../core/model/generalModel';
import { externalBytes, halfToNumber, type ExternalData } from '../../core/onnx/read/constant';
import { generalGraph } from '../../core/onnx/generalGraph';
import { names } from '../../core/onnx/languageModelGraph';
import { dataType, encodeModel, type ModelProto } from '../../core/onnx/messages';
import type { GraphUse } from '../../core/onnx/read/readModel';
import { hasExternalData, selfContained } from '../../core/onnx/selfContained';
import { UserError } from '../../core/userError';
import type { Proof } from '../../protocol/model';

type Ort = typeof import('onnxruntime-node');

/** Of the differences, relative to the root mean square. Graphs that compute in float16 have three digits. */
const limits = { float16: 2e-2, others: 1e-4 } as const;
/** Tokens at most: more would say no more. */
const mostTokens = 512;

export interface ModelFile {
  /** As it is in the file, and decoded. */
  readonly bytes: Uint8Array;
  readonly proto: ModelProto;
  readonly external: ExternalData;
}

/**
 * @param ids tokens of the text; they are repeated where the graph has a fixed, longer time
 * Throws a UserError where ONNX Runtime cannot run the file's graph; null where ONNX Runtime cannot be loaded.
 */
export async function prove(file: ModelFile, use: GraphUse, model: GeneralModel, ids: ArrayLike<number>): Promise<Proof | null> {
  const ort = await loadOrt();
  if (!ort) return null;
  const graph = hasExternalData(file.proto) ? encodeModel(selfContained(file.proto, (tensor) => externalBytes(tensor, file.external))) : file.bytes;
  const { tokens, theirs } = await finitePredictions(ort, graph, use, model, ids);
  const own = await ownLogProbabilities(ort, model, tokens);
  const first = own.length - theirs.values.length;
  let [difference, squares] = [0, 0];
  for (let i = 0; i < theirs.values.length; i++) {
    const distance = Math.abs(theirs.values[i] - own[first + i]);
    // Not a number on one side only is as far as can be.
    difference = Math.max(difference, Number.isNaN(distance) ? (Object.is(theirs.values[i], own[first + i]) ? 0 : Infinity) : distance);
    squares += theirs.values[i] ** 2;
  }
  const relative = difference / Math.sqrt(squares / theirs.values.length);
  const limit = theirs.isHalf ? limits.float16 : limits.others;
  return { tokens: tokens.length, difference: relative, limit, agrees: relative <= limit };
}

/** Exploding states overflow in float32, of which nothing can be learned: then fewer tokens are tried, where their number is free. */
async function finitePredictions(ort: Ort, graph: Uint8Array, use: GraphUse, model: GeneralModel, ids: ArrayLike<number>): Promise<{ tokens: Float64Array; theirs: Awaited<ReturnType<typeof theirLogProbabilities>> }> {
  const fixed = use.tokens.sizes[use.timeAxis];
  const lengths = fixed === null ? [mostTokens, 64, 8].map((most) => Math.min(ids.length, most)) : [fixed];
  for (const steps of lengths) {
    const tokens = Float64Array.from({ length: steps }, (_, t) => ids[t % ids.length]);
    const theirs = await theirLogProbabilities(ort, graph, use, model, tokens);
    if (theirs.values.every((value) => !Number.isNaN(value) && value < Infinity)) return { tokens, theirs };
  }
  throw new UserError('Whether the model was read rightly could not be proved: the file’s own graph, in float32, gives numbers that are not finite.');
}

async function loadOrt(): Promise<Ort | undefined> {
  try {
    return await import('onnxruntime-node');
  } catch {
    return undefined;
  }
}

const sessionOptions: InferenceSession.SessionOptions = { intraOpNumThreads: 1, executionMode: 'sequential', logSeverityLevel: 4 };

/** Runs a graph once. */
async function run({ InferenceSession }: Ort, graph: Uint8Array, feeds: Record<string, Tensor>, output: string): Promise<Tensor> {
  const session = await InferenceSession.create(graph, sessionOptions);
  try {
    const results = await session.run(feeds, [output]);
    return results[output];
  } finally {
    await session.release();
  }
}

/** T × V, of a batch of one. */
async function ownLogProbabilities(ort: Ort, model: GeneralModel, tokens: Float64Array): Promise<Float64Array> {
  const ids = new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length, 1]);
  const logits = await run(ort, encodeModel(generalGraph(model)), { [names.ids]: ids }, names.logits);
  return logSoftmax(numbersOf(logits), model.vocabularySize);
}

/** T × V, or 1 × V where only the last step is predicted; of the first text of the batch. */
async function theirLogProbabilities(ort: Ort, graph: Uint8Array, use: GraphUse, { vocabularySize: V }: GeneralModel, tokens: Float64Array): Promise<{ values: Float64Array; isHalf: boolean }> {
  const batch = use.tokens.sizes[1 - use.timeAxis] ?? 1;
  let output: Tensor;
  try {
    const feeds = { [use.tokens.name]: tokenTensor(ort, use, tokens, batch, V), ...Object.fromEntries(use.others.map((other) => [other.name, otherTensor(ort, other, batch, tokens.length)])) };
    output = await run(ort, graph, feeds, use.output);
  } catch (thrown) {
    throw new UserError('Whether the model was read rightly could not be proved: ONNX Runtime cannot run the file’s own graph ({0}).', firstLine(thrown));
  }
  const all = numbersOf(output);
  const steps = use.order.includes('time') ? tokens.length : 1;
  if (all.length !== steps * batch * V) throw new UserError('Whether the model was read rightly could not be proved: the file’s own graph gives {0} numbers where {1} were expected.', all.length, steps * batch * V);
  const values = ofFirstText(all, use.order, { time: steps, batch, symbols: V });
  const isHalf = output.type === 'float16';
  if (use.then === 'nothing') return { values: logSoftmax(values, V), isHalf };
  return { values: use.then === 'softmax' ? values.map(Math.log) : values, isHalf };
}

/** The predictions of the batch's first text, time-major: T × V. */
function ofFirstText(all: Float64Array, order: GraphUse['order'], sizes: Readonly<Record<GraphUse['order'][number], number>>): Float64Array {
  const strides = { time: 0, batch: 0, symbols: 0 };
  let stride = 1;
  for (const axis of order.toReversed()) {
    strides[axis] = stride;
    stride *= sizes[axis];
  }
  const { symbols: V } = sizes;
  return Float64Array.from({ length: sizes.time * V }, (_, i) => all[Math.floor(i / V) * strides.time + (i % V) * strides.symbols]);
}

/** The same tokens for each text of the batch. */
function tokenTensor(ort: Ort, { tokens: { elementType, oneHotSize, sizes }, timeAxis }: GraphUse, ids: Float64Array, batch: number, V: number): Tensor {
  const all = Array.from({ length: ids.length * batch }, (_, i) => (timeAxis === 0 ? ids[Math.floor(i / batch)] : ids[i % ids.length]));
  const dims = sizes.length === 1 ? [ids.length] : timeAxis === 0 ? [ids.length, batch] : [batch, ids.length];
  if (oneHotSize === null) return tensor(ort, elementType, all, dims);
  const rows = new Array<number>(all.length * V).fill(0);
  all.forEach((id, row) => (rows[row * V + id] = 1));
  return tensor(ort, elementType, rows, [...dims, V]);
}

/** States are zero; whole numbers are the texts' lengths. */
function otherTensor(ort: Ort, { elementType, sizes }: GraphUse['others'][number], batch: number, steps: number): Tensor {
  const dims = sizes.map((size) => size ?? batch);
  const isWhole = elementType === dataType.int32 || elementType === dataType.int64;
  return tensor(ort, elementType, new Array<number>(dims.reduce((product, size) => product * size, 1)).fill(isWhole ? steps : 0), dims);
}

function tensor(ort: Ort, elementType: number, values: readonly number[], dims: readonly number[]): Tensor {
  switch (elementType) {
    case dataType.int32:
      return new ort.Tensor('int32', Int32Array.from(values), dims);
    case dataType.int64:
      return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
    case dataType.double:
      return new ort.Tensor('float64', Float64Array.from(values), dims);
    case dataType.float16:
      // Of what is fed only 0 and 1 are needed.
      return new ort.Tensor('float16', Uint16Array.from(values, (value) => (value === 0 ? 0 : 0x3c00)), dims);
    case dataType.bool:
      return new ort.Tensor('bool', Uint8Array.from(values), dims);
    default:
      return new ort.Tensor('float32', Float32Array.from(values), dims);
  }
}

function numbersOf({ type, data }: Tensor): Float64Array {
  if (type === 'float16') {
    const bits = data as unknown as Uint16Array;
    return Float64Array.from(new Uint16Array(bits.buffer, bits.byteOffset, bits.length), halfToNumber);
  }
  return Float64Array.from(data as Float32Array);
}

/** Rows of V logits as log-probabilities. */
function logSoftmax(logits: Float64Array, V: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += V) {
    const row = logits.subarray(start, start + V);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = row.reduce((total, value) => total + Math.exp(value - largest), 0);
    for (let i = 0; i < V; i++) result[start + i] = row[i] - largest - Math.log(sum);
  }
  return result;
}

function firstLine(thrown: unknown): string {
  return (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0].slice(0, 200);
}
