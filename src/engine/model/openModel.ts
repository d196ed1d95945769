/** Opens a model of any origin: a checkpoint of Backflow's, an ONNX file of another tool, or bare weights. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { vocabularyOfNumbers, type Vocabulary } from '../../core/corpus/vocabulary';
import {
  vocabularyAsBytes,
  vocabularyOfFile,
  vocabularyOfMetadata,
  vocabularyBeside,
  type FoundVocabulary,
} from '../../modelFiles/foreignVocabulary';
import { weightsOf, type GeneralModel } from '../../core/model/generalModel';
import { generalModelOf, plainModelOf, type PlainModel } from '../../core/model/plainModel';
import { GraphProgram } from '../../core/graph/run';
import { checkpointOf } from '../../modelFiles/checkpointFile';
import { decodeOnnx } from '../../formats/onnx/onnxFile';
import { recognizeGraph, type GraphLanguageModel } from '../../modelFiles/onnx/graphMode/recognize';
import { readOnnx, type GraphUse, type ReadModel } from '../../modelFiles/onnx/read/readModel';
import { isPickle, pickleAsJson } from '../../modelFiles/torch/checkpointVocabulary';
import type { Activation } from '../../layers/activation';
import { kindOf } from '../../layers/catalog';
import { differenceInWords } from '../../terms/numberFormat';
import { UserError } from '../../userError';
import type { OpenRequest } from '../../protocol/engine';
import type { Verification } from '../../protocol/model';
import { readError } from '../files/fileErrors';
import { notFinite } from './finiteness';
import { inTurns } from '../inspect/graph/inTurns';
import { RunFolder } from '../files/runFolder';
import { isOfWeights, leavesMuchOpen, readBareWeights } from './bareWeights';
import { externalDataOf } from './externalData';
import { refuseOtherFormat } from './otherFormats';
import { RecordingFolder } from '../recording/recordingFolder';
import { RuntimeProcess } from '../runtime/runtimeProcess';
import { classesOf } from '../../modelFiles/onnx/graphMode/classifier';
import { withoutDropout } from './verification/dropout';
import { weightsInFolder } from './weightFiles';
import { readWhole } from './wholeFile';
import type { ModelFile } from './verification/evaluator';
import { verify } from './verification/verify';
import { verifyGraph } from './verification/verifyGraph';

export interface OpenedModel {
  readonly mode: 'stack';
  readonly general: GeneralModel;
  /** Null where it has a form that only inspection knows; `trainingRefusal` then says which. */
  readonly plain: PlainModel | null;
  readonly trainingRefusal: UserError | null;
  readonly vocabulary: Vocabulary;
  /** Null for a model of Backflow's own, and where the file's graph could not be run; a notice then says why. */
  readonly verification: Verification | null;
  readonly notices: readonly UserError[];
  readonly producer: string | null;
  /** Steps it has been trained for, as far as is known. */
  readonly trainingStep: number;
  /** The run it belongs to, if any. */
  readonly folder: RunFolder | null;
}

/** What is no stack of known layers. */
export interface OpenedGraph {
  readonly mode: 'graph';
  readonly graph: GraphLanguageModel;
  readonly vocabulary: Vocabulary;
  /** Why it is none. */
  readonly stackRefusal: UserError;
  /** Null where ONNX Runtime could not be asked; a notice then says why. */
  readonly verification: Verification | null;
  readonly notices: readonly UserError[];
  readonly producer: string | null;
}

export type ModelSource = Pick<OpenRequest, 'path' | 'vocabulary' | 'text' | 'architecture' | 'tokens'>;

export interface OpenOptions {
  /** Ends the verification when it is aborted; its reason is then thrown. */
  readonly signal?: AbortSignal;
  /** A process that runs already, and goes on when the model is open; otherwise one is started and ended. */
  readonly runtime?: RuntimeProcess;
  /** Reads a graph as a stack of layers; tests put one that is wrong in its place. */
  readonly read?: typeof readOnnx;
}

