/** How transformers' GPT-2, and code that follows it, calls its tensors. */
import type { NameOf } from './published';

export const head = 'lm_head.weight';
const headBias = 'lm_head.bias';

/** In a block. */
export const roles: Readonly<Record<string, string>> = {
  Wqkv: 'attn.c_attn.weight',
  bqkv: 'attn.c_attn.bias',
  Wo: 'attn.c_proj.weight',
  bo: 'attn.c_proj.bias',
  W1: 'mlp.c_fc.weight',
  b1: 'mlp.c_fc.bias',
  W2: 'mlp.c_proj.weight',
  b2: 'mlp.c_proj.bias',
  'mha.norm.gamma': 'ln_1.weight',
  'mha.norm.beta': 'ln_1.bias',
  'mlp.norm.gamma': 'ln_2.weight',
  'mlp.norm.beta': 'ln_2.bias',
};

export const nameOf: NameOf = ({ name, role, layer }) => {
  if (name === 'output.W') return head;
  if (name === 'output.b') return headBias;
  if (role === 'embedding') return 'transformer.wte.weight';
  if (role === 'P') return 'transformer.wpe.weight';
  if (layer < 0) return `transformer.ln_f.${role === 'norm.gamma' ? 'weight' : 'bias'}`;
  return `transformer.h.${layer}.${roles[role]}`;
};
