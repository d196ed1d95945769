#!/usr/bin/env python3
"""Compares mamba.py with `transformers`' own MambaForCausalLM, on its sequential path, in float64:  PYTHON test/vectors/check_mamba.py (transformers 5.24, PyTorch 2.15)"""
import sys

import torch
from torch import nn
from transformers import MambaConfig, MambaForCausalLM
from transformers.models.mamba.modeling_mamba import MambaRMSNorm

sys.dont_write_bytecode = True

from mamba import BASE, EPSILON, ODD, VOCABULARY, draw, losses, read, zero_states

MIXER = {'W_in': 'in_proj.weight', 'b_in': 'in_proj.bias', 'W_conv': 'conv1d.weight', 'b_conv': 'conv1d.bias', 'W_x': 'x_proj.weight', 'W_dt': 'dt_proj.weight',
         'b_dt': 'dt_proj.bias', 'A_log': 'A_log', 'D': 'D', 'W_out': 'out_proj.weight', 'b_out': 'out_proj.bias'}
AROUND = {'embedding': 'backbone.embeddings.weight', 'output.W': 'lm_head.weight', 'finalNorm': 'backbone.norm_f.weight'}


def float64_everywhere():
    """The library computes parts in float32 whatever the model's type is."""
    torch.Tensor.float = lambda self: self.double()
    MambaRMSNorm.forward = lambda self, x: self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.variance_epsilon))


def torch_name(name):
    if name in AROUND:
        return AROUND[name]
    layer, role = name.split('.')
    prefix = f'backbone.layers.{layer[5:]}.'
    return prefix + ('norm.weight' if role == 'norm' else f'mixer.{MIXER[role]}')


def library_model(options, parameters):
    config = MambaConfig(vocab_size=VOCABULARY, hidden_size=options['width'], state_size=options['stateSize'], num_hidden_layers=options['layers'],
                         expand=options['expand'], conv_kernel=options['convolution'], time_step_rank=options['rank'], use_bias=options['biases'],
                         layer_norm_epsilon=EPSILON, residual_in_fp32=False, use_associative_scan=False, tie_word_embeddings=options['tied'], use_cache=False)
    model = MambaForCausalLM(config).double()
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in parameters.items():
            if name != 'output.b':
                own.pop(torch_name(name)).view(value.shape).copy_(value)
    assert not own, own.keys()
    return model


def compare(options):
    parameters = draw(options)
    ids = torch.randint(VOCABULARY, (14,), generator=torch.Generator().manual_seed(1)).tolist()
    scores = read(options, parameters, ids[:-1], zero_states(options))[2]
    ours = torch.stack(losses(scores, ids[1:])).mean()
    model = library_model(options, parameters)
    logits = model(torch.tensor(ids[:-1])[None]).logits[0] + parameters['output.b'].detach()
    theirs = nn.functional.cross_entropy(logits, torch.tensor(ids[1:]))
    theirs.backward()
    names = [name for name in parameters if name != 'output.b']
    found = torch.autograd.grad(ours, [parameters[name] for name in names])
    by_name = dict(model.named_parameters())
    largest = max(float((g.reshape(by_name[torch_name(name)].shape) - by_name[torch_name(name)].grad).abs().max()) for name, g in zip(names, found))
    difference = abs(float((ours - theirs).detach()))
    print(options, 'loss', difference, 'gradients', largest)
    assert difference < 1e-13 and largest < 1e-13


if __name__ == '__main__':
    float64_everywhere()
    for layers in (1, 2, 4):
        compare({**BASE, 'layers': layers})
    compare({**ODD, 'layers': 2})