/** A stack of layers. Throws a UserError that says what stands in the way. */
export async function openModel(source: ModelSource, options: OpenOptions = {}): Promise<OpenedModel> {
  const opened = await open(source, options, (_, { refusal: { key, args } }) =>
    Promise.reject(new UserError('error.graph.noStack', { key, args })),
  );
  if (opened.mode === 'graph') throw new Error('graph mode was not asked for');
  return opened;
}

/** The same; an ONNX model that is no stack of known layers opens in graph mode. @param pause called now and then; throws when it is canceled */
export function openModelOrGraph(
  source: ModelSource,
  pause: () => Promise<void>,
  options: OpenOptions,
): Promise<OpenedModel | OpenedGraph> {
  return open(source, options, (file, read, runtime) => openGraph(file, read, source, pause, runtime));
}

/** @param otherwise of an ONNX file that is no stack, or is not read rightly as one */
async function open(
  source: ModelSource,
  options: OpenOptions,
  otherwise: (file: ModelFile, read: NoStack, runtime: RuntimeProcess) => Promise<OpenedGraph>,
): Promise<OpenedModel | OpenedGraph> {
  const opened = await openFile(source, options, otherwise);
  if (opened.mode === 'graph') return opened;
  const names = notFinite(opened.general);
  if (names.length === 0) return opened;
  const notice = new UserError('notice.model.notFinite', source.path, names.join(', '));
  return { ...opened, notices: [...opened.notices, notice] };
}

async function openFile(
  source: ModelSource,
  options: OpenOptions,
  otherwise: (file: ModelFile, read: NoStack, runtime: RuntimeProcess) => Promise<OpenedGraph>,
): Promise<OpenedModel | OpenedGraph> {
  const { folder, path } = await locate(source.path);
  if (!(await leavesMuchOpen(path))) refuseAnswers(source.architecture, path);
  if (await isOfWeights(path)) return { ...(await openWeights(path, source)), folder };
  const bytes = await readWhole(path);
  refuseOtherFormat(bytes, path);
  const proto = decodeOnnx(bytes, path);
  const checkpoint = checkpointOf(proto, path);
  if (!checkpoint) {
    const file = { bytes, proto, external: externalDataOf(path) };
    // It starts while the file is read.
    const runtime = options.runtime ?? new RuntimeProcess(options);
    try {
      const read = (options.read ?? readOnnx)(proto, file.external);
      const { model, use, refusal } = read;
      if (!model || !use)
        return await otherwise(
          file,
          { ...read, refusal: refusal ?? new UserError('error.model.noneFound', path) },
          runtime,
        );
      const stack = await openOnnx(file, { ...read, model, use }, path, source, runtime);
      if (stack.verification?.agrees !== false) return { ...stack, folder };
      return await otherwise(file, { ...read, refusal: misread(stack.verification) }, runtime);
    } finally {
      if (!options.runtime) runtime.close();
    }
  }
  const { config, parameters, vocabulary, step } = checkpoint;
  const general = generalModelOf(config, parameters);
  const found =
    general.isOfNumbers === true
      ? vocabularyOfNumberModel(source, path)
      : await vocabularyOfCheckpoint(source, vocabulary, path);
  return {
    mode: 'stack',
    general,
    plain: { config, parameters },
    trainingRefusal: null,
    vocabulary: found.vocabulary,
    verification: null,
    notices: found.notices,
    producer: null,
    trainingStep: step,
    folder,
  };
}

/** What the file says itself and others leave open. Throws a UserError where a person says it. */
function refuseAnswers({ activation, tensors }: ModelSource['architecture'], path: string): void {
  if ((tensors ?? '') !== '') throw new UserError('error.model.tensorsUnused', path, tensors ?? '');
  refuseActivation(activation, path);
}

function refuseActivation(activation: Activation | null, path: string): void {
  if (activation !== null) throw new UserError('error.model.activationUnused', path, activation);
}

