/** Models whose file has weights and no graph: PyTorch's, safetensors, Keras'. */
import { readDecodedWeights, type RequestedArchitecture, type TorchWeights } from '../../modelFiles/torchWeights';
import { isOfKeras, readKerasFile } from './kerasFile';
import { isOfTorchOrSafetensors, readWeights } from './weightFiles';

/** Whether the name is that of such a file. */
export function isOfWeights(path: string): boolean {
  return isOfKeras(path) || isOfTorchOrSafetensors(path);
}

/** A graph, and a file of Keras, say themselves which tensors are what and which activation a layer has. */
export function leavesNothingOpen(path: string): boolean {
  return !isOfTorchOrSafetensors(path);
}

/** Throws a UserError for what is no language model of layers that are known, or could be several. */
export async function readBareWeights(path: string, requested: RequestedArchitecture): Promise<TorchWeights> {
  if (!isOfKeras(path)) return readDecodedWeights(await readWeights(path), path, requested);
  const { model, notices } = await readKerasFile(path, requested.config ?? null);
  return { model, plain: null, trainingStep: 0, metadata: new Map(), notices };
}
