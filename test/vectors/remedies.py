#!/usr/bin/env python3
"""Remedies for gradients that vanish, by autograd in PyTorch float64:  /usr/bin/python3 test/vectors/remedies.py  (PyTorch 1.13 or later)

Writes data/remedies.json.
omega     Pascanu's regularizer of vanilla RNNs, and of each layer and direction its gradient by R, h_t and ∂L/∂h_t held: what autograd gives once they are detached.
flossing  the squared Lyapunov exponents of each kind of recurrent layer over a window, and their gradients by all parameters: through torch.linalg.qr, through the
          Jacobians of PyTorch's own cells, which autograd forms whole, and through the states. Blocks in ONNX's gate order.
"""
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True

from cells import TORCH_BLOCK
from files import write

BLOCKS = {'rnn': 1, 'lstm': 4, 'gru': 3, 'minGRU': 2, 'minLSTM': 3}
# The linear layers of these have no bias but one, and nothing reads the state through a matrix.
MINIMAL = ('minGRU', 'minLSTM')
V, T = 5, 9
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def random(generator, *shape, scale=1.0):
    return scale * torch.randn(*shape, generator=generator)


def layer_of(generator, read, hidden, scale, cell='rnn'):
    rows = BLOCKS[cell] * hidden
    if cell in MINIMAL:
        return {'W': random(generator, rows, read, scale=0.8), 'Wb': random(generator, rows, scale=0.3)}
    return {'W': random(generator, rows, read, scale=0.8), 'R': random(generator, rows, hidden, scale=scale / hidden ** 0.5),
            'Wb': random(generator, rows, scale=0.3), 'Rb': random(generator, rows, scale=0.3)}


def step(cell, activation, positive, layer, x, state):
    """The state behind a step: of an LSTM h and c one behind the other."""
    if cell in MINIMAL:
        parts = (layer['W'] @ x + layer['Wb']).chunk(BLOCKS[cell])
        candidate = torch.where(parts[-1] >= 0, parts[-1] + 0.5, torch.sigmoid(parts[-1])) if positive else parts[-1]
        if cell == 'minGRU':
            z = torch.sigmoid(parts[0])
            return (1 - z) * state + z * candidate
        f, i = torch.sigmoid(parts[0]), torch.sigmoid(parts[1])
        return f / (f + i) * state + i / (f + i) * candidate

    def ordered(role):
        blocks = layer[role].chunk(BLOCKS[cell])
        return torch.cat([blocks[TORCH_BLOCK[cell].index(block)] for block in range(len(blocks))])
    weights = [ordered(role) for role in ('W', 'R', 'Wb', 'Rb')]
    if cell == 'lstm':
        h, c = state.chunk(2)
        return torch.cat(torch.lstm_cell(x[None], (h[None], c[None]), *weights), dim=1)[0]
    run = torch.gru_cell if cell == 'gru' else {'tanh': torch.rnn_tanh_cell, 'relu': torch.rnn_relu_cell}[activation]
    return run(x[None], state[None], *weights)[0]


def omega(name, seed, hidden, activation, directions=1, layers=1, truncation=0, streams=2):
    generator = torch.Generator().manual_seed(seed)
    f = {'tanh': torch.tanh, 'relu': torch.relu}[activation]
    parameters = [[layer_of(generator, V if l == 0 else directions * hidden, hidden, 1.3) for _ in range(directions)] for l in range(layers)]
    output = {'W': random(generator, V, directions * hidden), 'b': random(generator, V)}
    # Streams of unequal lengths in the second half of the cases: padding has no part in it.
    lengths = [T - b for b in range(streams)] if directions == 2 else [T] * streams
    ids = torch.randint(0, V, (streams, T), generator=generator)
    targets = torch.randint(0, V, (streams, T), generator=generator)
    n = sum(lengths)
    traces, loss = [], 0
    for b in range(streams):
        x = list(F.one_hot(ids[b, :lengths[b]], V).double())
        trace = []
        for own in parameters:
            cut = [[] for _ in own]
            for d, layer in enumerate(own):
                # Truncation: the state that a step reads is another variable, of the same value, where it is cut.
                state, states = torch.zeros(hidden), [None] * len(x)
                for t in reversed(range(len(x))) if d else range(len(x)):
                    border = t + 1 if d else t
                    read = state.detach() if truncation and border % truncation == 0 else state
                    state = f(layer['W'] @ x[t] + layer['Wb'] + layer['R'] @ read + layer['Rb'])
                    state.requires_grad_() if not state.requires_grad else None
                    state.retain_grad()
                    states[t] = state
                cut[d] = states
            trace.append(cut)
            x = [torch.cat([states[t] for states in cut]) for t in range(len(x))]
        traces.append(trace)
        logits = torch.stack([output['W'] @ h + output['b'] for h in x])
        loss = loss + F.cross_entropy(logits, targets[b, :lengths[b]], reduction='sum') / n
    loss.backward()
    total = torch.zeros(())
    gradients = []
    for l, own in enumerate(parameters):
        gradients.append([])
        for d, layer in enumerate(own):
            R = layer['R'].clone().requires_grad_()
            value = torch.zeros(())
            for trace in traces:
                states = trace[l][d]
                for t in range(len(states)):
                    before = t + 1 if d else t - 1
                    border = t + 1 if d else t
                    if not 0 <= before < len(states) or (truncation and border % truncation == 0):
                        continue
                    delta, h = states[t].grad, states[t].detach()
                    slope = 1 - h ** 2 if activation == 'tanh' else (h > 0).double()
                    if delta.norm() == 0 or (delta * slope).norm() == 0:
                        continue
                    value = value + ((R.T @ (delta * slope)).norm() / delta.norm() - 1) ** 2 / streams
            value.backward()
            total = total + value.detach()
            gradients[-1].append(R.grad.numpy())
    return {'name': name, 'hidden': hidden, 'activation': activation, 'directions': directions, 'truncation': truncation, 'lengths': lengths,
            'ids': ids.numpy(), 'targets': targets.numpy(),
            'parameters': [[{role: value.numpy() for role, value in layer.items()} for layer in own] for own in parameters],
            'output': {role: value.numpy() for role, value in output.items()}, 'omega': total.item(), 'gradients': gradients}


