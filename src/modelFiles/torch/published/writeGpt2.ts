/**
 * A stack of attention as the files of transformers' `GPT2LMHeadModel`: matrices of products in blocks as `Conv1D` has them, [in, out], and a config.json. GPT-2's
 * output has no bias; the one of a model from here goes into what GPT-2 has.
 */
import { uniformStack, type StackConfig } from '../../../core/model/config';
import type { Parameters } from '../../../core/model/parameters';
import type { PlainModel } from '../../../core/model/plainModel';
import type { Tensor } from '../../../formats/safetensors';
import { attention as kind } from '../../../layers/kinds/attention';
import { normEpsilon } from '../../../layers/norm';
import { isOptionOn, numberOption } from '../../../layers/options';
import { UserError } from '../../../userError';
import { transposed } from '../../transposed';
import { head, nameOf } from './gpt2Names';
import { ownForm, type PublishedFiles } from './published';

/** Below this share of the largest, a weight of the last norm carries no bias. */
const leastGamma = 1e-3;

/** Null where the layers are others; the sentence why where they are not as GPT-2 has them. */
export function writeGpt2({ config, parameters }: PlainModel): PublishedFiles | UserError | null {
  const stack = uniformStack(config);
  if (stack?.cell !== kind.name) return null;
  const { finalNorm, output, layout } = parameters;
  const other = otherwise(stack) ?? (finalNorm && otherNorm(finalNorm.gamma, output.b));
  if (other || !finalNorm) return other;
  const { hiddenSize: D, vocabularySize: V } = stack;
  const moved = output.b.some((value) => value !== 0) ? withoutBias(parameters, D, V) : null;
  const tensors = new Map<string, Tensor>();
  for (const entry of layout.entries) {
    const { name, role, layer, shape } = entry;
    const values = parameters.view(entry);
    if (name === 'output.W' || name === 'output.b') continue;
    if (layer < 0 && role === 'norm.beta' && moved) add(nameOf(entry), shape, moved.beta);
    // Matrices in blocks; the tables of symbols and positions are as they are.
    else if (layer >= 0 && shape.length === 2 && role !== 'P')
      add(nameOf(entry), [shape[1], shape[0]], transposed(values, shape[0], shape[1]));
    else add(nameOf(entry), shape, values);
  }
  if (moved) add(head, [V, D], moved.W);
  else if (!config.tied) add(head, [V, D], output.W);
  return {
    tensors,
    config: configOf(stack, config.tied && !moved),
    notices: moved ? [new UserError('notice.export.biasMoved')] : [],
  };

  function add(name: string, shape: readonly number[], data: Float32Array): void {
    tensors.set(name, { dtype: 'F32', shape, data });
  }
}

/** The first thing that GPT-2 has otherwise. */
function otherwise(stack: StackConfig): UserError | null {
  const { options, hiddenSize } = stack;
  const needed = [
    ['positions', 'learned', options['positions']],
    ['biases', 'true', isOptionOn(options, 'biases')],
    ['norm', 'layerNorm', stack.norm],
    ['final norm', 'layerNorm', stack.finalNorm],
    ['residual', 'true', stack.residual],
    ['embedding', hiddenSize, stack.embeddingSize ?? 0],
    ['objective', 'next', stack.objective],
  ] as const;
  const found = needed.find(([, wanted, own]) => String(own) !== String(wanted));
  return found ? ownForm('GPT-2', found[0], found[1], found[2]) : null;
}

function otherNorm(gamma: Float32Array, bias: Float32Array): UserError | null {
  const sizes = gamma.map(Math.abs);
  const [least, largest] = [Math.min(...sizes), Math.max(...sizes)];
  return bias.some((value) => value !== 0) && !(least > leastGamma * largest)
    ? ownForm('GPT-2', 'ln_f.weight', '≠ 0', least)
    : null;
}

/**
 * What a LayerNorm gives before γ and β sums to 0 over its D numbers x̂, so with Σ β_i/γ_i = D the vector u_i = 1/(γ_i D) has u·(γ ⊙ x̂ + β) = 1 whatever x̂ is: W + b uᵀ
 * without a bias is W with b. β + c γ makes the sum D, and b − c W γ undoes it.
 */
function withoutBias({ finalNorm, output }: Parameters, D: number, V: number): { W: Float32Array; beta: Float32Array } {
  const { gamma, beta } = finalNorm ?? { gamma: new Float32Array(D), beta: new Float32Array(D) };
  const { W, b } = output;
  const c = 1 - gamma.reduce((sum, each, i) => sum + beta[i] / each, 0) / D;
  const moved = new Float32Array(V * D);
  for (let v = 0; v < V; v++) {
    let bias = b[v];
    for (let i = 0; i < D; i++) bias -= c * W[v * D + i] * gamma[i];
    for (let i = 0; i < D; i++) moved[v * D + i] = W[v * D + i] + bias / (gamma[i] * D);
  }
  return { W: moved, beta: beta.map((each, i) => each + c * gamma[i]) };
}

function configOf(
  { hiddenSize, layers, vocabularySize, options }: StackConfig,
  tied: boolean,
): PublishedFiles['config'] {
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    vocab_size: vocabularySize,
    n_embd: hiddenSize,
    n_layer: layers,
    n_head: numberOption(options, 'heads'),
    n_positions: numberOption(options, 'context'),
    activation_function: options['gelu'] === 'tanh' ? 'gelu_new' : 'gelu',
    layer_norm_epsilon: normEpsilon,
    scale_attn_weights: true,
    tie_word_embeddings: tied,
    // GPT-2's own are behind the end of a smaller vocabulary.
    bos_token_id: null,
    eos_token_id: null,
  };
}
