"""Stacks of Mamba blocks, unrolled step by step and stream by stream, in float64: the equations of `transformers`' sequential path.

    x + mixer(RMSNorm(x)),  (u, z) = W_in x,  v = SiLU(conv(u) + b_conv),  (d, B, C) = W_x v,  dt = softplus(W_dt d + b_dt),
    h_t = exp(-dt exp(A_log)) h_{t-1} + dt v B',  out = W_out ((h_t C + D v) SiLU(z))

Parameters follow from a formula, so that a case holds none. `check_mamba.py` compares this with `transformers` itself.
"""
import math

import numpy as np
import torch
from torch.nn import functional as F

VOCABULARY, EPSILON, STEPS = 5, 1e-5, 9
# Stands for the logarithm of zero; None for what cannot be reached.
ZERO = -9999
BASE = {'width': 4, 'stateSize': 3, 'expand': 2, 'convolution': 4, 'rank': 2, 'biases': False, 'norm': True, 'residual': True, 'tied': False}
# Sizes that fill no vector of four.
ODD = {**BASE, 'width': 3, 'stateSize': 5, 'expand': 3, 'convolution': 2, 'rank': 3, 'biases': True, 'tied': True}
BARE = {**BASE, 'norm': False, 'residual': False}


def mamba_cases():
    """Yields (name, case)."""
    for layers in (1, 2, 4):
        yield f'{layers}', case({**BASE, 'layers': layers})
    yield '2-odd', case({**ODD, 'layers': 2})
    yield '2-bare', case({**BARE, 'layers': 2})


def wave(p, shape, scale, middle=0.0):
    k = torch.arange(math.prod(shape), dtype=torch.float64)
    return (middle + scale * torch.sin(1 + 0.7 * p + 1.3 * k)).view(*shape).requires_grad_()


def block_shapes(options):
    D, S, K, R = options['width'], options['stateSize'], options['convolution'], options['rank']
    E = options['expand'] * D
    shapes = {'W_in': (2 * E, D), 'b_in': (2 * E,), 'W_conv': (E, K), 'b_conv': (E,), 'W_x': (R + 2 * S, E), 'W_dt': (E, R), 'b_dt': (E,), 'A_log': (E, S),
              'D': (E,), 'W_out': (D, E), 'b_out': (D,), 'norm': (D,)}
    absent = ([] if options['biases'] else ['b_in', 'b_out']) + ([] if options['norm'] else ['norm'])
    # Numbered with those that are absent.
    return [(number, name, shape) for number, (name, shape) in enumerate(shapes.items()) if name not in absent]


def draw(options):
    """By name: the embedding is 0, the output's W 1 and b 2, the final norm 3; parameter i of layer l is 4 + 12 l + i."""
    D = options['width']
    parameters = {'embedding': wave(0, (VOCABULARY, D), 1.0)}
    if not options['tied']:
        parameters['output.W'] = wave(1, (VOCABULARY, D), 0.5)
    parameters['output.b'] = wave(2, (VOCABULARY,), 0.5)
    if options['norm']:
        parameters['finalNorm'] = wave(3, (D,), 0.3, 1.0)
    for layer in range(options['layers']):
        for number, name, shape in block_shapes(options):
            p = 4 + 12 * layer + number
            if name == 'A_log':
                value = (torch.log(torch.arange(1, shape[1] + 1, dtype=torch.float64)) + wave(p, shape, 0.3)).detach().requires_grad_()
            elif name == 'b_dt':
                value = wave(p, shape, 1.5, -2.0)
            else:
                value = wave(p, shape, 0.3, 1.0) if name in ('D', 'norm') else wave(p, shape, 0.5)
            parameters[f'layer{layer}.{name}'] = value
    return parameters


def rms(x, weight):
    return weight * x * torch.rsqrt((x * x).mean() + EPSILON)


