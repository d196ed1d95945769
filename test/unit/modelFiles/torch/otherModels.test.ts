/** Models of other names, and of the same names with other mathematics: each is refused with one sentence that says what it is and what to do. */
import { strict as assert } from 'node:assert';
import { encodeSafetensors, type Tensor } from '../../../../src/formats/safetensors';
import { readTorchWeights } from '../../../../src/modelFiles/torchWeights';
import { UserError } from '../../../../src/userError';

const [V, D] = [7, 8];

function tensor(...shape: readonly number[]): Tensor {
  const length = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'F32', shape: [...shape], data: Float32Array.from({ length }, (_, i) => Math.sin(i + length)) };
}

const vector = tensor(D);
const norms = (...names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => [`${name}.weight`, `${name}.bias`].map((each) => [each, vector])));
const squares = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`${name}.weight`, tensor(D, D)]));

const rope = (prefix: string, keys: number) => ({
  [`${prefix}embed_tokens.weight`]: tensor(V, D),
  ...squares(`${prefix}layers.0.self_attn.q_proj`, `${prefix}layers.0.self_attn.o_proj`),
  [`${prefix}layers.0.self_attn.k_proj.weight`]: tensor(keys, D),
  [`${prefix}layers.0.self_attn.v_proj.weight`]: tensor(keys, D),
  [`${prefix}layers.0.mlp.gate_proj.weight`]: tensor(2 * D, D),
  [`${prefix}layers.0.mlp.up_proj.weight`]: tensor(2 * D, D),
  [`${prefix}layers.0.mlp.down_proj.weight`]: tensor(D, 2 * D),
  [`${prefix}layers.0.input_layernorm.weight`]: vector,
  [`${prefix}norm.weight`]: vector,
  'lm_head.weight': tensor(V, D),
});

const gpt2 = (block = 'transformer.h.0') => ({
  'transformer.wte.weight': tensor(V, D),
  'transformer.wpe.weight': tensor(16, D),
  [`${block}.attn.c_attn.weight`]: tensor(D, 3 * D),
  [`${block}.attn.c_attn.bias`]: tensor(3 * D),
  [`${block}.attn.c_proj.weight`]: tensor(D, D),
  [`${block}.attn.c_proj.bias`]: vector,
  [`${block}.mlp.c_fc.weight`]: tensor(D, 4 * D),
  [`${block}.mlp.c_fc.bias`]: tensor(4 * D),
  [`${block}.mlp.c_proj.weight`]: tensor(4 * D, D),
  [`${block}.mlp.c_proj.bias`]: vector,
  ...norms(`${block}.ln_1`, `${block}.ln_2`, 'transformer.ln_f'),
});

const mixer = (prefix: string) => ({
  [`${prefix}.in_proj.weight`]: tensor(4 * D, D),
  [`${prefix}.conv1d.weight`]: tensor(2 * D, 1, 4),
  [`${prefix}.conv1d.bias`]: tensor(2 * D),
  [`${prefix}.x_proj.weight`]: tensor(9, 2 * D),
  [`${prefix}.dt_proj.weight`]: tensor(2 * D, 1),
  [`${prefix}.dt_proj.bias`]: tensor(2 * D),
  [`${prefix}.A_log`]: tensor(2 * D, 4),
  [`${prefix}.D`]: tensor(2 * D),
  [`${prefix}.out_proj.weight`]: tensor(D, 2 * D),
});

const without = (tensors: Readonly<Record<string, Tensor>>, pattern: RegExp) =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !pattern.test(name)));

interface Case {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly says?: string;
  readonly sentence: RegExp;
}

