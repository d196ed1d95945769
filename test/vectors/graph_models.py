"""Models that are no stack of layers, as people export them, and what PyTorch computes of them in float64: data/graphModels.

Run by Debian's Python 3.11 with PyTorch 1.13 and onnx 1.12. The weights in the files are float64, so nothing is rounded in between.
"""
import io
import math
import pathlib
from typing import List

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

from files import DATA, write

FOLDER = pathlib.Path(DATA) / 'graphModels'
V, E, H = 12, 5, 6
IDS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 11, 7, 9, 10, 0, 2]


class Tracked:
    """The states of every step, by name."""

    def __init__(self):
        self.states = {}

    def note(self, name, value):
        if value.requires_grad:
            value.retain_grad()
        self.states.setdefault(name, []).append(value)
        return value


class Cells(nn.Module):
    """nn.LSTMCell and a Python loop: the exporter writes every step out."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.cell = nn.LSTMCell(E, H)
        self.output = nn.Linear(H, V)

    def forward(self, ids, tracked=None):
        h = c = torch.zeros(1, H, dtype=torch.float64)
        out = []
        for t in range(ids.shape[1]):
            x = self.embedding(ids[:, t])
            if tracked:
                tracked.note('embedding', x)
            h, c = self.cell(x, (h, c))
            if tracked:
                h, c = tracked.note('h', h), tracked.note('c', c)
            out.append(self.output(h))
        return torch.stack(out, 1)


class TimeMix(nn.Module):
    """Sums whose decay is per channel, as RWKV has them, into a tensor of zeros: of a longer text, what is exported leaves the later steps at zero."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, H)
        self.receptance, self.key, self.value = (nn.Linear(H, H, bias=False) for _ in range(3))
        self.norm, self.output = nn.LayerNorm(H), nn.Linear(H, V)
        self.decay = nn.Parameter(torch.linspace(-1, 1, H))

    def forward(self, ids, tracked=None):
        note = tracked.note if tracked else lambda name, value: value
        x = note('embedding', self.embedding(ids))
        normed = self.norm(x)
        # Each token is mixed with the one before it, in a text of any length.
        mixed = (normed + F.pad(normed, (0, 0, 1, -1))) / 2
        r, k, v = torch.sigmoid(self.receptance(mixed)), torch.exp(self.key(mixed)), self.value(mixed)
        over = under = torch.zeros(1, H, dtype=x.dtype)
        out = torch.zeros_like(x)
        kept = torch.exp(-torch.exp(self.decay))
        for t in range(ids.shape[1]):
            over = note('over', kept * over + k[:, t] * v[:, t])
            under = note('under', kept * under + k[:, t])
            out[:, t] = over / under
        return self.output(note('residual', x + r * out))


