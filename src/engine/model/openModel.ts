/** Opens a model of any origin: a checkpoint of Backflow's, an ONNX file of another tool, or bare weights. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { Vocabulary } from '../../core/corpus/vocabulary';
import {
  vocabularyOfFile,
  vocabularyOfMetadata,
  vocabularyOfText,
  type FoundVocabulary,
} from '../../modelFiles/foreignVocabulary';
import { weightsOf, type GeneralModel } from '../../core/model/generalModel';
import { generalModelOf, plainModelOf, type PlainModel } from '../../core/model/plainModel';
import { checkpointOf } from '../../modelFiles/checkpointFile';
import { decodeOnnx } from '../../formats/onnx/onnxFile';
import { readOnnx, type ReadModel } from '../../modelFiles/onnx/read/readModel';
import { readTorchWeights } from '../../modelFiles/torchWeights';
import { UserError } from '../../userError';
import type { OpenRequest } from '../../protocol/engine';
import type { Verification } from '../../protocol/model';
import { readError } from '../files/fileErrors';
import { RunFolder } from '../files/runFolder';
import { externalDataOf } from './externalData';
import { compareRuns } from './verification/compareRuns';
import { runFile, type ModelFile } from './verification/fileRun';
import { runModel } from './verification/modelRun';
import { loadOrt, type Ort } from './verification/ortSession';

export interface OpenedModel {
  readonly general: GeneralModel;
  /** Null where it has a form that only inspection knows; `trainingRefusal` then says which. */
  readonly plain: PlainModel | null;
  readonly trainingRefusal: UserError | null;
  readonly vocabulary: Vocabulary;
  /** Null for a model of Backflow's own, and where ONNX Runtime cannot be loaded. */
  readonly verification: Verification | null;
  readonly notices: readonly UserError[];
  readonly producer: string | null;
  /** Steps it has been trained for, as far as is known. */
  readonly trainingStep: number;
  /** The run it belongs to, if any. */
  readonly folder: RunFolder | null;
}

export type ModelSource = Pick<OpenRequest, 'path' | 'vocabulary' | 'text' | 'architecture'>;

/** Throws a UserError that says what stands in the way. */
export async function openModel(source: ModelSource): Promise<OpenedModel> {
  const { folder, path } = await locate(source.path);
  const bytes = await readWhole(path);
  if (extname(path).toLowerCase() === '.safetensors') return { ...(await openWeights(bytes, path, source)), folder };
  const proto = decodeOnnx(bytes, path);
  const checkpoint = checkpointOf(proto, path);
  if (!checkpoint)
    return { ...(await openOnnx({ bytes, proto, external: externalDataOf(path) }, path, source)), folder };
  const { config, parameters, vocabulary, step } = checkpoint;
  const general = generalModelOf(config, parameters);
  return {
    general,
    plain: { config, parameters },
    trainingRefusal: null,
    vocabulary,
    verification: null,
    notices: [],
    producer: null,
    trainingStep: step,
    folder,
  };
}

/**
 * Of an ONNX file that Backflow did not write. It is read; on the same tokens the file is run, then the model as it was read, both on ONNX
 * Runtime; and what they predict is compared.
 */
async function openOnnx(file: ModelFile, path: string, source: ModelSource): Promise<Omit<OpenedModel, 'folder'>> {
  const read = readOnnx(file.proto, file.external);
  const { model, use } = read;
  if (!model || !use) throw read.refusal ?? new UserError('error.model.noneFound', path);
  const { vocabulary, notices } = await vocabularyOf(source, model.vocabularySize, read, path);
  const verified = await verifiedOrNoticed(async (ort) => {
    const ofFile = await runFile(ort, file, { use, model }, probeOf(vocabulary, source.text));
    const ofModel = await runModel(ort, model, ofFile.tokens);
    return compareRuns(ofFile, ofModel);
  });
  return {
    ...inspected(model, trainable(model)),
    vocabulary,
    verification: verified.verification,
    notices: [...read.notices, ...notices, ...verified.notices],
    producer: read.producer,
    trainingStep: 0,
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

async function openWeights(bytes: Uint8Array, path: string, source: ModelSource): Promise<Omit<OpenedModel, 'folder'>> {
  const { model, plain, trainingStep, metadata, notices } = readTorchWeights(bytes, path, source.architecture);
  const found = await vocabularyOf(source, model.vocabularySize, { metadata }, path);
  return {
    ...inspected(model, plain ? { plain, trainingRefusal: null } : trainable(model)),
    vocabulary: found.vocabulary,
    verification: null,
    notices: [...notices, ...found.notices],
    producer: null,
    trainingStep,
  };
}

/** The file that is asked for, else the model's own, else the symbols of the text. */
async function vocabularyOf(
  { vocabulary: file, text }: ModelSource,
  size: number,
  { metadata }: Pick<ReadModel, 'metadata'>,
  model: string,
): Promise<FoundVocabulary> {
  if (file !== null) return vocabularyOfFile(await readVocabularyFile(file), size, file);
  return vocabularyOfMetadata(metadata, size, model) ?? vocabularyOfText(text, size, model);
}

async function readVocabularyFile(path: string): Promise<string> {
  const bytes = await readWhole(path);
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

/** A reading that cannot be verified is no reason not to open the model, but it is reported. */
async function verifiedOrNoticed(
  verify: (ort: Ort) => Promise<Verification>,
): Promise<{ verification: Verification | null; notices: UserError[] }> {
  const ort = await loadOrt();
  if (!ort) return { verification: null, notices: [] };
  try {
    return { verification: await verify(ort), notices: [] };
  } catch (thrown) {
    if (thrown instanceof UserError) return { verification: null, notices: [thrown] };
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

/** A file's bytes. Throws a UserError where it cannot be read. */
export async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (thrown) {
    throw readError(thrown, path);
  }
}

/** The file a path means, and the run it belongs to, if any. */
async function locate(path: string): Promise<{ path: string; folder: RunFolder | null }> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (thrown) {
    throw readError(thrown, path);
  }
  if (!isFolder) return { path, folder: await RunFolder.open(dirname(dirname(path))).catch(() => null) };
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.newestCheckpoint();
  if (!checkpoint) throw new UserError('error.run.noCheckpointYet', path);
  return { path: checkpoint.model, folder };
}