const isOther = /type Llama, Mistral.*self_attn.*Save it as ONNX/;
const cases: Readonly<Record<string, Case>> = {
  'Llama, heads not grouped': { tensors: rope('model.', D), sentence: isOther },
  'Llama, heads grouped': { tensors: rope('model.', D / 2), sentence: /grouped attention/ },
  'Llama without its head’s module': { tensors: rope('', D), sentence: isOther },
  'Llama by its config.json': {
    tensors: rope('model.', D),
    config: { model_type: 'llama' },
    sentence: /type llama/,
  },
  OPT: {
    tensors: {
      'model.decoder.embed_tokens.weight': tensor(V, D),
      'model.decoder.embed_positions.weight': tensor(18, D),
      ...squares('model.decoder.layers.0.self_attn.q_proj', 'model.decoder.layers.0.self_attn.k_proj'),
      'model.decoder.layers.0.fc1.weight': tensor(4 * D, D),
    },
    sentence: /type OPT/,
  },
  'GPT-Neo': {
    tensors: {
      'transformer.wte.weight': tensor(V, D),
      'transformer.wpe.weight': tensor(16, D),
      ...squares('transformer.h.0.attn.attention.k_proj', 'transformer.h.0.attn.attention.out_proj'),
      ...norms('transformer.h.0.ln_1', 'transformer.ln_f'),
    },
    sentence: /type GPT-Neo:/,
  },
  'GPT-J': {
    tensors: { 'transformer.wte.weight': tensor(V, D), ...squares('transformer.h.0.attn.k_proj') },
    sentence: /type GPT-J/,
  },
  'GPT-NeoX': {
    tensors: {
      'gpt_neox.embed_in.weight': tensor(V, D),
      'gpt_neox.layers.0.attention.query_key_value.weight': tensor(3 * D, D),
    },
    sentence: /type GPT-NeoX/,
  },
  BLOOM: {
    tensors: {
      'transformer.word_embeddings.weight': tensor(V, D),
      'transformer.h.0.self_attention.query_key_value.weight': tensor(3 * D, D),
    },
    sentence: /type BLOOM/,
  },
  'StarCoder, one key for all heads': {
    tensors: { ...gpt2(), 'transformer.h.0.attn.c_attn.weight': tensor(12, D) },
    says: 'heads=2',
    sentence: /grouped attention/,
  },
  'StarCoder by its config.json': {
    tensors: gpt2(),
    config: { model_type: 'gpt_bigcode', n_head: 2 },
    sentence: /gpt_bigcode/,
  },
  'GPT-1': {
    tensors: {
      ...without(gpt2('h.0'), /wte|wpe|ln_f/),
      'tokens_embed.weight': tensor(V, D),
      'positions_embed.weight': tensor(16, D),
    },
    says: 'heads=2',
    sentence: /type GPT-1/,
  },
  Qwen: {
    tensors: {
      ...without(gpt2(), /mlp\.c_fc|wpe|ln_.*bias/),
      'transformer.h.0.mlp.w1.weight': tensor(2 * D, D),
      'transformer.h.0.mlp.w2.weight': tensor(2 * D, D),
    },
    says: 'heads=2,positions=rotary',
    sentence: /type Qwen/,
  },
  ImageGPT: {
    tensors: without(gpt2(), /ln_.*bias/),
    says: 'heads=2,gelu=exact',
    sentence: /LayerNorms or RMSNorms.*norms=layerNorm or norms=rmsNorm/,
  },
  'a parallel residual connection': {
    tensors: without(gpt2(), /ln_2/),
    says: 'heads=2',
    sentence: /lacks the tensor transformer\.h\.0\.ln_2/,
  },
  'norms of queries and keys': {
    tensors: { ...gpt2(), 'transformer.h.0.attn.q_norm.weight': tensor(4) },
    says: 'heads=2',
    sentence: /q_norm\.weight/,
  },
  'a gated MLP': {
    tensors: { ...gpt2(), 'transformer.h.0.mlp.c_gate.weight': tensor(D, 4 * D) },
    says: 'heads=2',
    sentence: /c_gate\.weight/,
  },
  'attention to the last steps alone': {
    tensors: gpt2(),
    config: { n_head: 2, sliding_window: 8 },
    sentence: /sliding_window = 8/,
  },
  'another base of the rotation': {
    tensors: without(gpt2(), /wpe/),
    config: { n_head: 2, positions: 'rotary', rope_theta: 500000 },
    sentence: /rope_theta = 500000/,
  },
  'nn.TransformerEncoder': {
    tensors: {
      'embed.weight': tensor(V, D),
      'encoder.layers.0.self_attn.in_proj_weight': tensor(3 * D, D),
      'encoder.layers.0.self_attn.out_proj.weight': tensor(D, D),
    },
    sentence: /nn\.MultiheadAttention/,
  },
  'FalconMamba by its config.json': {
    tensors: { 'backbone.embeddings.weight': tensor(V, D), ...mixer('backbone.layers.0.mixer') },
    config: { model_type: 'falcon_mamba' },
    sentence: /falcon_mamba/,
  },
  'FalconMamba by its tensors alone': {
    tensors: { 'backbone.embeddings.weight': tensor(V, D), ...mixer('backbone.layers.0.mixer') },
    sentence: /mamba, falcon_mamba.*type=mamba/,
  },
  'Mamba-2 by its tensors': {
    tensors: {
      'backbone.embeddings.weight': tensor(V, D),
      'backbone.layers.0.mixer.A_log': tensor(4),
      'backbone.layers.0.mixer.D': tensor(4),
      'backbone.layers.0.mixer.dt_bias': tensor(4),
      'backbone.layers.0.mixer.norm.weight': tensor(2 * D),
    },
    sentence: /Mamba-2/,
  },
  'Mamba with norms of B, C and Δ': {
    tensors: {
      'embedding.weight': tensor(V, D),
      ...mixer('layers.0.mixer'),
      'layers.0.norm.weight': vector,
      'layers.0.mixer.B_layernorm.weight': tensor(4),
      'norm_f.weight': vector,
    },
    sentence: /B_layernorm\.weight/,
  },
  Jamba: {
    tensors: { 'model.embed_tokens.weight': tensor(V, D), ...mixer('model.layers.0.mamba') },
    sentence: /type Jamba, Zamba/,
  },
  Zamba2: {
    tensors: { 'model.embed_tokens.weight': tensor(V, D), ...mixer('model.layers.0.mamba_decoder.mamba') },
    sentence: /type Jamba, Zamba/,
  },
  'Mamba in two directions': {
    tensors: {
      'caduceus.backbone.embeddings.weight': tensor(V, D),
      ...mixer('backbone.layers.0.mixer.submodule.mamba_fwd'),
    },
    sentence: /type Caduceus/,
  },
  'Mamba between layers of attention': {
    tensors: {
      'backbone.embedding.weight': tensor(V, D),
      ...mixer('backbone.layers.0.mixer'),
      'backbone.layers.1.mixer.in_proj.weight': tensor(3 * D, D),
    },
    sentence: /another form \(backbone\.layers\.1\.mixer\.in_proj\.weight\)/,
  },
  RWKV: {
    tensors: { 'rwkv.embeddings.weight': tensor(V, D), 'rwkv.blocks.0.attention.time_decay': vector },
    sentence: /type RWKV/,
  },
};

