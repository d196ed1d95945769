"""A GPT-2-like character model in PyTorch as people write it: fused attention, LayerNorm before both parts of a block, exact GELU, learned positions, tied output."""
import math

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """x + W_o attention(norm x), then x + W_2 gelu(W_1 norm x); x is B x T x D."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 4 * width)
        self.outer = nn.Linear(4 * width, width)

    def forward(self, x):
        batch, steps, width = x.shape
        by_head = (batch, steps, self.heads, width // self.heads)
        q, k, v = (part.view(by_head).transpose(1, 2) for part in self.qkv(self.norm(x)).split(width, -1))
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(seen.transpose(1, 2).reshape(x.shape))
        return x + self.outer(functional.gelu(self.inner(self.mlp_norm(x))))


class Attention(nn.Module):
    """Its forward gives logits, T x B x V."""

    def __init__(self, _cell, vocabulary, hidden, layers, heads, context):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden)
        self.positions = nn.Embedding(context, hidden)
        self.blocks = nn.ModuleList(Block(hidden, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(hidden)
        self.output = nn.Linear(hidden, vocabulary)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                ends_a_part = name.endswith(('projection.weight', 'outer.weight'))
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if ends_a_part else 0.02)
        self.output.weight = self.embedding.weight

    def forward(self, inputs):
        """Inputs T x B x V, one-hot."""
        ids = inputs.argmax(-1).T
        x = self.embedding(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.output(self.norm(x)).transpose(0, 1)

    def after_backward(self):
        return None
