/** Models that have been published under names of their own, and whose layers are none of those that are read here: what they are is said. */
import type { WeightTensor } from '../weightTensors';

/** The first that fits a name counts. */
const models: readonly (readonly [pattern: RegExp, label: string])[] = [
  [/(^|\.)tokens_embed\.weight$/, 'GPT-1'],
  [/(^|\.)h\.\d+\.mlp\.w[12]\.weight$/, 'Qwen'],
  [/(^|\.)h\.\d+\.attn\.attention\.[qkv]_proj\.weight$/, 'GPT-Neo'],
  [/(^|\.)h\.\d+\.attn\.[qkv]_proj\.weight$/, 'GPT-J'],
  [/(^|\.)h\.\d+\.attn\.qkv_proj\.weight$/, 'CodeGen'],
  [/(^|\.)layers\.\d+\.attention\.query_key_value\.weight$/, 'GPT-NeoX'],
  [/(^|\.)h\.\d+\.self_attention\.(query_key_value|dense)\.weight$/, 'BLOOM, Falcon'],
  [/(^|\.)blocks\.\d+\.attn\.Wqkv\.weight$/, 'MPT'],
  [/(^|\.)decoder\.layers\.\d+\.self_attn\.[qkv]_proj\.weight$/, 'OPT'],
  [/(^|\.)layers\.\d+\.self_attn\.(qkv|[qkv])_proj\.weight$/, 'Llama, Mistral, Qwen, Gemma, Phi'],
  [/(^|\.)(self_attn|attn|mha)\.in_proj_weight$/, 'nn.MultiheadAttention'],
  [/(^|\.)attention\.self\.query\.weight$/, 'BERT'],
  [/(^|\.)mixer\.(.+\.)?(mamba_fwd|mamba_rev|A_b_log)(\.|$)/, 'Caduceus, Vim'],
  [/(^|\.)layers\.\d+\.(.+\.)?mamba\.A_log$/, 'Jamba, Zamba'],
  [/(^|\.)A_log$/, 'a state space in other modules than those known'],
  [/(^|\.)(time_decay|time_mixing?\.decay|time_maa_w)$/, 'RWKV'],
];

/** Its label and the tensor that tells; null where none is known. */
export function otherModel(
  tensors: ReadonlyMap<string, WeightTensor>,
): { readonly label: string; readonly tensor: string } | null {
  for (const [pattern, label] of models)
    for (const tensor of tensors.keys()) if (pattern.test(tensor)) return { label, tensor };
  return null;
}
