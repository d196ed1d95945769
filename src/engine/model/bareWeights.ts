/** Models whose file has weights and no graph: PyTorch's, safetensors, Keras'. */
import { extname } from 'node:path';
import { readDecodedWeights, type RequestedArchitecture, type TorchWeights } from '../../modelFiles/torchWeights';
import { isOfKeras, readKerasFile } from './kerasFile';
import { isTorchFile } from './torchFile';
import { isOfTorchOrSafetensors, readWeights } from './weightFiles';

/** Whether it is such a file: by its name, or by its content where its name is that of no model. Throws a UserError where it cannot be read. */
export async function isOfWeights(path: string): Promise<boolean> {
  return isOfKeras(path) || leavesMuchOpen(path);
}

/** A graph, and a file of Keras, say themselves which tensors are what and which activation a layer has; others do not. */
export async function leavesMuchOpen(path: string): Promise<boolean> {
  return isOfTorchOrSafetensors(path) || (!isOfKeras(path) && !isOfOnnx(path) && isTorchFile(path));
}

function isOfOnnx(path: string): boolean {
  return extname(path).toLowerCase() === '.onnx';
}

/** Throws a UserError for what is no language model of layers that are known, or could be several. */
export async function readBareWeights(path: string, requested: RequestedArchitecture): Promise<TorchWeights> {
  if (!isOfKeras(path)) return readDecodedWeights(await readWeights(path), path, requested);
  const { model, notices } = await readKerasFile(path, requested.config ?? null);
  return { model, plain: null, trainingStep: 0, metadata: new Map(), notices };
}