class TwoLayers(nn.Module):
    """Two nn.LSTMCells on each other, as wide as the vocabulary, which is as wide as the text is long."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, V)
        self.lower, self.upper = nn.LSTMCell(V, V), nn.LSTMCell(V, V)
        self.output = nn.Linear(V, V)

    def forward(self, ids, tracked=None):
        note = tracked.note if tracked else lambda name, value: value
        lower = upper = None
        out = []
        for t in range(ids.shape[1]):
            h, c = self.lower(self.embedding(ids[:, t]), lower)
            lower = note('lower h', h), note('lower c', c)
            h, c = self.upper(lower[0], upper)
            upper = note('upper h', h), note('upper c', c)
            out.append(self.output(upper[0]))
        return torch.stack(out, 1)


class Tutorial(nn.Module):
    """i2h and i2o over input and hidden state side by side, of a one-hot token, log-probabilities."""

    def __init__(self):
        super().__init__()
        self.i2h = nn.Linear(V + H, H)
        self.i2o = nn.Linear(V + H, V)

    def step(self, x, h):
        both = torch.cat((x, h), 1)
        return F.log_softmax(self.i2o(both), 1), torch.tanh(self.i2h(both))


class TutorialUnrolled(Tutorial):
    def forward(self, ids, tracked=None):
        h = torch.zeros(1, H, dtype=torch.float64)
        out = []
        for t in range(ids.shape[0]):
            y, h = self.step(F.one_hot(ids[t:t + 1], V).double(), h)
            if tracked:
                h = tracked.note('h', h)
            out.append(y)
        return torch.cat(out)


class TutorialStep(Tutorial):
    """One token a call, one-hot, with the state in and out."""

    def forward(self, x, h):
        return self.step(x, h)

    def whole(self, ids, tracked):
        h = torch.zeros(1, H, dtype=torch.float64)
        out = []
        for t in range(len(ids)):
            y, h = self.step(F.one_hot(ids[t:t + 1], V).double(), h)
            h = tracked.note('h', h)
            out.append(y)
        return torch.cat(out)


class LstmStep(nn.Module):
    """One token a call, an LSTM's two states in and out."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.cell = nn.LSTMCell(E, H)
        self.output = nn.Linear(H, V)

    def forward(self, token, h, c):
        h, c = self.cell(self.embedding(token), (h, c))
        return self.output(h), h, c

    def whole(self, ids, tracked):
        h = c = torch.zeros(1, H, dtype=torch.float64)
        out = []
        for t in range(len(ids)):
            x = tracked.note('embedding', self.embedding(ids[t:t + 1]))
            h, c = self.cell(x, (h, c))
            h, c = tracked.note('h', h), tracked.note('c', c)
            out.append(self.output(h))
        return torch.cat(out)


class UnnamedLstmStep(LstmStep):
    """Its outputs are c, h and the scores: neither order nor names say which is which."""

    def forward(self, token, h, c):
        scores, h, c = super().forward(token, h, c)
        return c, h, scores


class CarryFirst(nn.Module):
    """The state before the token and before the scores, as scans have it, and all of one shape."""

    def __init__(self):
        super().__init__()
        self.read = nn.Linear(V, V)
        self.keep = nn.Linear(V, V, bias=False)
        self.output = nn.Linear(V, V)

    def step(self, carry, x):
        return torch.tanh(self.read(x) + self.keep(carry))

    def forward(self, carry, x):
        carry = self.step(carry, x)
        return carry, self.output(carry)

    def whole(self, ids, tracked):
        h = torch.zeros(1, V, dtype=torch.float64)
        out = []
        for t in range(len(ids)):
            h = tracked.note('h', self.step(h, F.one_hot(ids[t:t + 1], V).double()))
            out.append(self.output(h))
        return torch.cat(out)


class ColumnStep(nn.Module):
    """Matrices times columns: a token is a one-hot column, the answer probabilities."""

    def __init__(self):
        super().__init__()
        matrix = lambda *shape: nn.Parameter(torch.randn(*shape) * 0.4)
        self.Wxh, self.Whh, self.Why, self.bh, self.by = matrix(H, V), matrix(H, H), matrix(V, H), matrix(H, 1), matrix(V, 1)

    def step(self, x, h):
        return torch.tanh(self.Wxh @ x + self.Whh @ h + self.bh)

    def read(self, h):
        scores = torch.exp(self.Why @ h + self.by)
        return scores / torch.sum(scores)

    def forward(self, x, hprev):
        h = self.step(x, hprev)
        return self.read(h), h

    def whole(self, ids, tracked):
        h = torch.zeros(H, 1, dtype=torch.float64)
        out = []
        for t in range(len(ids)):
            # Norms are taken of rows.
            h = tracked.note('h', self.step(F.one_hot(ids[t:t + 1], V).double().T, h).T).T
            out.append(torch.log(self.read(h).T))
        return torch.cat(out)