def flossing(name, seed, hidden, cell='rnn', activation='tanh', positive=False, layers=1, count=2, embedding=0, norm=False, residual=False):
    generator = torch.Generator().manual_seed(seed)
    table = random(generator, V, embedding) if embedding else None
    parameters = [layer_of(generator, (embedding or V) if l == 0 else hidden, hidden, 1.1, cell) for l in range(layers)]
    if activation == 'relu':
        # Enough units are alive at every step for the exponent to be finite.
        for layer in parameters:
            layer['Wb'] += 1.5
    gammas = [{'gamma': 1 + random(generator, embedding, scale=0.2), 'beta': random(generator, embedding, scale=0.2)} for _ in range(layers)] if norm else []
    leaves = [value for own in [*parameters, *gammas] for value in own.values()] + ([table] if embedding else [])
    for value in leaves:
        value.requires_grad_()
    numbers = 2 * hidden if cell == 'lstm' else hidden
    first = [random(generator, numbers, scale=0.5) for _ in range(layers)]
    starts = [torch.linalg.qr(random(generator, numbers, count))[0] for _ in range(layers)]
    ids = torch.randint(0, V, (T,), generator=generator)
    x = list(table[ids] if embedding else F.one_hot(ids, V).double())
    loss, exponents = torch.zeros(()), []
    for l, layer in enumerate(parameters):
        read = [F.layer_norm(row, (embedding,), gammas[l]['gamma'], gammas[l]['beta'], 1e-5) for row in x] if norm else x
        state, states, jacobians = first[l], [], []
        for row in read:
            run = lambda before: step(cell, activation, positive, layer, row, before)
            jacobians.append(torch.autograd.functional.jacobian(run, state, create_graph=True))
            state = run(state)
            states.append(state[:hidden])
        Q, logs = starts[l], torch.zeros(count)
        if cell in MINIMAL:
            # Diagonal Jacobians: of unit vectors each exponent is that of one unit, and the largest ones come first.
            largest = sum(J.diagonal().log() for J in jacobians).argsort(descending=True)[:count]
            starts[l] = Q = torch.eye(hidden)[:, largest]
        for J in jacobians:
            Q, upper = torch.linalg.qr(J @ Q)
            logs = logs + upper.diagonal().abs().log()
        loss = loss + ((logs / T) ** 2).sum()
        exponents.append((logs / T).detach().numpy())
        x = [a + b for a, b in zip(states, x)] if residual else states
    loss.backward()
    plain = lambda own: {role: value.detach().numpy() for role, value in own.items()}
    slopes = lambda own: {role: (torch.zeros_like(value) if value.grad is None else value.grad).numpy() for role, value in own.items()}
    return {'name': name, 'cell': cell, 'hidden': hidden, 'activation': activation, 'positive': positive, 'embeddingSize': embedding or None, 'residual': residual, 'norm': 'layerNorm' if norm else 'none',
            'ids': ids.numpy(), 'first': [state.numpy() for state in first], 'starts': [start.numpy() for start in starts], 'count': count,
            'parameters': [plain(own) for own in parameters], 'norms': [plain(own) for own in gammas],
            'embedding': table.detach().numpy() if embedding else None,
            'loss': loss.item(), 'exponents': exponents,
            'gradients': {'layers': [slopes(own) for own in parameters], 'norms': [slopes(own) for own in gammas],
                          'embedding': table.grad.numpy() if embedding else None}}


write('remedies', {
    'omega': [
        omega('tanh', 1, 4, 'tanh'),
        omega('relu', 2, 5, 'relu'),
        omega('truncated', 3, 4, 'tanh', truncation=3),
        omega('two layers both ways, of unequal lengths', 4, 3, 'tanh', directions=2, layers=2),
        omega('both ways, truncated', 5, 3, 'tanh', directions=2, truncation=4),
    ],
    'flossing': [
        flossing('tanh', 11, 5, count=3),
        flossing('all exponents', 12, 4, count=4),
        flossing('relu', 13, 6, activation='relu', count=1),
        flossing('two layers on an embedding', 14, 4, layers=2, embedding=3),
        flossing('norms and residual connections', 15, 4, layers=2, embedding=4, norm=True, residual=True),
        flossing('LSTM', 16, 4, 'lstm', count=3),
        flossing('LSTM, all exponents', 17, 3, 'lstm', count=6),
        flossing('LSTM, two layers with norms and residual connections', 18, 4, 'lstm', layers=2, embedding=4, norm=True, residual=True),
        flossing('GRU', 19, 5, 'gru', count=3),
        flossing('GRU, all exponents', 20, 4, 'gru', count=4),
        flossing('GRU, two layers on an embedding', 21, 4, 'gru', layers=2, embedding=3),
        flossing('minGRU', 22, 5, 'minGRU', count=3),
        flossing('minGRU, positive, two layers on an embedding', 23, 4, 'minGRU', positive=True, layers=2, embedding=3),
        flossing('minLSTM', 24, 5, 'minLSTM', count=2),
        flossing('minLSTM, two layers with norms and residual connections', 25, 4, 'minLSTM', layers=2, embedding=4, norm=True, residual=True),
    ],
})
