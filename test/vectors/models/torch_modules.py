"""Character models as people write them in PyTorch: one class of parameters, and a function for each way of using them."""
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from texts import V
from unrolled import GATES, usual

# PyTorch's gate blocks in ONNX's order.
ORDER = {'rnn': [0], 'gru': [1, 0, 2], 'lstm': [0, 3, 1, 2]}


class CharRnn(nn.Module):
    def __init__(self, cell, activation='tanh', embedding=5, hidden=6, layers=1, bidirectional=False, bias=True, tied=False, norm=False, quirk=None, scale=1.5, seed=1):
        super().__init__()
        self.cell, self.activation, self.layers, self.directions, self.hidden = cell, activation, layers, 2 if bidirectional else 1, hidden
        self.embed = nn.Embedding(V, embedding) if embedding else None
        self.quirk = quirk
        kind = {'rnn': nn.RNN, 'gru': nn.GRU, 'lstm': nn.LSTM}[cell]
        extra = {'nonlinearity': activation} if cell == 'rnn' else {}
        width = self.directions * hidden
        self.rnn = kind(embedding or V, hidden, layers, bias=bias, bidirectional=bidirectional, batch_first=True, **extra)
        self.norm = nn.LayerNorm(width) if norm else None
        self.out = nn.Linear(width, V, bias=bias)
        random = np.random.default_rng(seed)
        with torch.no_grad():
            for name, value in self.named_parameters():
                draw = random.uniform(-1, 1, tuple(value.shape)) * (scale / np.sqrt(hidden) if name.startswith('rnn') else 1)
                value.copy_(torch.from_numpy(draw.astype(np.float32)))
        if tied:
            self.out.weight = self.embed.weight
        self.tied = tied
        self.eval()

    def zero_state(self, batch):
        # Not one tensor twice: an exporter would take two inputs for one.
        zero = lambda: torch.zeros(self.layers * self.directions, batch, self.hidden)
        return (zero(), zero()) if self.cell == 'lstm' else zero()

    def top(self, y):
        scores = self.out(y if self.norm is None else self.norm(y))
        return scores / 0.8 if self.quirk == 'temperature' else scores

    def x(self, ids):
        x = F.one_hot(ids, V).float() if self.embed is None else self.embed(ids)
        if self.quirk == 'nonlinear':
            return torch.tanh(x)
        return x * 5 ** 0.5 if self.quirk == 'scaled' else x


def model_of(module, **others):
    """As unrolled.py knows it."""
    rows = lambda value: np.concatenate([np.split(value.detach().numpy(), GATES[module.cell])[block] for block in ORDER[module.cell]])
    layers = []
    for layer in range(module.layers):
        directions = []
        for direction, suffix in list(zip(('forward', 'backward'), ('', '_reverse')))[:module.directions]:
            of = lambda role: getattr(module.rnn, f'{role}_l{layer}{suffix}', None)
            zero = np.zeros(GATES[module.cell] * module.hidden)
            bias = lambda role: zero if of(role) is None else rows(of(role))
            directions.append({'direction': direction, 'W': rows(of('weight_ih')), 'R': rows(of('weight_hh')), 'Wb': bias('bias_ih'), 'Rb': bias('bias_hh'),
                               'P': None, 'activations': usual(module.cell, module.activation), 'h0': None, 'c0': None})
        layers.append({'cell': module.cell, 'clip': None, 'linear_before_reset': True, 'input_forget': False, 'directions': directions})
    number = lambda value: None if value is None else value.detach().numpy()
    norm = module.norm and {'gamma': number(module.norm.weight), 'beta': number(module.norm.bias), 'epsilon': module.norm.eps}
    table = number(module.embed and module.embed.weight)
    if module.quirk == 'nonlinear':
        table = np.tanh(table.astype(np.float64))
    if module.quirk == 'scaled':
        table = table.astype(np.float64) * 5 ** 0.5
    output = {'W': number(module.out.weight), 'b': np.zeros(V) if module.out.bias is None else number(module.out.bias)}
    if module.quirk == 'temperature':
        output = {name: value.astype(np.float64) / 0.8 for name, value in output.items()}
    return {'vocabulary': V, 'embedding': table, 'layers': layers, 'norm': norm, 'output': output, 'tied': module.tied, **others}