def zero_states(options):
    E = options['expand'] * options['width']
    zeros = lambda *shape: torch.zeros(*shape, dtype=torch.float64)
    return [{'h': zeros(E, options['stateSize']), 'conv': zeros(options['convolution'] - 1, E)} for _ in range(options['layers'])]


def mixer_step(options, p, x, state):
    """What the mixer gives, its states after the step, and its step sizes."""
    E, S, R = options['expand'] * options['width'], options['stateSize'], options['rank']
    u, z = (p['W_in'] @ x + p.get('b_in', 0.0)).split(E)
    # The inputs that are carried on, of which the convolution reads all, and the oldest of those before.
    conv = torch.cat([state['conv'], u[None]])[1:]
    v = F.silu(p['W_conv'][:, 0] * state['conv'][0] + (conv.T * p['W_conv'][:, 1:]).sum(1) + p['b_conv'])
    d, B, C = (p['W_x'] @ v).split([R, S, S])
    dt = F.softplus(p['W_dt'] @ d + p['b_dt'])
    h = torch.exp(-dt[:, None] * torch.exp(p['A_log'])) * state['h'] + (dt * v)[:, None] * B
    y = (h @ C + p['D'] * v) * F.silu(z)
    return p['W_out'] @ y + p.get('b_out', 0.0), {'h': h, 'conv': conv}, dt


def of_layer(parameters, layer):
    prefix = f'layer{layer}.'
    return {name[len(prefix):]: value for name, value in parameters.items() if name.startswith(prefix)}


def read(options, parameters, ids, states, truncation=None):
    """One stream. Of each step: what every boundary reads, the states after it, the scores, and the step sizes."""
    boundaries, after, scores, sizes = [[] for _ in range(options['layers'] + 1)], [], [], []
    for t, token in enumerate(ids):
        if truncation and t % truncation == 0:
            states = [{name: state.detach() for name, state in layer.items()} for layer in states]
        # A node of its own, so that it can be asked for.
        x, new = parameters['embedding'][token] * 1.0, []
        for layer in range(options['layers']):
            boundaries[layer].append(x)
            p = of_layer(parameters, layer)
            out, state, dt = mixer_step(options, p, rms(x, p['norm']) if options['norm'] else x, states[layer])
            x = x + out if options['residual'] else out
            new.append(state)
            sizes.append(dt)
        boundaries[-1].append(x)
        states = new
        after.append(new)
        top = rms(x, parameters['finalNorm']) if options['norm'] else x
        W = parameters['embedding'] if options['tied'] else parameters['output.W']
        scores.append(W @ top + parameters['output.b'])
    return boundaries, after, scores, sizes


def losses(scores, targets):
    return [F.cross_entropy(score, torch.tensor(int(target))) for score, target in zip(scores, targets)]


def gradients(loss, parameters):
    found = torch.autograd.grad(loss, list(parameters.values()), retain_graph=True, allow_unused=True)
    return {name: (torch.zeros_like(value) if g is None else g).numpy() for (name, value), g in zip(parameters.items(), found)}


def by_step(loss, nodes):
    """Norms of the gradient by each node; None where the loss depends on it in no way."""
    found = torch.autograd.grad(loss, nodes, retain_graph=True, allow_unused=True)
    return [None if g is None else g.norm().item() for g in found]


def logarithms(loss, nodes):
    return [None if length is None else float(np.log10(length)) if length > 0 else ZERO for length in by_step(loss, nodes)]


def lengths(loss, nodes):
    return [length or 0.0 for length in by_step(loss, nodes)]


def state_nodes(after, layer, name):
    return [step[layer][name] for step in after]