/** Of an ONNX file that Backflow did not write: its own graph is run to see whether it was read rightly. */
async function openOnnx(
  file: ModelFile,
  read: ReadModel & { readonly model: GeneralModel; readonly use: GraphUse },
  path: string,
  source: ModelSource,
  runtime: RuntimeProcess,
): Promise<Omit<OpenedModel, 'folder'>> {
  const { model, use, producer } = read;
  const { vocabulary, notices } = await vocabularyOf(source, model.vocabularySize, read, path);
  const verified = await verify(runtime, withoutDropout(file), { use, model }, probeOf(vocabulary, source.text));
  return {
    mode: 'stack',
    ...inspected(model, trainable(model)),
    vocabulary,
    verification: verified.verification,
    notices: [...read.notices, ...notices, ...verified.notices],
    producer,
    trainingStep: 0,
  };
}

/** Why a stack is not what the file is: both predict differently. */
function misread({ difference, limit, disagreement }: Verification): UserError {
  const sizes = [differenceInWords(difference), limit] as const;
  return disagreement
    ? new UserError('error.model.misreadAt', ...sizes, disagreement.node, disagreement.operator)
    : new UserError('error.model.misread', ...sizes);
}

type NoStack = ReadModel & { readonly refusal: UserError };

async function openGraph(
  file: ModelFile,
  { refusal, metadata, producer }: NoStack,
  source: ModelSource,
  pause: () => Promise<void>,
  runtime: RuntimeProcess,
): Promise<OpenedGraph> {
  const { proto, external } = file;
  const graph = await inTurns(recognizeGraph(proto, new GraphProgram(proto, external)), pause);
  const { vocabulary, notices } = await vocabularyOf(source, graph.vocabularySize, { metadata }, source.path).catch(
    (thrown: unknown) => {
      throw (thrown instanceof UserError && classesOf(graph)) || thrown;
    },
  );
  const verified = await verifyGraph(runtime, withoutDropout(file), graph, probeOf(vocabulary, source.text), pause);
  const { key, args } = refusal;
  return {
    mode: 'graph',
    graph,
    vocabulary,
    stackRefusal: refusal,
    verification: verified.verification,
    notices: [new UserError('notice.graph.mode', { key, args }), ...graph.notices, ...notices, ...verified.notices],
    producer,
  };
}

type Training = Pick<OpenedModel, 'plain' | 'trainingRefusal'>;

/** Where the copy that can be trained says all, it is what is inspected: the file need not stay in memory. */
function inspected(model: GeneralModel, training: Training): Training & Pick<OpenedModel, 'general'> {
  const { plain } = training;
  return { ...training, general: plain && isFloat32(model) ? generalModelOf(plain.config, plain.parameters) : model };
}

function isFloat32({ embedding, layers, output }: GeneralModel): boolean {
  const ofLayers = layers.flatMap(({ directions }) => directions.flatMap(weightsOf));
  return [embedding, output.W, output.b, ...ofLayers].every((weights) => !(weights instanceof Float64Array));
}

async function openWeights(path: string, source: ModelSource): Promise<Omit<OpenedModel, 'folder'>> {
  const { config, isBroken } = await configBeside(path);
  const { model, plain, trainingStep, metadata, notices } = await readBareWeights(path, {
    ...source.architecture,
    config,
    isConfigBroken: isBroken,
  });
  // What Backflow has written says it itself.
  const isOpen = !plain && model.layers.some(({ cell }) => kindOf(cell).activation === 'chosen');
  if (!isOpen) refuseActivation(source.architecture.activation, path);
  const found =
    model.isOfNumbers === true
      ? vocabularyOfNumberModel(source, path)
      : await vocabularyOf(source, model.vocabularySize, { metadata }, path);
  return {
    mode: 'stack',
    ...inspected(model, plain ? { plain, trainingRefusal: null } : trainable(model)),
    vocabulary: found.vocabulary,
    verification: null,
    notices: [...notices, ...found.notices],
    producer: null,
    trainingStep,
  };
}

