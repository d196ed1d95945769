"""GPT-2-like weights under the names people have, and what they predict:  PYTHON test/vectors/attention_weights.py

With PyTorch 2.0 or later and safetensors; writes data/gptWeights. Matrices are those of nn.Linear (nanoGPT) or the
transposed ones of Conv1D (transformers' GPT-2). The models are those of attention.py, computed by scaled_dot_product_attention.
"""
import json

import torch
from safetensors.torch import save_file

from attention import CONTEXT, D, DATA, HEADS, USUAL, V, draw_model, run

IDS = [3, 1, 4, 1, 5, 2, 6]
NAMES = {'mha.Wqkv': 'attn.c_attn.weight', 'mha.bqkv': 'attn.c_attn.bias', 'mha.Wo': 'attn.c_proj.weight', 'mha.bo': 'attn.c_proj.bias',
         'mlp.W1': 'mlp.c_fc.weight', 'mlp.b1': 'mlp.c_fc.bias', 'mlp.W2': 'mlp.c_proj.weight', 'mlp.b2': 'mlp.c_proj.bias',
         'mha.gamma': 'ln_1.weight', 'mha.beta': 'ln_1.bias', 'mlp.gamma': 'ln_2.weight', 'mlp.beta': 'ln_2.bias'}
WHOLE = {'embedding': 'wte.weight', 'positions': 'wpe.weight', 'final.gamma': 'ln_f.weight', 'final.beta': 'ln_f.bias'}

# name -> what differs from USUAL; matrices of Conv1D; what is before the names; metadata.
FILES = {
    'linear': ({}, False, 'transformer.', {'n_head': str(HEADS), 'activation_function': 'gelu'}),
    'conv1d': ({'tied': True}, True, 'transformer.', {'n_head': str(HEADS)}),
    'bare-names': ({'tied': True, 'biases': False, 'positions': 'rotary'}, False, '', {}),
}


def torch_name(name, prefix):
    if name == 'output.W':
        return 'lm_head.weight'
    if name in WHOLE:
        return prefix + WHOLE[name]
    layer, role = name.split('.', 1)
    return f'{prefix}h.{layer[5:]}.{NAMES[role]}'


expected = {}
for file, (differs, transposed, prefix, metadata) in FILES.items():
    model = {**USUAL, **differs}
    parameters = draw_model(model)
    # GPT-2 has no bias behind its output.
    parameters['output.b'] = torch.zeros(V)
    state = {}
    for name, values in parameters.items():
        if name == 'output.b':
            continue
        values = values.detach()
        is_product = values.dim() == 2 and name.startswith('layer')
        state[torch_name(name, prefix)] = (values.T if transposed and is_product else values).contiguous().float()
    if transposed:
        for layer in range(model['layers']):
            state[f'{prefix}h.{layer}.attn.bias'] = torch.tril(torch.ones(CONTEXT, CONTEXT))[None, None].contiguous()
    save_file(state, DATA / 'gptWeights' / f'{file}.safetensors', metadata=metadata or None)
    rounded = {name: values.detach().float().double() for name, values in parameters.items()}
    scores = run(model, rounded, torch.tensor(IDS))[1]
    expected[file] = [[float(f'{value:.10e}') for value in row] for row in torch.log_softmax(scores, -1).tolist()]
(DATA / 'gptWeights' / 'expected.json').write_text(json.dumps({'ids': IDS, 'width': D, 'logProbabilities': expected}) + '\n')
