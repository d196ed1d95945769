/** Bare weights under PyTorch's names and in its gate order, in safetensors. */
import type { PlainModel } from '../core/model/plainModel';
import { uniformStack } from '../core/model/config';
import { kindOf, torchGateOrderOf } from '../layers/catalog';
import { encodeSafetensors, type Tensor } from '../formats/safetensors';
import { UserError } from '../userError';
import { inTorchOrder } from './torch/gateOrder';
import { ownMetadata, tensorsOfModel } from './torch/ownFile';
import { publishedOf } from './torch/published/registry';

/**
 * To be loaded into `nn.Embedding`, `nn.RNN`, `nn.LSTM` or `nn.GRU` (or an `nn.ModuleList` of what its kind is known as), and `nn.Linear`. A tied output has no matrix of its own; that it is tied, and all
 * else that tensors leave open, is in the metadata. @param step steps it has been trained for  @param metadata what is said besides
 * Throws a UserError where PyTorch has no module for the layers.
 */
export function writeTorchWeights(
  model: PlainModel,
  step: number,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const [{ cell }] = model.config.layers;
  if (uniformStack(model.config) && torchGateOrderOf(cell) === null && !publishedOf(cell)?.nameOf)
    throw new UserError('error.torch.noModule', kindOf(cell).label);
  const tensors = tensorsOfModel(model).map(({ name, shape, values, isGated }): [string, Tensor] => [
    name,
    { dtype: 'F32', shape, data: isGated ? inTorchOrder(values, cell) : values },
  ]);
  return encodeSafetensors(new Map(tensors), { ...metadata, ...ownMetadata(model.config, step) });
}
