#!/usr/bin/env python3
"""Writes data/mamba/published: models as `transformers` saves them, and what it computes of a text:  PYTHON test/vectors/mamba_weights.py (transformers 5.24, PyTorch 2.15)"""
import json
import pathlib
import sys

import torch
from transformers import Mamba2Config, Mamba2ForCausalLM, MambaConfig, MambaForCausalLM, MambaModel

sys.dont_write_bytecode = True

from check_mamba import float64_everywhere

FOLDER = pathlib.Path(__file__).parent / 'data' / 'mamba' / 'published'
SIZES = {'vocab_size': 6, 'hidden_size': 8, 'num_hidden_layers': 2, 'state_size': 4, 'use_associative_scan': False}
MODELS = {
    'tied': (MambaForCausalLM, MambaConfig(**SIZES)),
    'untied': (MambaForCausalLM, MambaConfig(**{**SIZES, 'hidden_size': 6, 'num_hidden_layers': 1, 'state_size': 3, 'expand': 3}, conv_kernel=3, time_step_rank=2, use_bias=True,
                                             use_conv_bias=False, layer_norm_epsilon=1e-4, tie_word_embeddings=False)),
    'without-head': (MambaModel, MambaConfig(**{**SIZES, 'num_hidden_layers': 1})),
    'second-version': (Mamba2ForCausalLM, Mamba2Config(vocab_size=6, hidden_size=8, num_hidden_layers=1, state_size=4, num_heads=4, head_dim=4, n_groups=1)),
}
IDS = [1, 5, 0, 3, 3, 2, 4, 1, 0, 5, 2, 1, 3, 4]


def losses(model):
    body = model.backbone if hasattr(model, 'backbone') else model
    head = model.lm_head.weight if hasattr(model, 'lm_head') else body.embeddings.weight
    hidden = body(torch.tensor(IDS[:-1])[None], use_cache=False).last_hidden_state[0]
    return torch.nn.functional.cross_entropy(hidden @ head.T, torch.tensor(IDS[1:]), reduction='none')


def main():
    for name, (kind, config) in MODELS.items():
        torch.manual_seed(3)
        model = kind(config).eval()
        folder = FOLDER / name
        model.save_pretrained(folder)
        for extra in folder.glob('generation_config.json'):
            extra.unlink()
    float64_everywhere()
    for name, (kind, config) in MODELS.items():
        if name == 'second-version':
            continue
        config.residual_in_fp32 = False
        model = kind.from_pretrained(FOLDER / name, config=config).double()
        each = losses(model)
        each.mean().backward()
        norms = {own: parameter.grad.norm().item() for own, parameter in model.named_parameters()}
        (FOLDER / name / 'expected.json').write_text(json.dumps({'ids': IDS, 'losses': each.tolist(), 'gradientNorms': norms}, indent=1) + '\n')


if __name__ == '__main__':
    main()
