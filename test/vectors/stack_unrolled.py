"""Stacks of one or two directions, unrolled stream by stream and step by step: every state is a node with its own gradient, and a
stream ends where its text ends, so that padding is not so much masked as absent.

A stack is a dict: cell, activation, layers, directions (1 or 2), hidden, vocabulary, embedding (E, or None for one-hot input), tied
(the output matrix is the embedding), truncation (k2 or None). Parameters are in ONNX roles and gate order: embedding [V, E] or None,
layers [layer][direction] of W [G*H, I], R [G*H, H], Wb, Rb [G*H], output W [V, D*H] (None when tied) and b [V].
"""
import numpy as np
import torch

from cells import GATES, ROLES, step

# Parameters are multiples of this: the same numbers in float32 and float64, and short to write.
GRID = 1 / 1024


def input_size(stack, layer):
    if layer > 0:
        return stack['directions'] * stack['hidden']
    return stack['embedding'] or stack['vocabulary']


def draw_parameters(random, stack):
    """Uniform in +-1.5/sqrt(H) (relu: 1.1, so that states stay small), biases too, rounded to the grid."""
    hidden, vocabulary = stack['hidden'], stack['vocabulary']
    bound = (1.1 if stack['activation'] == 'relu' else 1.5) / np.sqrt(hidden)
    rows = len(GATES[stack['cell']]) * hidden

    def draw(*shape):
        return np.round(random.uniform(-bound, bound, shape) / GRID) * GRID

    layers = [[{'W': draw(rows, input_size(stack, layer)), 'R': draw(rows, hidden), 'Wb': draw(rows), 'Rb': draw(rows)}
               for _ in range(stack['directions'])] for layer in range(stack['layers'])]
    return {
        'embedding': draw(vocabulary, stack['embedding']) if stack['embedding'] else None,
        'layers': layers,
        'output': {'W': None if stack['tied'] else draw(vocabulary, stack['directions'] * hidden), 'b': draw(vocabulary)},
    }


def map_parameters(function, value):
    """The same nest of dicts and lists with function(array) for every array; None stays None."""
    if isinstance(value, dict):
        return {key: map_parameters(function, item) for key, item in value.items()}
    if isinstance(value, list):
        return [map_parameters(function, item) for item in value]
    return None if value is None else function(value)


def list_parameters(parameters):
    matrices = [layer[role] for directions in parameters['layers'] for layer in directions for role in ROLES]
    others = [parameters['embedding'], parameters['output']['W'], parameters['output']['b']]
    return matrices + [value for value in others if value is not None]


def unroll(stack, parameters, ids, state, masks):
    """One stream. parameters: tensors; ids: as many as the stream has steps; state [layer][direction]: (h, c) carried in, c None but
    for lstm; masks [layer][t]: factors of that layer's output, or None. Returns h, c and pre [layer][direction][t], scores [t].
    """
    steps, k2 = len(ids), stack['truncation']
    table = parameters['embedding']
    one_hot = torch.eye(stack['vocabulary'], dtype=torch.float64)
    x = [(one_hot if table is None else table)[token] for token in ids]
    run = {'h': [], 'c': [], 'pre': []}
    for number, directions in enumerate(parameters['layers']):
        nodes = {name: [[None] * steps for _ in directions] for name in run}
        for direction, layer in enumerate(directions):
            h, c = state[number][direction]
            for t in reversed(range(steps)) if direction else range(steps):
                # Nothing flows back between steps t - 1 and t where k2 divides t, whichever way the direction reads.
                if k2 and (t + direction) % k2 == 0:
                    h, c = h.detach(), None if c is None else c.detach()
                h, c, _, pre = step(stack['cell'], stack['activation'], layer, x[t], h, c)
                for name, value in (('h', h), ('c', c), ('pre', pre)):
                    nodes[name][direction][t] = value
        for name in run:
            run[name].append(nodes[name])
        x = [torch.cat(outputs) for outputs in zip(*nodes['h'])]
        if masks is not None and number < stack['layers'] - 1:
            x = [mask * output for mask, output in zip(masks[number], x)]
    weights = table if stack['tied'] else parameters['output']['W']
    run['scores'] = [weights @ output + parameters['output']['b'] for output in x]
    return run


def zero_state(stack):
    zero = torch.zeros(stack['hidden'], dtype=torch.float64)
    return [[(zero, zero if stack['cell'] == 'lstm' else None) for _ in range(stack['directions'])] for _ in range(stack['layers'])]


def carried(stack, run):
    """What the next window starts from: the forward direction's last state; the reverse direction starts at zero."""
    state = zero_state(stack)
    for number in range(stack['layers']):
        h, c = run['h'][number][0][-1], run['c'][number][0][-1]
        state[number][0] = (h.detach(), None if c is None else c.detach())
    return state
