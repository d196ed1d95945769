#!/usr/bin/env python3
"""Remedies for gradients that vanish, by autograd in PyTorch float64:  /usr/bin/python3 test/vectors/remedies.py  (PyTorch 1.13 or later)

Writes data/remedies.json.
omega     Pascanu's regularizer of vanilla RNNs, and of each layer and direction its gradient by R, h_t and ∂L/∂h_t held: what autograd gives once they are detached.
flossing  the squared Lyapunov exponents of vanilla RNNs over a window, and their gradients by all parameters through torch.linalg.qr and through the states.
"""
import sys

import torch
import torch.nn.functional as F

sys.dont_write_bytecode = True

from files import write

V, T = 5, 9
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def random(generator, *shape, scale=1.0):
    return scale * torch.randn(*shape, generator=generator)


def layer_of(generator, read, hidden, scale):
    return {'W': random(generator, hidden, read, scale=0.8), 'R': random(generator, hidden, hidden, scale=scale / hidden ** 0.5),
            'Wb': random(generator, hidden, scale=0.3), 'Rb': random(generator, hidden, scale=0.3)}


def unrolled(layer, x, state, activation, backward=False):
    """Every h_t, in the order of the text. x: [T, I]"""
    states = [None] * len(x)
    for t in reversed(range(len(x))) if backward else range(len(x)):
        state = activation(layer['W'] @ x[t] + layer['Wb'] + layer['R'] @ state + layer['Rb'])
        states[t] = state
    return states


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


def flossing(name, seed, hidden, activation, layers=1, count=2, embedding=0, norm=False, residual=False):
    generator = torch.Generator().manual_seed(seed)
    f = {'tanh': torch.tanh, 'relu': torch.relu}[activation]
    table = random(generator, V, embedding) if embedding else None
    parameters = [layer_of(generator, (embedding or V) if l == 0 else hidden, hidden, 1.1) for l in range(layers)]
    if activation == 'relu':
        # Enough units are alive at every step for the exponent to be finite.
        for layer in parameters:
            layer['Wb'] += 1.5
    gammas = [{'gamma': 1 + random(generator, embedding, scale=0.2), 'beta': random(generator, embedding, scale=0.2)} for _ in range(layers)] if norm else []
    leaves = [value for own in [*parameters, *gammas] for value in own.values()] + ([table] if embedding else [])
    for value in leaves:
        value.requires_grad_()
    first = [random(generator, hidden, scale=0.5) for _ in range(layers)]
    starts = [torch.linalg.qr(random(generator, hidden, count))[0] for _ in range(layers)]
    ids = torch.randint(0, V, (T,), generator=generator)
    x = list(table[ids] if embedding else F.one_hot(ids, V).double())
    loss, exponents = torch.zeros(()), []
    for l, layer in enumerate(parameters):
        read = [F.layer_norm(row, (embedding,), gammas[l]['gamma'], gammas[l]['beta'], 1e-5) for row in x] if norm else x
        states = unrolled(layer, read, first[l], f)
        Q, logs = starts[l], torch.zeros(count)
        for h in states:
            slope = 1 - h ** 2 if activation == 'tanh' else (h.detach() > 0).double()
            Q, upper = torch.linalg.qr(slope[:, None] * (layer['R'] @ Q))
            logs = logs + upper.diagonal().abs().log()
        loss = loss + ((logs / T) ** 2).sum()
        exponents.append((logs / T).detach().numpy())
        x = [a + b for a, b in zip(states, x)] if residual else states
    loss.backward()
    plain = lambda own: {role: value.detach().numpy() for role, value in own.items()}
    slopes = lambda own: {role: (torch.zeros_like(value) if value.grad is None else value.grad).numpy() for role, value in own.items()}
    return {'name': name, 'hidden': hidden, 'activation': activation, 'embeddingSize': embedding or None, 'residual': residual, 'norm': 'layerNorm' if norm else 'none',
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
        flossing('tanh', 11, 5, 'tanh', count=3),
        flossing('all exponents', 12, 4, 'tanh', count=4),
        flossing('relu', 13, 6, 'relu', count=1),
        flossing('two layers on an embedding', 14, 4, 'tanh', layers=2, embedding=3),
        flossing('norms and residual connections', 15, 4, 'tanh', layers=2, embedding=4, norm=True, residual=True),
    ],
})
