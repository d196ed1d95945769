"""Further models that are no stack of layers, beside those of graph_models.py and run like it: data/graphModels.

Loops whose states are sums that are not needed behind the last step, or are normalized on the way to the next; and classifiers, which are no language
models.
"""
import torch
from torch import nn

from files import write
from graph_models import E, FOLDER, H, IDS, V, expected, exported

STEPS = 7


class DecayedSums(nn.Module):
    """Time mixing as in RWKV: a weighted mean of what was read, its numerator and denominator decaying."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.key, self.value, self.gate = (nn.Linear(E, E, bias=False) for _ in range(3))
        self.decay, self.bonus = nn.Parameter(torch.rand(E)), nn.Parameter(torch.rand(E))
        self.output = nn.Linear(E, V)

    def forward(self, ids, tracked=None):
        note = tracked.note if tracked else lambda name, value: value
        x = note('embedding', self.embedding(ids))
        k, v, r = self.key(x), self.value(x), torch.sigmoid(self.gate(x))
        over = under = torch.zeros_like(x[:, 0])
        out = []
        for t in range(ids.shape[1]):
            now = torch.exp(self.bonus + k[:, t])
            out.append((over + now * v[:, t]) / (under + now))
            factor = torch.exp(-torch.exp(self.decay))
            over = note('numerator', factor * over + torch.exp(k[:, t]) * v[:, t])
            under = note('denominator', factor * under + torch.exp(k[:, t]))
        return self.output(r * torch.stack(out, 1))


class NormedCell(nn.Module):
    """An LSTM cell with layer normalization of both products and of c."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.ih, self.hh = nn.Linear(E, 4 * H, bias=False), nn.Linear(H, 4 * H, bias=False)
        self.norm_ih, self.norm_hh, self.norm_c = nn.LayerNorm(4 * H), nn.LayerNorm(4 * H), nn.LayerNorm(H)
        self.output = nn.Linear(H, V)

    def forward(self, ids, tracked=None):
        note = tracked.note if tracked else lambda name, value: value
        x = note('embedding', self.embedding(ids))
        h = c = torch.zeros(ids.shape[0], H, dtype=torch.float64)
        out = []
        for t in range(ids.shape[1]):
            i, f, o, g = (self.norm_ih(self.ih(x[:, t])) + self.norm_hh(self.hh(h))).chunk(4, 1)
            c = note('c', torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
            h = note('h', torch.sigmoid(o) * torch.tanh(self.norm_c(c)))
            out.append(self.output(h))
        return torch.stack(out, 1)


class Classifier(nn.Module):
    """Three classes of a whole text, or of every token."""

    def __init__(self, of_text):
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(V, E), nn.GRU(E, H, batch_first=True)
        self.output = nn.Linear(H, 3)
        self.of_text = of_text

    def forward(self, ids):
        states = self.rnn(self.embedding(ids))[0]
        return self.output(states.mean(1) if self.of_text else states)


def save(name, model):
    for each in model.graph.node:
        each.doc_string = ''
    (FOLDER / f'{name}.onnx').write_bytes(model.SerializeToString())


def main():
    torch.set_num_threads(1)
    torch.manual_seed(11)
    for name, module in (('decayed-sums', DecayedSums()), ('normed-cell', NormedCell())):
        module = module.double().eval()
        save(name, exported(module, (torch.zeros(1, STEPS, dtype=torch.int64),), input_names=['ids']))
        write(f'graphModels/{name}', expected(lambda ids, tracked: module(ids[None], tracked), IDS[:STEPS + 1]), 15)
    for name, of_text in (('classifier-of-texts', True), ('classifier-of-tokens', False)):
        save(name, exported(
            Classifier(of_text).eval(), (torch.zeros(1, 5, dtype=torch.int64),), input_names=['ids'],
            dynamic_axes={'ids': {1: 'time'}}))


if __name__ == '__main__':
    main()