class Use(nn.Module):
    """A module used in one way."""

    def __init__(self, module, forward):
        super().__init__()
        self.module, self.use = module, forward

    def forward(self, *inputs):
        return self.use(self.module, *inputs)


def plain(m, ids):
    return m.top(m.rnn(m.x(ids))[0])


def time_first(m, ids):
    m.rnn.batch_first = False
    return m.top(m.rnn(m.x(ids))[0])


def zeros(m, ids):
    y, _ = m.rnn(m.x(ids), m.zero_state(ids.size(0)))
    return m.top(y)


def states(m, ids, *state):
    y, after = m.rnn(m.x(ids), state if m.cell == 'lstm' else state[0])
    return (m.top(y), *(after if m.cell == 'lstm' else (after,)))


def states_out(m, ids):
    y, after = m.rnn(m.x(ids))
    return (m.top(y), *(after if m.cell == 'lstm' else (after,)))


def eye(m, ids):
    y, _ = m.rnn(torch.eye(V)[ids])
    return m.top(y)


def scatter(m, ids):
    rows = torch.zeros(ids.size(0), ids.size(1), V).scatter_(2, ids.unsqueeze(2), 1.0)
    return m.top(m.rnn(rows)[0])


def equal(m, ids):
    return m.top(m.rnn((ids.unsqueeze(-1) == torch.arange(V)).float())[0])


def rows_in(m, x):
    return m.top(m.rnn(x)[0])


def last(m, ids):
    return m.top(m.rnn(m.x(ids))[0][:, -1, :])


def last_hidden(m, ids):
    _, after = m.rnn(m.x(ids))
    return m.top((after[0] if m.cell == 'lstm' else after)[-1])


def log_softmax(m, ids):
    return F.log_softmax(plain(m, ids), dim=-1)


def softmax(m, ids):
    return torch.softmax(plain(m, ids), dim=2)


def flat(m, ids):
    y, _ = m.rnn(m.x(ids))
    return m.top(y.contiguous().view(-1, m.directions * m.hidden))


def channels(m, ids):
    return plain(m, ids).transpose(1, 2)


def permuted(m, ids):
    return m.top(m.rnn(m.x(ids))[0]).permute(1, 0, 2)


def unbatched(m, ids):
    return m.top(m.rnn(m.x(ids))[0])


def one_text(m, ids):
    y, _ = m.rnn(m.x(ids).unsqueeze(0))
    return m.top(y.squeeze(0))


def one_text_zeros(m, ids):
    m.rnn.batch_first = False
    y, _ = m.rnn(m.x(ids).view(len(ids), 1, -1), m.zero_state(1))
    return m.top(y.view(len(ids), -1))


def unsorted(m, ids, lengths):
    return packed(m, ids, lengths, False)


def packed(m, ids, lengths, is_sorted=True):
    y, _ = m.rnn(nn.utils.rnn.pack_padded_sequence(m.x(ids), lengths, batch_first=True, enforce_sorted=is_sorted))
    y, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
    return m.top(y)


def dropout(m, ids):
    x = F.dropout(m.x(ids), 0.3, m.training)
    return m.top(F.dropout(m.rnn(x)[0], 0.3, m.training))


def argmax(m, ids):
    return torch.argmax(plain(m, ids), -1)


def two_outputs(m, ids):
    y, after = m.rnn(m.x(ids))
    return m.top(y), torch.softmax(m.top(y), -1)


def single_step(m, token, *state):
    """PyTorch's classic tutorial: one token a call, the state goes in and comes out."""
    m.rnn.batch_first = False
    y, after = m.rnn(m.x(token).view(1, 1, -1), state if m.cell == 'lstm' else state[0])
    return (m.top(y[0]), *(after if m.cell == 'lstm' else (after,)))
