/** A checkpoint's bytes: an ONNX model anyone can open, with what Backflow needs to know in its metadata. */
import type { Vocabulary } from '../core/corpus/vocabulary';
import { formatVocabulary, parseVocabulary } from './vocabularyFormat';
import { configOf, configText, ownKeys as keys } from './configText';
import type { ModelConfig } from '../core/model/config';
import { lengthOfShape } from '../core/model/directionParameters';
import { layoutOf, Parameters } from '../core/model/parameters';
import { UserError } from '../userError';
import { checkpointModel, tensorsOf } from './onnx/languageModelGraph';
import { dataType, metadataOf, encodeModel, type ModelProto, type TensorProto } from '../formats/onnx/messages';
import { decodeOnnx } from '../formats/onnx/onnxFile';

export interface CheckpointContent {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
  readonly vocabulary: Vocabulary;
  /** Training steps taken. */
  readonly step: number;
}

export function encodeCheckpoint({ config, parameters, vocabulary, step }: CheckpointContent): Uint8Array {
  const { symbols, tokens } = formatVocabulary(vocabulary);
  const metadata = {
    [keys.model]: configText(config),
    [keys.vocabulary]: symbols,
    [keys.tokens]: tokens,
    [keys.step]: String(step),
  };
  return encodeModel(checkpointModel(config, parameters, metadata));
}

/** Reads what `encodeCheckpoint` wrote; `file` is for the sentences. Throws a UserError for anything else. */
export function decodeCheckpoint(bytes: Uint8Array, file: string): CheckpointContent {
  const content = checkpointOf(decodeOnnx(bytes, file), file);
  if (!content) throw new UserError('error.checkpoint.notOurs', file);
  return content;
}

/** Null for a model of another tool. Throws a UserError for a checkpoint that is broken. */
export function checkpointOf(model: ModelProto, file: string): CheckpointContent | null {
  const metadata = metadataOf(model);
  const text = metadata.get(keys.model);
  if (text === undefined) return null;
  const config = configOf(parse(text, file, keys.model));
  const vocabulary = readVocabulary(metadata, file);
  if (config.features !== null) {
    if (vocabulary.unit !== 'numbers') throw new UserError('error.checkpoint.notNumbers', file);
  } else if (vocabulary.size !== config.vocabularySize) {
    throw new UserError('error.checkpoint.vocabularySize', file, vocabulary.size, config.vocabularySize);
  }
  return {
    config,
    vocabulary,
    parameters: readParameters(config, model.graph.initializer, file),
    step: readStep(metadata, file),
  };
}

/** It stands last in the file, so that a file that is cut short anywhere lacks it or more. */
function readStep(metadata: ReadonlyMap<string, string>, file: string): number {
  const step = Number(metadata.get(keys.step) ?? NaN);
  if (!Number.isSafeInteger(step) || step < 0) throw new UserError('error.checkpoint.noStep', file);
  return step;
}

function parse(text: string, file: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError('error.checkpoint.metadataNotJson', file, key);
  }
}

function readVocabulary(metadata: ReadonlyMap<string, string>, file: string): Vocabulary {
  const tokens = metadata.get(keys.tokens);
  const vocabulary = parseVocabulary({
    symbols: parse(metadata.get(keys.vocabulary) ?? '', file, keys.vocabulary),
    tokens: tokens === undefined ? undefined : parse(tokens, file, keys.tokens),
  });
  if (!vocabulary) throw new UserError('error.checkpoint.vocabularyNotList', file);
  return vocabulary;
}

/** Every size is checked against the layout before anything of that size is made. */
function readParameters(config: ModelConfig, tensors: readonly TensorProto[], file: string): Parameters {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const sources = tensorsOf(config, layoutOf(config)).map(({ name, shape, offset }) => {
    const length = lengthOfShape(shape);
    const tensor = byName.get(name);
    if (tensor?.dataType !== dataType.float || tensor.rawData?.length !== 4 * length) {
      throw new UserError('error.checkpoint.tensor', file, name, length);
    }
    return { offset, bytes: tensor.rawData };
  });
  const parameters = new Parameters(config);
  const { values } = parameters;
  const target = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (const { offset, bytes } of sources) target.set(bytes, 4 * offset);
  return parameters;
}