def inspection(options, parameters, ids):
    boundaries, after, scores, _ = read(options, parameters, ids[:-1], zero_states(options))
    each = losses(scores, ids[1:])
    mean = torch.stack(each).mean()
    layers = range(options['layers'])
    of_states = lambda loss, measure: [{name: measure(loss, state_nodes(after, layer, name)) for name in ('h', 'conv')} for layer in layers]
    targets = range(len(ids) - 1)
    return {
        'ids': ids, 'losses': [loss.item() for loss in each], 'loss': mean.item(), 'gradients': gradients(mean, parameters),
        'norms': [{name: [node.detach().norm().item() for node in state_nodes(after, layer, name)] for name in ('h', 'conv')} for layer in layers],
        'totals': of_states(mean, lengths), 'inputTotals': [lengths(mean, nodes) for nodes in boundaries],
        # [target] of each layer's states and of each boundary.
        'flows': [{'target': target, 'states': of_states(each[target], logarithms), 'inputs': [logarithms(each[target], nodes) for nodes in boundaries]}
                  for target in (len(ids) // 2, len(ids) - 2)],
        'matrix': [logarithms(each[target], state_nodes(after, options['layers'] - 1, 'h')) for target in targets],
        'inputMatrix': [logarithms(each[target], boundaries[0]) for target in targets],
    }


def window(options, parameters, inputs, targets, states, truncation=None):
    """Streams of their own lengths beside each other, the mean over all their tokens; states [stream]."""
    runs = [read(options, parameters, ids, states[b], truncation) for b, ids in enumerate(inputs)]
    each = [loss for (_, _, scores, _), texts in zip(runs, targets) for loss in losses(scores, texts)]
    mean = torch.stack(each).mean()
    steps = max(len(ids) for ids in inputs)

    def total(nodes_of):
        squares = np.zeros(steps)
        for run in runs:
            found = lengths(mean, nodes_of(run)) if run[2] else []
            squares[:len(found)] += np.square(found)
        return np.sqrt(squares)

    layers = range(options['layers'])
    carried = [run[1][-1] if run[1] else states[b] for b, run in enumerate(runs)]
    return {
        'inputs': inputs, 'targets': targets, 'truncation': truncation, 'loss': mean.item(), 'gradients': gradients(mean, parameters),
        'totals': [{name: total(lambda run: state_nodes(run[1], layer, name)) for name in ('h', 'conv')} for layer in layers],
        'inputTotals': [total(lambda run: run[0][boundary]) for boundary in range(options['layers'] + 1)],
    }, carried


def plain_states(carried):
    """[layer], of all streams: h [B, E, S], and conv [B, E, K - 1], oldest first."""
    return [{'h': torch.stack([stream[layer]['h'] for stream in carried]).detach().numpy(),
             'conv': torch.stack([stream[layer]['conv'].T for stream in carried]).detach().numpy()} for layer in range(len(carried[0]))]


def detached(carried):
    return [[{name: state.detach() for name, state in layer.items()} for layer in stream] for stream in carried]


def case(options):
    random = np.random.default_rng(10 * options['layers'] + options['stateSize'])
    parameters = draw(options)
    ids = random.integers(0, VOCABULARY, STEPS + 1).tolist()
    texts = random.integers(0, VOCABULARY, (2, 13)).tolist()
    zeros = [zero_states(options) for _ in range(3)]
    halves = [([text[start:start + 6] for text in texts], [text[start + 1:start + 7] for text in texts]) for start in (0, 6)]
    stream = []
    for truncation in (None, 4):
        states = zeros[:2]
        for inputs, targets in halves:
            found, states = window(options, parameters, inputs, targets, detached(states), truncation)
        # The second window, which begins with the states that the first has left.
        stream.append({**found, 'states': plain_states(states)})
    sequences = [random.integers(0, VOCABULARY, length + 1).tolist() for length in (6, 1, 4)]
    padded, _ = window(options, parameters, [text[:-1] for text in sequences], [text[1:] for text in sequences], zeros)
    return {**options, 'vocabulary': VOCABULARY, 'epsilon': EPSILON, 'inspection': inspection(options, parameters, ids),
            'before': halves[0][0], 'stream': stream, 'sequences': padded}