describe('weights of other models', () => {
  for (const [name, { tensors, config = null, says = null, sentence }] of Object.entries(cases))
    it(name, () => {
      const bytes = encodeSafetensors(new Map(Object.entries(tensors)), {});
      let thrown: unknown;
      try {
        readTorchWeights(bytes, 'model.safetensors', { activation: null, tensors: says, config });
      } catch (error) {
        thrown = error;
      }
      assert.ok(thrown instanceof UserError, `it was read, or failed: ${String(thrown)}`);
      assert.match(thrown.message, sentence);
    });

  it('GPT-2 itself, as these are made, is read', () => {
    const bytes = encodeSafetensors(new Map(Object.entries(gpt2())), {});
    const read = (config: Readonly<Record<string, unknown>>, tensors = '') =>
      readTorchWeights(bytes, 'model.safetensors', { activation: null, tensors, config });
    assert.equal(read({ model_type: 'gpt2', n_head: 2 }).model.layers.length, 1);
    for (const [key, value] of Object.entries({
      n_embd: 16,
      n_layer: 2,
      n_inner: 16,
      vocab_size: 50257,
      n_positions: 1024,
    }))
      assert.throws(() => read({ n_head: 2, [key]: value }), new RegExp(`another model: it says ${key} = ${value}`));
    assert.throws(() => read({ n_head: 3 }), /3 heads|heads/);
    assert.throws(() => read({ n_head: 2, tie_word_embeddings: false }), /lm_head\.weight/);
  });

  it('GPT-2 is not read where a person says what cannot be so', () => {
    const bytes = encodeSafetensors(new Map(Object.entries(gpt2())), {});
    for (const said of [
      'heads=2,positions=rotary',
      'heads=2,context=8',
      'heads=2,biases=false',
      'heads=2,gelu=relu',
      'heads=2,norms=batchNorm',
      'heads=2,other=3',
      'heads=two',
      'heads=2,stateSize=4',
    ])
      assert.throws(
        () => readTorchWeights(bytes, 'model.safetensors', { activation: null, tensors: said }),
        /of which “.*” cannot be so/,
        said,
      );
    const said = 'heads=2,positions=learned,context=16,biases=true,gelu=tanh,norms=layerNorm,type=gpt2';
    assert.ok(readTorchWeights(bytes, 'model.safetensors', { activation: null, tensors: said }).model);
  });

  it('GPT-2 without a bias that its other layers have is not whole', () => {
    const two = { ...gpt2(), ...gpt2('transformer.h.1') };
    for (const lost of ['transformer.h.1.attn.c_attn.bias', 'transformer.h.0.ln_2.bias', 'transformer.ln_f.bias']) {
      const bytes = encodeSafetensors(new Map(Object.entries(two).filter(([name]) => name !== lost)), {});
      assert.throws(
        () => readTorchWeights(bytes, 'model.safetensors', { activation: null, tensors: 'heads=2' }),
        new RegExp(`lacks the tensor ${lost}`),
      );
    }
  });
});
