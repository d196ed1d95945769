"""The gradient of each target's loss by what the lowest layer reads, one backward pass a target: what the matrix of the lowest boundary costs without Backflow."""
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """x + attention(LN x), then x + MLP(LN x); causal, with the library's fused attention where it has one."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(0, 1) for part in self.qkv(self.norms[0](x)).chunk(3, -1))
        x = x + self.output(attention(q, k, v).transpose(0, 1).flatten(1))
        return x + self.mlp(self.norms[1](x))


def attention(q, k, v):
    """Heads x T x d each."""
    if hasattr(F, 'scaled_dot_product_attention'):
        return F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, float('-inf')).softmax(-1) @ v


class Passes:
    """A text that has been read once; every step is one target's backward pass, and the norms of its rows."""

    optimizer_name = None

    def __init__(self, column, precision, hidden, layers, heads, window, vocabulary):
        torch.manual_seed(1)
        dtype = getattr(torch, precision)
        embedding = nn.Embedding(vocabulary, hidden).to(dtype)
        blocks = nn.Sequential(*(Block(hidden, heads) for _ in range(layers)), nn.LayerNorm(hidden)).to(dtype)
        # Only what the matrix shows: no weight gets a gradient.
        for parameter in [*embedding.parameters(), *blocks.parameters()]:
            parameter.requires_grad_(False)
        ids = torch.randint(vocabulary, (window + 1,))
        self.window, self.target = window, 0
        self.x = embedding(ids[:-1]).requires_grad_(True)
        self.losses = F.cross_entropy(blocks(self.x) @ embedding.weight.T, ids[1:], reduction='none')

    def run(self, steps):
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(steps):
            gradient, = torch.autograd.grad(self.losses[self.target], self.x, retain_graph=True)
            gradient.norm(dim=-1)
            self.target = (self.target + 1) % self.window
        return {'seconds': time.perf_counter() - start, 'processor': time.process_time() - processor}
