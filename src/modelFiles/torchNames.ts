/** The names of a model's parameters in PyTorch's world: those of `nn.Embedding`, `nn.RNN`, `nn.LSTM` or `nn.GRU`, `nn.LayerNorm` and `nn.Linear`, each behind its module's. */
import type { Direction } from '../layers/direction';
import type { NormRole } from '../layers/norm';
import type { ParameterDescription } from '../layers/parameters';

export const torchNames = {
  embedding: 'embedding.weight',
  norm: { gamma: 'norm.weight', beta: 'norm.bias' },
  output: { W: 'output.weight', b: 'output.bias' },
} as const;

/**
 * Of a parameter of a layer around which something stands, a norm or a residual connection, which no module of several layers has: each layer is then a module of
 * its own, `layers.0.rnn.weight_ih_l0`, and `layers.0.norm.weight` the norm before it. Of a mixer its parameters are those of that module.
 */
export function torchNameInLayer(
  parameter: Pick<ParameterDescription, 'role' | 'torch'> | typeof peepholes,
  layer: number,
  direction: Direction,
  isMixer: boolean,
): string {
  if (isMixer && parameter !== peepholes) return `layers.${layer}.${parameter.torch ?? parameter.role}`;
  return `layers.${layer}.${torchName(parameter, 0, direction)}`;
}

/** @param name of the norm among those of its layer: `norm`, `mlp.norm` */
export function torchNormName(layer: number, name: string, role: NormRole): string {
  return `layers.${layer}.${name}.${role === 'gamma' ? 'weight' : 'bias'}`;
}

/** PyTorch has none. */
const peepholes = 'peephole';

/**
 * Of a parameter of one direction of a layer, or its peepholes; one that PyTorch does not have bears the name of its role in the same place. Where each
 * layer is a module of its own, they are numbered as those of `nn.ModuleList`.
 */
export function torchName(
  parameter: Pick<ParameterDescription, 'role' | 'torch'> | typeof peepholes,
  layer: number,
  direction: Direction,
): string {
  const own = parameter === peepholes ? parameter : (parameter.torch ?? parameter.role);
  const isBackward = direction === 'backward';
  return own.includes('.')
    ? `rnn.${layer}.${isBackward ? 'reverse.' : ''}${own}`
    : `rnn.${own}_l${layer}${isBackward ? '_reverse' : ''}`;
}