/** What is in a `config.json` in the same folder, as transformers leaves one. */
interface ConfigFile {
  /** Null where there is none, or none that can be read. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** There is one, but no object in JSON. */
  readonly isBroken: boolean;
}

export async function configBeside(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(join(dirname(path), 'config.json'), 'utf8');
  } catch {
    return { config: null, isBroken: false };
  }
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null && !Array.isArray(found))
      return { config: found as Readonly<Record<string, unknown>>, isBroken: false };
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  return { config: null, isBroken: true };
}

/** Throws a UserError where a person has said what its tokens are. */
function vocabularyOfNumberModel({ vocabulary: file, tokens }: ModelSource, path: string): FoundVocabulary {
  if (file !== null || tokens !== undefined) throw new UserError('error.numbers.vocabulary', path);
  return { vocabulary: vocabularyOfNumbers(), notices: [] };
}

/** The file that is asked for, else the model's own, else the symbols of the text. */
async function vocabularyOf(
  { vocabulary: file, text, tokens }: ModelSource,
  size: number,
  { metadata }: Pick<ReadModel, 'metadata'>,
  model: string,
): Promise<FoundVocabulary> {
  if (tokens === 'byte') {
    const own = vocabularyOfMetadata(metadata, size, model)?.vocabulary ?? null;
    return { vocabulary: vocabularyAsBytes(own, size, model), notices: [] };
  }
  if (file !== null) return vocabularyOfFile(await readVocabularyFile(file), size, file);
  return vocabularyOfMetadata(metadata, size, model) ?? vocabularyBeside(metadata, text, size, model);
}

/** The same of a file that Backflow has written, whose own vocabulary is read already. */
async function vocabularyOfCheckpoint(
  { vocabulary: file, tokens }: ModelSource,
  own: Vocabulary,
  model: string,
): Promise<FoundVocabulary> {
  if (tokens === 'byte') return { vocabulary: vocabularyAsBytes(own, own.size, model), notices: [] };
  if (file !== null) return vocabularyOfFile(await readVocabularyFile(file), own.size, file);
  return { vocabulary: own, notices: [] };
}

async function readVocabularyFile(path: string): Promise<string> {
  const bytes = await readWhole(path);
  if (isPickle(bytes)) return pickleAsJson(bytes, path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError('error.vocabularyFile.notUtf8', path);
  }
}

/** Tokens to verify the reading on: the text's, or every symbol once where there is none that the model can read. */
function probeOf(vocabulary: Vocabulary, text: string | null): ArrayLike<number> {
  const all = Int32Array.from({ length: Math.min(vocabulary.size, 64) }, (_, id) => id);
  if (text === null) return all;
  try {
    const ids = vocabulary.encode(text.slice(0, 4096));
    return ids.length > 0 ? ids : all;
  } catch (thrown) {
    // The text's own sentence comes when it is looked at.
    if (thrown instanceof UserError) return all;
    throw thrown;
  }
}

function trainable(general: GeneralModel): Training {
  try {
    return { plain: plainModelOf(general), trainingRefusal: null };
  } catch (thrown) {
    if (thrown instanceof UserError) return { plain: null, trainingRefusal: thrown };
    throw thrown;
  }
}

/** The file a path means, and the run it belongs to, if any. Of a folder as libraries leave one, its weights. */
async function locate(path: string): Promise<{ path: string; folder: RunFolder | null }> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (thrown) {
    throw readError(thrown, path);
  }
  if (!isFolder) return { path, folder: await RunFolder.open(dirname(dirname(path))).catch(() => null) };
  const recording = await RecordingFolder.find(path);
  if (recording) throw new UserError('error.recording.notModel', recording.path);
  let folder: RunFolder;
  try {
    folder = await RunFolder.open(path);
  } catch (thrown) {
    const weights = await weightsInFolder(path);
    if (weights === null) throw thrown;
    return { path: weights, folder: null };
  }
  const checkpoint = await folder.newestCheckpoint();
  if (!checkpoint) throw new UserError('error.run.noCheckpointYet', path);
  return { path: checkpoint.model, folder };
}
