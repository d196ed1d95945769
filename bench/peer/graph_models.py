"""Models that graph mode opens, exported by the PyTorch that runs this:  PYTHON bench/peer/graph_models.py FOLDER

A GPT-like model D 128, L 4, four heads, of any length and of 256 tokens alone, and an LSTM H 256 with one layer behind it, which is read as a stack, and
with two, which is not. 65 symbols.
"""
import math
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

SYMBOLS, TOKENS, WIDTH, LAYERS, HEADS, UNITS = 65, 256, 128, 4, 4, 256


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.projection = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.register_buffer('mask', torch.tril(torch.ones(TOKENS, TOKENS)).view(1, 1, TOKENS, TOKENS))

    def forward(self, x):
        batch, steps, _ = x.shape
        q, k, v = (
            part.view(batch, steps, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in self.qkv(self.before(x)).split(WIDTH, 2)
        )
        weights = q @ k.transpose(-2, -1) / math.sqrt(WIDTH // HEADS)
        weights = weights.masked_fill(self.mask[:, :, :steps, :steps] == 0, float('-inf')).softmax(-1)
        x = x + self.projection((weights @ v).transpose(1, 2).reshape(batch, steps, WIDTH))
        return x + self.down(F.gelu(self.up(self.between(x))))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(SYMBOLS, WIDTH), nn.Embedding(TOKENS, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, SYMBOLS, bias=False)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class Recurrent(nn.Module):
    def __init__(self, head):
        super().__init__()
        self.tokens, self.layer, self.head = nn.Embedding(SYMBOLS, UNITS), nn.LSTM(UNITS, UNITS, batch_first=True), head

    def forward(self, ids):
        return self.head(self.layer(self.tokens(ids))[0])


def export(model, path, steps, is_fixed=False):
    old = {} if torch.__version__.startswith('1.') else {'dynamo': False}
    torch.onnx.export(
        model.eval(), torch.zeros(1, steps, dtype=torch.long), str(path), input_names=['ids'], output_names=['logits'],
        opset_version=14, dynamic_axes=None if is_fixed else {'ids': {1: 'steps'}, 'logits': {1: 'steps'}}, **old,
    )


if __name__ == '__main__':
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    export(Gpt(), folder / 'gpt.onnx', TOKENS)
    export(Gpt(), folder / 'gpt-fixed.onnx', TOKENS, is_fixed=True)
    export(Recurrent(nn.Linear(UNITS, SYMBOLS)), folder / 'lstm.onnx', 8)
    two = nn.Sequential(nn.Linear(UNITS, UNITS), nn.Tanh(), nn.Linear(UNITS, SYMBOLS))
    export(Recurrent(two), folder / 'lstm-two.onnx', 8)
