/** The bytes of an ONNX file as its messages. */
import { UserError } from '../../userError';
import { decodeModel, type ModelProto } from './messages';

/** @param file for the sentence  Throws a UserError for what is no ONNX model. */
export function decodeOnnx(bytes: Uint8Array, file: string): ModelProto {
  let model: Partial<ModelProto>;
  try {
    model = decodeModel(bytes);
  } catch {
    throw notOnnx(file);
  }
  // A checkpoint can have tensors alone, of a layer that ONNX has no operator for.
  if (!model.graph || (model.graph.node.length === 0 && model.graph.initializer.length === 0)) throw notOnnx(file);
  return { irVersion: 0, opsetImport: [], metadataProps: [], ...model, graph: model.graph };
}

function notOnnx(file: string): UserError {
  return new UserError('error.onnx.notOnnx', file);
}
