/** The names of a model's parameters in PyTorch's world: those of `nn.Embedding`, `nn.RNN`, `nn.LSTM` or `nn.GRU`, `nn.LayerNorm` and `nn.Linear`, each behind its module's. */
import type { Direction } from '../layers/direction';

export const torchNames = {
  embedding: 'embedding.weight',
  norm: { gamma: 'norm.weight', beta: 'norm.bias' },
  output: { W: 'output.weight', b: 'output.bias' },
} as const;

/** Of one direction of a recurrent layer, by ONNX's roles. PyTorch has no peepholes, hence no name for `P`. */
export function torchRecurrentNames(layer: number, direction: Direction): Readonly<Record<'W' | 'R' | 'Wb' | 'Rb' | 'P', string>> {
  const suffix = `_l${layer}${direction === 'backward' ? '_reverse' : ''}`;
  return {
    W: `rnn.weight_ih${suffix}`,
    R: `rnn.weight_hh${suffix}`,
    Wb: `rnn.bias_ih${suffix}`,
    Rb: `rnn.bias_hh${suffix}`,
    P: `rnn.peephole${suffix}`,
  };
}