class Looped(nn.Module):
    """A state-space layer in a scripted loop: h = a h + B x, y = C h + D x, a gate; the exporter writes a Loop."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.decay = nn.Parameter(torch.rand(H))
        self.B = nn.Linear(E, H, bias=False)
        self.gate = nn.Linear(E, H)
        self.output = nn.Linear(H, V)

    def forward(self, ids):
        x = self.embedding(ids)
        inner, gate = self.B(x), torch.sigmoid(self.gate(x))
        h = torch.zeros_like(inner[:, 0])
        out = torch.jit.annotate(List[torch.Tensor], [])
        a = torch.sigmoid(self.decay)
        for t in range(ids.size(1)):
            h = a * h + inner[:, t]
            out.append(h * gate[:, t])
        return self.output(torch.stack(out, 1))

    def whole(self, ids, tracked):
        out = []
        h = torch.zeros(1, H, dtype=torch.float64)
        for t in range(len(ids)):
            x = tracked.note('embedding', self.embedding(ids[t:t + 1]))
            h = tracked.note('h', torch.sigmoid(self.decay) * h + self.B(x))
            out.append(self.output(h * torch.sigmoid(self.gate(x))))
        return torch.cat(out)


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.before, self.behind = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.project = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x, tracked=None):
        batch, time, width = x.shape
        parts = [
            part.view(batch, time, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(self.before(x)).split(width, 2)
        ]
        scores = parts[0] @ parts[1].transpose(-2, -1) / math.sqrt(width // self.heads)
        hidden = torch.triu(torch.ones(time, time, dtype=torch.float64), 1) > 0
        weights = F.softmax(scores.masked_fill(hidden, -math.inf), -1)
        x = x + self.project((weights @ parts[2]).transpose(1, 2).reshape(batch, time, width))
        if tracked:
            tracked.note('residual', x)
        x = x + self.down(F.gelu(self.up(self.behind(x))))
        return tracked.note('residual', x) if tracked else x


class Gpt(nn.Module):
    """Embedding and positions, two blocks of causal attention, a tied output."""

    def __init__(self, width=8):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(V, width), nn.Embedding(16, width)
        self.blocks = nn.ModuleList([Block(width, 2), Block(width, 2)])
        self.norm = nn.LayerNorm(width)

    def forward(self, ids, tracked=None):
        x = self.embedding(ids)
        if tracked:
            tracked.note('embedding', x)
        x = x + self.positions(torch.arange(ids.shape[1]))
        if tracked:
            tracked.note('residual', x)
        for block in self.blocks:
            x = block(x, tracked)
        return F.linear(self.norm(x), self.embedding.weight)


class LastOnly(nn.Module):
    """GELU on the embedding, a GRU, a head of two layers over its last state: probabilities of the next token only."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.rnn = nn.GRU(E, H, batch_first=True)
        self.head = nn.Sequential(nn.Linear(H, 7), nn.ReLU(), nn.Linear(7, V))

    def forward(self, ids):
        states, _ = self.rnn(F.gelu(self.embedding(ids)))
        return F.softmax(self.head(states[:, -1]), -1)

    def whole(self, ids, tracked):
        rnn = self.rnn
        h = torch.zeros(1, H, dtype=torch.float64)
        out = []
        for t in range(len(ids)):
            e = tracked.note('embedding', self.embedding(ids[t:t + 1]))
            a = F.linear(F.gelu(e), rnn.weight_ih_l0, rnn.bias_ih_l0).chunk(3, 1)
            b = F.linear(h, rnn.weight_hh_l0, rnn.bias_hh_l0).chunk(3, 1)
            r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
            n = torch.tanh(a[2] + r * b[2])
            h = tracked.note('h', (1 - z) * n + z * h)
            out.append(self.head(h))
        return torch.cat(out)


