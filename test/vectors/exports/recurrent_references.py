"""What those weights come to, in PyTorch's float64."""
import numpy as np
import torch

import files
from models import LanguageModel, keep
from recurrent_weights import H, LENGTH, SEEDS, draw
from reference import of_model
from texts import ids_of


class Plain(LanguageModel):
    """kind: rnn, lstm, gru (reset after the product: two biases) or gru-before (one: their sum); masked: id 0 leaves the state as it is."""
    def __init__(self, kind, masked=False):
        super().__init__()
        self.kind, self.masked = kind, masked
        self.weights = {key: torch.tensor(value.astype(np.float64)) for key, value in draw(kind.split('-')[0]).items()}

    def embed(self, ids):
        self.ids = ids
        return self.weights['embedding'][ids]

    def step(self, x, h, c):
        w = self.weights
        if self.kind == 'rnn':
            return torch.tanh(x @ w['W'] + h @ w['R'] + w['b']), c
        if self.kind == 'lstm':
            i, f, g, o = (x @ w['W'] + h @ w['R'] + w['b']).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(c), c
        # Reset before the product has one bias, here their sum.
        from_x = (x @ w['W'] + (w['b'][0] if self.kind == 'gru' else w['b'].sum(0))).chunk(3, 1)
        if self.kind == 'gru':
            from_h = (h @ w['R'] + w['b'][1]).chunk(3, 1)
            z, r = torch.sigmoid(from_x[0] + from_h[0]), torch.sigmoid(from_x[1] + from_h[1])
            new = torch.tanh(from_x[2] + r * from_h[2])
        else:
            R = w['R'].chunk(3, 1)
            z, r = torch.sigmoid(from_x[0] + h @ R[0]), torch.sigmoid(from_x[1] + h @ R[1])
            new = torch.tanh(from_x[2] + (r * h) @ R[2])
        return z * h + (1 - z) * new, c

    def after(self, x, trace):
        w = self.weights
        # Of the graph, so that masked steps at the beginning have gradients too.
        h = c = x.new_zeros(1, H) + 0 * x.sum()
        scores = []
        for t in range(x.shape[1]):
            if not self.masked or int(self.ids[0, t]) != 0:
                h, c = self.step(x[:, t], h, c)
            else:
                # The same numbers in variables of their own.
                h, c = h * 1, c * 1
            keep(trace, 'h', h)
            # Where steps are masked, h is made of a c that is not yet the one that is carried: no series of one meaning.
            if self.kind == 'lstm' and not self.masked:
                keep(trace, 'c', c)
            scores.append(h @ w['output'] + w['output_b'])
        return torch.stack(scores, 1)


PLAIN = {'plain-rnn': ('rnn', False), 'plain-lstm': ('lstm', False), 'plain-gru': ('gru', False), 'plain-gru-before': ('gru-before', False), 'masked-lstm': ('lstm', True), 'masked-gru': ('gru', True)}


def write_references(digits):
    for name, (kind, masked) in PLAIN.items():
        ids = ids_of(LENGTH, SEEDS[kind.split('-')[0]])
        if masked:
            # Padding in front, as Keras' pad_sequences has it, and inside.
            ids = [0, 0, *[token or 1 for token in ids[2:6]], 0, *[token or 2 for token in ids[7:]]]
        files.write(f'exports/references/{name}', {'ids': ids, **of_model(Plain(kind, masked), ids)}, digits)
        print(name)
