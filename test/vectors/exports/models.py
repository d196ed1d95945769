"""Language models as people write them, in PyTorch 1.13 and later. In float64 they are also what the exports of every other framework are measured against.

Each reads ids [B, T], embeds them (`embed`), computes scores [B, T, V] from the embedded tokens (`after`), and keeps the series that a person may look at
where a `trace` is handed in: lists of tensors by step, or one tensor with a time axis.
"""
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from texts import V

E = 5
H = 6


def fill(module, seed, scale=0.6):
    """Weights from NumPy's generator, in the order of their names: the same in every version of PyTorch, and exact in float32."""
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for name, parameter in sorted(module.named_parameters()):
            values = np.round(random.uniform(-scale, scale, tuple(parameter.shape)) * 1024) / 1024
            if 'norm' in name and name.endswith('weight'):
                values = 1 + values / 2
            parameter.copy_(torch.tensor(values))
    return module.eval()


class LanguageModel(nn.Module):
    def __init__(self, width=E):
        super().__init__()
        self.embedding = nn.Embedding(V, width)

    def embed(self, ids):
        return self.embedding(ids)

    def forward(self, ids):
        return self.after(self.embed(ids), None)


def keep(trace, name, value):
    if trace is not None:
        trace.setdefault(name, []).append(value)


class Operator(LanguageModel):
    """nn.RNN, nn.LSTM, nn.GRU."""
    def __init__(self, kind, bidirectional=False):
        super().__init__()
        self.kind = kind
        self.rnn = {'rnn': nn.RNN, 'lstm': nn.LSTM, 'gru': nn.GRU}[kind](E, H, batch_first=True, bidirectional=bidirectional)
        self.output = nn.Linear(H * (2 if bidirectional else 1), V)

    def after(self, x, trace):
        if trace is None:
            return self.output(self.rnn(x)[0])
        # The same, step by step.
        cell = {'rnn': nn.RNNCell, 'lstm': nn.LSTMCell, 'gru': nn.GRUCell}[self.kind](E, H).to(x.dtype)
        cell.load_state_dict({name[:-3]: value for name, value in self.rnn.state_dict().items()})
        return self.output(over_time(self.kind, cell, x, trace))


def over_time(kind, cell, x, trace):
    h = x.new_zeros(x.shape[0], H)
    c = x.new_zeros(x.shape[0], H)
    states = []
    for t in range(x.shape[1]):
        if kind == 'lstm':
            h, c = cell(x[:, t], (h, c))
            keep(trace, 'c', c)
        else:
            h = cell(x[:, t], h)
        keep(trace, 'h', h)
        states.append(h)
    return torch.stack(states, 1)


class CellLoop(LanguageModel):
    """nn.RNNCell, nn.LSTMCell or nn.GRUCell in a Python loop."""
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.cell = {'rnn': nn.RNNCell, 'lstm': nn.LSTMCell, 'gru': nn.GRUCell}[kind](E, H)
        self.output = nn.Linear(H, V)

    def after(self, x, trace):
        return self.output(over_time(self.kind, self.cell, x, trace))


class Matrices(LanguageModel):
    """h = tanh(x W + h R + b), by hand."""
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.zeros(E, H))
        self.R = nn.Parameter(torch.zeros(H, H))
        self.b = nn.Parameter(torch.zeros(H))
        self.output = nn.Linear(H, V)

    def after(self, x, trace):
        h = torch.zeros(x.shape[0], H, dtype=x.dtype)
        scores = []
        for t in range(x.shape[1]):
            h = torch.tanh(x[:, t] @ self.W + h @ self.R + self.b)
            keep(trace, 'h', h)
            scores.append(self.output(h))
        return torch.stack(scores, 1)


class Scripted(LanguageModel):
    """The same with the loop kept: for torch.jit.script."""
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.zeros(E, H))
        self.R = nn.Parameter(torch.zeros(H, H))
        self.b = nn.Parameter(torch.zeros(H))
        self.output = nn.Linear(H, V)

    def forward(self, ids):
        x = self.embedding(ids)
        h = torch.zeros(x.shape[0], self.R.shape[0], dtype=x.dtype)
        states = []
        for t in range(x.shape[1]):
            h = torch.tanh(x[:, t] @ self.W + h @ self.R + self.b)
            states.append(h)
        return self.output(torch.stack(states, 1))