def scan_model():
    """A minimal gated unit in a Scan, written by hand: f = σ(W_f x + U_f h + b_f), n = tanh(W_n x + U_n (f h) + b_n), h' = (1 − f) h + f n."""
    generator = torch.Generator().manual_seed(7)
    make = lambda *shape: (torch.randn(*shape, generator=generator, dtype=torch.float64) * 0.5)
    weights = {
        'table': make(V, E), 'Wf': make(E, H), 'Uf': make(H, H), 'bf': make(H), 'Wn': make(E, H), 'Un': make(H, H),
        'bn': make(H), 'Wo': make(H, V),
    }
    double = TensorProto.DOUBLE
    value = lambda name, shape, kind=double: helper.make_tensor_value_info(name, kind, shape)
    node = helper.make_node
    body = helper.make_graph([
        node('MatMul', ['x', 'Wf'], ['xf']), node('MatMul', ['h', 'Uf'], ['hf']), node('Add', ['xf', 'hf'], ['sf']),
        node('Add', ['sf', 'bf'], ['pf']), node('Sigmoid', ['pf'], ['f']), node('Mul', ['f', 'h'], ['fh']),
        node('MatMul', ['x', 'Wn'], ['xn']), node('MatMul', ['fh', 'Un'], ['hn']), node('Add', ['xn', 'hn'], ['sn']),
        node('Add', ['sn', 'bn'], ['pn']), node('Tanh', ['pn'], ['n']), node('Sub', ['n', 'h'], ['d']),
        node('Mul', ['f', 'd'], ['fd']), node('Add', ['h', 'fd'], ['h_next']), node('Identity', ['h_next'], ['y']),
    ], 'step', [value('h', [1, H]), value('x', [1, E])], [value('h_next', [1, H]), value('y', [1, H])])
    graph = helper.make_graph([
        node('Gather', ['table', 'ids'], ['embedded'], axis=0),
        node('Scan', ['h0', 'embedded'], ['h_last', 'states'], body=body, num_scan_inputs=1),
        node('MatMul', ['states', 'Wo'], ['logits']),
    ], 'minimal gated unit', [value('ids', ['time', 1], TensorProto.INT64)], [value('logits', ['time', 1, V])],
        [numpy_helper.from_array(tensor.numpy(), name) for name, tensor in weights.items()]
        + [numpy_helper.from_array(np.zeros((1, H)), 'h0')])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 14)], producer_name='by hand')

    def whole(ids, tracked):
        w = {name: tensor.clone().requires_grad_() for name, tensor in weights.items()}
        h = torch.zeros(1, H, dtype=torch.float64)
        out = []
        for t in range(len(ids)):
            x = tracked.note('embedding', w['table'][ids[t:t + 1]])
            f = torch.sigmoid(x @ w['Wf'] + h @ w['Uf'] + w['bf'])
            n = torch.tanh(x @ w['Wn'] + (f * h) @ w['Un'] + w['bn'])
            h = tracked.note('h', h + f * (n - h))
            out.append(h @ w['Wo'])
        return torch.cat(out)

    return model, whole


def exported(module, arguments, **options):
    buffer = io.BytesIO()
    torch.onnx.export(module, arguments, buffer, opset_version=options.pop('opset', 14), **options)
    return onnx.load_from_string(buffer.getvalue())


