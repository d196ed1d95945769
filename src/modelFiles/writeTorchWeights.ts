/** Bare weights under PyTorch's names and in its gate order, in safetensors. */
import type { PlainModel } from '../core/model/plainModel';
import { kindOf, torchGateOrderOf, type CellName } from '../layers/catalog';
import { encodeSafetensors, type Tensor } from '../formats/safetensors';
import { UserError } from '../userError';
import { inTorchOrder } from './torch/gateOrder';
import { ownMetadata, tensorsOfModel } from './torch/ownFile';

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
  for (const { cell } of model.config.layers)
    if (!hasNames(cell)) throw new UserError('error.torch.noModule', kindOf(cell).label);
  const tensors = tensorsOfModel(model).map(({ name, shape, values, gatesOf }): [string, Tensor] => [
    name,
    { dtype: 'F32', shape, data: gatesOf ? inTorchOrder(values, gatesOf) : values },
  ]);
  return encodeSafetensors(new Map(tensors), { ...metadata, ...ownMetadata(model.config, step) });
}

/** Whether its parameters are known by names in PyTorch's world, in a module of several layers or in one of its own. */
function hasNames(cell: CellName): boolean {
  return torchGateOrderOf(cell) !== null || kindOf(cell).mixer !== undefined;
}