class Step(LanguageModel):
    """One token a call, as in the tutorial of names: i2h and i2o read token and state side by side."""
    def __init__(self):
        super().__init__()
        self.i2h = nn.Linear(E + H, H)
        self.h2o = nn.Linear(H, V)

    def step(self, x, h):
        h = torch.tanh(self.i2h(torch.cat((x, h), 1)))
        return self.h2o(h), h

    def after(self, x, trace):
        h = x.new_zeros(x.shape[0], H)
        scores = []
        for t in range(x.shape[1]):
            score, h = self.step(x[:, t], h)
            keep(trace, 'h', h)
            scores.append(score)
        return torch.stack(scores, 1)


class OneToken(nn.Module):
    """ids [1], state [1, H] → scores [1, V], state."""
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, token, hidden):
        return self.model.step(self.model.embed(token), hidden)


D = 8
HEADS = 2
CONTEXT = 32


class Block(nn.Module):
    """GPT-2's: attention and a feed-forward layer, each behind a LayerNorm and added to the residual stream."""
    def __init__(self, attention, approximate):
        super().__init__()
        self.norm1 = nn.LayerNorm(D)
        self.attn = nn.Linear(D, 3 * D)
        self.proj = nn.Linear(D, D)
        self.norm2 = nn.LayerNorm(D)
        self.up = nn.Linear(D, 4 * D)
        self.down = nn.Linear(4 * D, D)
        self.attention = attention
        self.approximate = approximate

    def forward(self, x):
        B, T, _ = x.shape
        q, k, v = (part.reshape(B, T, HEADS, D // HEADS).transpose(1, 2) for part in self.attn(self.norm1(x)).split(D, dim=2))
        if self.attention == 'sdpa':
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(D // HEADS)
            mask = torch.tril(torch.ones(CONTEXT, CONTEXT))[:T, :T]
            y = F.softmax(scores.masked_fill(mask == 0, float('-inf')), dim=-1) @ v
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, D))
        hidden = self.up(self.norm2(x))
        hidden = F.gelu(hidden) if self.approximate == 'none' else new_gelu(hidden)
        return x + self.down(hidden)


def new_gelu(x):
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class Gpt(LanguageModel):
    def __init__(self, attention='matmul', approximate='none', layers=2):
        super().__init__(D)
        self.positions = nn.Embedding(CONTEXT, D)
        self.blocks = nn.ModuleList([Block(attention, approximate) for _ in range(layers)])
        self.norm = nn.LayerNorm(D)
        self.output = nn.Linear(D, V, bias=False)

    def after(self, x, trace):
        x = x + self.positions(torch.arange(x.shape[1]))
        for layer, block in enumerate(self.blocks):
            x = block(x)
            keep(trace, f'residual {layer}', x)
        return self.output(self.norm(x))


class RmsNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(D))

    def forward(self, x):
        if hasattr(F, 'rms_norm'):
            return F.rms_norm(x, (D,), self.weight, 1e-6)
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class LlamaBlock(nn.Module):
    """Rotary positions, one head of keys and values for two of queries, SwiGLU."""
    def __init__(self):
        super().__init__()
        self.norm1 = RmsNorm()
        self.q = nn.Linear(D, D, bias=False)
        self.k = nn.Linear(D, D // 2, bias=False)
        self.v = nn.Linear(D, D // 2, bias=False)
        self.o = nn.Linear(D, D, bias=False)
        self.norm2 = RmsNorm()
        self.gate = nn.Linear(D, 2 * D, bias=False)
        self.up = nn.Linear(D, 2 * D, bias=False)
        self.down = nn.Linear(2 * D, D, bias=False)

    def forward(self, x, cos, sin):
        B, T, _ = x.shape
        size = D // HEADS
        y = self.norm1(x)
        q = rotate(self.q(y).reshape(B, T, HEADS, size).transpose(1, 2), cos, sin)
        k = rotate(self.k(y).reshape(B, T, HEADS // 2, size).transpose(1, 2), cos, sin)
        v = self.v(y).reshape(B, T, HEADS // 2, size).transpose(1, 2)
        k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).reshape(B, T, D))
        y = self.norm2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


class Llama(LanguageModel):
    def __init__(self, layers=1):
        super().__init__(D)
        self.blocks = nn.ModuleList([LlamaBlock() for _ in range(layers)])
        self.norm = RmsNorm()
        self.output = nn.Linear(D, V, bias=False)

    def after(self, x, trace):
        size = D // HEADS
        rates = 10000.0 ** (-torch.arange(0, size, 2, dtype=x.dtype) / size)
        angles = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * rates
        angles = torch.cat((angles, angles), -1)
        for layer, block in enumerate(self.blocks):
            x = block(x, angles.cos(), angles.sin())
            keep(trace, f'residual {layer}', x)
        return self.output(self.norm(x))


class StateSpace(LanguageModel):
    """A selective state-space model: h = exp(Δ A) ⊙ h + Δ u Bᵀ, y = h C + D ⊙ u, behind a causal convolution and beside a gate."""
    def __init__(self):
        super().__init__(4)
        self.inner, self.states = 6, 3
        self.into = nn.Linear(4, 2 * self.inner, bias=False)
        self.conv = nn.Conv1d(self.inner, self.inner, 4, groups=self.inner, padding=3)
        self.select = nn.Linear(self.inner, 1 + 2 * self.states, bias=False)
        self.step = nn.Linear(1, self.inner)
        self.A_log = nn.Parameter(torch.zeros(self.inner, self.states))
        self.skip = nn.Parameter(torch.zeros(self.inner))
        self.out = nn.Linear(self.inner, 4, bias=False)
        self.output = nn.Linear(4, V)

    def after(self, x, trace):
        T = x.shape[1]
        u, z = self.into(x).chunk(2, -1)
        u = F.silu(self.conv(u.transpose(1, 2))[..., :T].transpose(1, 2))
        step, B, C = self.select(u).split([1, self.states, self.states], -1)
        step = F.softplus(self.step(step))
        A = -torch.exp(self.A_log)
        h = x.new_zeros(x.shape[0], self.inner, self.states)
        y = []
        for t in range(T):
            h = torch.exp(step[:, t, :, None] * A) * h + (step[:, t] * u[:, t])[..., None] * B[:, t, None]
            keep(trace, 'h', h)
            y.append((h * C[:, t, None]).sum(-1) + self.skip * u[:, t])
        y = torch.stack(y, 1) * F.silu(z)
        return self.output(x + self.out(y))


class TorchLayer(LanguageModel):
    """nn.TransformerEncoderLayer with a causal mask."""
    def __init__(self):
        super().__init__(D)
        self.layer = nn.TransformerEncoderLayer(D, HEADS, 2 * D, dropout=0.0, batch_first=True)
        self.output = nn.Linear(D, V)

    def after(self, x, trace):
        T = x.shape[1]
        mask = torch.full((T, T), float('-inf'), dtype=x.dtype).triu(1)
        return self.output(self.layer(x, src_mask=mask))


# By name: how they are made, the seed of their weights, and tokens of the text (one more than there are steps).
MODELS = {
    'rnn': (lambda: Operator('rnn'), 51, 13),
    'lstm': (lambda: Operator('lstm'), 52, 13),
    'gru': (lambda: Operator('gru'), 53, 13),
    'rnncell': (lambda: CellLoop('rnn'), 54, 13),
    'lstmcell': (lambda: CellLoop('lstm'), 55, 13),
    'grucell': (lambda: CellLoop('gru'), 56, 13),
    'matrices': (Matrices, 57, 13),
    'step': (Step, 58, 13),
    'gpt': (Gpt, 59, 13),
    'gpt-sdpa': (lambda: Gpt('sdpa', 'tanh', 1), 60, 13),
    'llama': (Llama, 61, 13),
    'ssm': (StateSpace, 62, 13),
    'encoder': (TorchLayer, 63, 13),
}


def made(name):
    make, seed, _ = MODELS[name]
    return fill(make(), seed)
