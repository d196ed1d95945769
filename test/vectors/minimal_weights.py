#!/usr/bin/env python3
"""State dicts of minGRU and minLSTM under the names people have, and what they compute:  PYTHON test/vectors/minimal_weights.py

Needs PyTorch, safetensors and minGRU-pytorch 0.2.1, whose modules compute loss and gradients in float64 themselves. Written into data/weights in the form of
weights_vectors.py. `minimal-linears` has the names of the paper's listings, of which the candidate is not known: it is asked about.
"""
import json
import pathlib

import torch
from minGRU_pytorch import minGRU
from minGRU_pytorch.minLSTM import minLSTM
from safetensors.torch import save_file
from torch import nn

FOLDER = pathlib.Path(__file__).parent / 'data' / 'weights'
V, D, T = 9, 5, 24
torch.set_num_threads(1)


class Model(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.embed, self.layers, self.to_logits = nn.Embedding(V, D), nn.ModuleList(layers), nn.Linear(D, V)

    def forward(self, ids):
        x = self.embed(ids)[None]
        for layer in self.layers:
            x = layer(x)
        return self.to_logits(x)[0]


class BothWays(nn.Module):
    """As people build two directions of modules that know one."""

    def __init__(self, size, cell):
        super().__init__()
        self.forward_rnn, self.backward_rnn = cell(size), cell(size)

    def forward(self, x):
        return torch.cat([self.forward_rnn(x), self.backward_rnn(x.flip(1)).flip(1)], -1)


class BothWaysModel(Model):
    def __init__(self):
        super().__init__([BothWays(D, minGRU), BothWays(2 * D, minLSTM)])
        self.to_logits = nn.Linear(4 * D, V)


class Linears(nn.Module):
    """The names of the paper's listings."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            self.add_module(name, nn.Linear(D, D))


def norms_of(model):
    """Ours have a bias, of which the library's have none."""
    found = {'embedding': model.embed.weight.grad.norm(), 'output W': model.to_logits.weight.grad.norm(), 'output b': model.to_logits.bias.grad.norm()}
    for number, layer in enumerate(model.layers):
        ways = {'forward': layer.forward_rnn, 'backward': layer.backward_rnn} if hasattr(layer, 'forward_rnn') else {'forward': layer}
        for way, module in ways.items():
            linear = module.to_hidden_and_gate if hasattr(module, 'to_hidden_and_gate') else module.to_hidden_and_f_i_gate
            found[f'{number} {way} W'] = linear.weight.grad.norm()
    return {name: float(f'{value.item():.12g}') for name, value in found.items()}


def write(name, model, **said):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((parameter * 1.7).float())
    model.double()
    expected = said
    if not said:
        ids = torch.randint(V, (T + 1,), generator=torch.Generator().manual_seed(5))
        loss = nn.functional.cross_entropy(model(ids[:-1]), ids[1:])
        loss.backward()
        expected = {'ids': ids.tolist(), 'loss': float(f'{loss.item():.14g}'), 'norms': norms_of(model)}
    save_file({key: value.contiguous().clone() for key, value in model.float().state_dict().items()}, str(FOLDER / f'{name}.safetensors'))
    (FOLDER / f'{name}.json').write_text(json.dumps(expected, indent=1) + '\n')


def main():
    torch.manual_seed(3)
    write('minimal-gru', Model([minGRU(D), minGRU(D)]))
    write('minimal-lstm', Model([minLSTM(D)]))
    choices = {'choices': ['positive=true', 'positive=false']}
    write('minimal-linears', Model([Linears(['linear_z', 'linear_h']), Linears(['linear_f', 'linear_i', 'linear_h'])]), **choices)
    write('refused-minimal-projection', Model([minGRU(D, expansion_factor=2.)]), refusal='to_out')
    write('minimal-two-directions', BothWaysModel())


if __name__ == '__main__':
    main()
