#!/usr/bin/env python3
"""GPT-2 as `transformers` saves it, and what it computes in float64:  PYTHON test/vectors/gpt2_weights.py  (transformers 5.24, PyTorch 2.15)

Writes data/gptWeights/default, with the library's own activation (gelu_new), and data/gptWeights/sharded, in several files, with another epsilon.
"""
import json
import pathlib

import torch
from transformers import GPT2Config, GPT2LMHeadModel

FOLDER = pathlib.Path(__file__).parent / 'data' / 'gptWeights'
SIZES = {'vocab_size': 7, 'n_embd': 8, 'n_head': 2, 'n_layer': 2, 'n_positions': 16, 'bos_token_id': 0, 'eos_token_id': 0}
MODELS = {'default': ({}, {}), 'sharded': ({'activation_function': 'gelu', 'layer_norm_epsilon': 1e-3, 'tie_word_embeddings': False}, {'max_shard_size': '4KB'})}
IDS = [3, 1, 4, 1, 5, 2, 6]


def main():
    for name, (differs, saving) in MODELS.items():
        torch.manual_seed(3)
        model = GPT2LMHeadModel(GPT2Config(**SIZES, **differs)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn(parameter.shape) * 0.3)
        model.save_pretrained(FOLDER / name, **saving)
        (FOLDER / name / 'generation_config.json').unlink(missing_ok=True)
        scores = torch.log_softmax(model.double()(torch.tensor([IDS])).logits[0], -1)
        (FOLDER / name / 'expected.json').write_text(json.dumps({'ids': IDS, 'logProbabilities': [[float(f'{x:.12g}') for x in row] for row in scores.tolist()]}) + '\n')


if __name__ == '__main__':
    main()