def expected(whole, ids):
    """Loss, norms of the states, of ∂L/∂ them and log₁₀ of those of ∂ℓ_τ/∂ them, of the last and a middle τ."""
    tokens = torch.tensor(ids)
    tracked = Tracked()
    logits = whole(tokens[:-1], tracked).reshape(len(ids) - 1, V)
    losses = F.cross_entropy(logits, tokens[1:], reduction='none')
    time = len(losses)
    series = []
    for name, values in tracked.states.items():
        by_step = len(values) == time
        groups = [values] if by_step else [[value] for value in values]
        for group in groups:
            norms = lambda tensors: np.array([float(x) for x in torch.cat([t.reshape(-1, t.shape[-1]) for t in tensors]).norm(dim=1)])
            gradients = lambda loss: [
                torch.zeros_like(v) if g is None else g
                for v, g in zip(group, torch.autograd.grad(loss, group, retain_graph=True, allow_unused=True))
            ]
            logs = lambda target: [
                math.log10(n) if n > 0 and t <= target else None
                for t, n in enumerate(norms(gradients(losses[target])))
            ]
            series.append({
                'name': name, 'norm': norms(group), 'total': norms(gradients(losses.mean())),
                'last': logs(time - 1), 'middle': logs(time // 2),
            })
    return {'ids': ids, 'loss': float(losses.mean()), 'series': series}


def cases():
    doubled = lambda module: module.double().eval()
    whole_of = lambda module: (lambda ids, tracked: module(ids[None], tracked))
    cells = doubled(Cells())
    yield 'lstm-cells', exported(cells, (torch.zeros(1, 9, dtype=torch.int64),), input_names=['ids']), expected(whole_of(cells), IDS[:10])
    # Eight tokens for a graph of nine steps: the rest is padded.
    yield 'lstm-cells-short', None, expected(whole_of(cells), IDS[:9])
    mix = doubled(TimeMix())
    yield 'time-mix', exported(
        mix, (torch.zeros(1, 8, dtype=torch.int64),), input_names=['ids'],
        dynamic_axes={'ids': {0: 'batch', 1: 'time'}}), expected(whole_of(mix), IDS[:9])
    two = doubled(TwoLayers())
    yield 'two-layers', exported(two, (torch.zeros(1, V, dtype=torch.int64),), input_names=['ids']), expected(whole_of(two), IDS[:V + 1])
    tutorial = doubled(TutorialUnrolled())
    yield 'tutorial', exported(tutorial, (torch.zeros(7, dtype=torch.int64),), input_names=['ids']), expected(
        lambda ids, tracked: tutorial(ids, tracked), IDS[:8])
    step = doubled(TutorialStep())
    zeros = lambda *shape: torch.zeros(*shape, dtype=torch.float64)
    yield 'tutorial-step', exported(step, (zeros(1, V), zeros(1, H)), input_names=['x', 'hidden'], output_names=['scores', 'next']), expected(step.whole, IDS)
    lstm = doubled(LstmStep())
    yield 'lstm-step', exported(
        lstm, (torch.zeros(1, dtype=torch.int64), zeros(1, H), zeros(1, H)), input_names=['token', 'h', 'c'],
        output_names=['logits', 'h_out', 'c_out'], dynamic_axes={'token': {0: 'batch'}, 'h': {0: 'batch'}, 'c': {0: 'batch'}},
    ), expected(lstm.whole, IDS)
    looped = doubled(Looped())
    yield 'state-space-loop', exported(
        torch.jit.script(looped), (torch.zeros(1, 8, dtype=torch.int64),), input_names=['ids'],
        dynamic_axes={'ids': {1: 'time'}}), expected(looped.whole, IDS)
    model, whole = scan_model()
    yield 'gated-scan', model, expected(whole, IDS)
    gpt = doubled(Gpt())
    yield 'gpt', exported(
        gpt, (torch.zeros(1, 8, dtype=torch.int64),), input_names=['ids'],
        dynamic_axes={'ids': {0: 'batch', 1: 'time'}}), expected(whole_of(gpt), IDS[:15])
    # The table of positions has sixteen rows, so seventeen inputs are one too many.
    yield 'gpt-cut', None, expected(whole_of(gpt), IDS[:17])
    last = doubled(LastOnly())
    yield 'last-only', exported(
        last, (torch.zeros(1, 8, dtype=torch.int64),), input_names=['ids'],
        dynamic_axes={'ids': {0: 'batch', 1: 'time'}}), expected(last.whole, IDS[:9])
    unnamed = doubled(UnnamedLstmStep())
    yield 'lstm-step-unnamed', exported(
        unnamed, (torch.zeros(1, dtype=torch.int64), zeros(1, H), zeros(1, H)), input_names=['a', 'b', 'd'],
        output_names=['r', 's', 'u']), expected(lambda ids, tracked: unnamed.whole(ids, tracked), IDS)
    carry = doubled(CarryFirst())
    yield 'carry-first', exported(carry, (zeros(1, V), zeros(1, V)), input_names=['arg0', 'arg1'], output_names=['res0', 'res1']), expected(carry.whole, IDS)
    column = doubled(ColumnStep())
    yield 'column-step', exported(column, (zeros(V, 1), zeros(H, 1)), input_names=['x', 'hprev'], output_names=['p', 'h']), expected(column.whole, IDS)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(5)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, model, case in cases():
        if model is not None:
            for each in model.graph.node:
                each.doc_string = ''
            (FOLDER / f'{name}.onnx').write_bytes(model.SerializeToString())
        write(f'graphModels/{name}', case, 15)
        print(name, case['loss'])


if __name__ == '__main__':
    main()
