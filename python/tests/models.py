"""Small models as people write them, and a training loop."""

from __future__ import annotations

import torch
from torch import nn

V = 11


class CharModel(nn.Module):
    def __init__(self, kind="LSTM", layers=1, hidden=6, embedding=4, head=True, **settings):
        super().__init__()
        self.embedding = nn.Embedding(V, embedding)
        self.rnn = getattr(nn, kind)(embedding, hidden, layers, **settings)
        width = (settings.get("proj_size") or hidden) * (2 if settings.get("bidirectional") else 1)
        self.output = nn.Linear(width, V) if head else nn.Identity()

    def forward(self, ids):
        return self.output(self.rnn(self.embedding(ids))[0])


class CellModel(nn.Module):
    def __init__(self, kind="LSTMCell", hidden=6):
        super().__init__()
        self.embedding = nn.Embedding(V, 4)
        self.cell = getattr(nn, kind)(4, hidden)
        self.output = nn.Linear(hidden, V)

    def forward(self, ids):  # [T, B]
        state, outs = None, []
        for x in self.embedding(ids):
            state = self.cell(x, state)
            outs.append(state[0] if isinstance(state, tuple) else state)
        return self.output(torch.stack(outs))


def data(steps=12, batch=3, batch_first=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(V, (steps + 1, batch), generator=generator)
    ids = ids.T.contiguous() if batch_first else ids
    return (ids[:, :-1].clone(), ids[:, 1:].clone()) if batch_first else (ids[:-1].clone(), ids[1:].clone())


def loss_of(model, ids, targets):
    return nn.functional.cross_entropy(model(ids).reshape(-1, V), targets.reshape(-1))
