"""Input gradients: of the loss of every target and of the mean, by what is read at each boundary between layers.

Boundary 0 is the one-hot token or its embedding, as PyTorch's own modules differentiate it. Boundary l is what layer l gives, whose gradient is
that by the layer's states, through their own next steps too: those of the unrolled cells, both directions side by side.
"""
import numpy as np
import torch

from cells import TORCH_BLOCK, ROLES, reorder, step
from stack_unrolled import draw_parameters, map_parameters

HIDDEN, VOCABULARY, STEPS, KINK = 3, 5, 8, 5e-4
CELLS = [('rnn', 'tanh'), ('rnn', 'relu'), ('lstm', 'tanh'), ('gru', 'tanh')]
# layers, directions, size of the embedding (None: one-hot), tied
SHAPES = [(1, 1, None, False), (2, 2, None, False), (3, 1, 4, False), (3, 2, 4, False), (2, 1, HIDDEN, True)]
# Stands for the logarithm of zero; None for what cannot be reached.
ZERO = -9999


def input_cases():
    """Yields (name, case)."""
    for cell, activation in CELLS:
        kind = f'rnn-{activation}' if cell == 'rnn' else cell
        for layers, directions, embedding, tied in SHAPES:
            ends = 'tied' if tied else 'one-hot' if embedding is None else 'embedding'
            stack = {'cell': cell, 'activation': activation, 'layers': layers, 'directions': directions, 'hidden': HIDDEN,
                     'vocabulary': VOCABULARY, 'embedding': embedding, 'tied': tied, 'truncation': None}
            yield f'{kind}-{layers}-{directions}-{ends}', input_case(stack)


class Model(torch.nn.Module):
    """The modules that a person would write, under the names of an export."""

    def __init__(self, stack, parameters):
        super().__init__()
        width = stack['directions'] * stack['hidden']
        if stack['embedding']:
            self.embedding = torch.nn.Embedding(stack['vocabulary'], stack['embedding'])
        kind = {'rnn': torch.nn.RNN, 'lstm': torch.nn.LSTM, 'gru': torch.nn.GRU}[stack['cell']]
        extra = {'nonlinearity': stack['activation']} if stack['cell'] == 'rnn' else {}
        self.rnn = kind(stack['embedding'] or stack['vocabulary'], stack['hidden'], stack['layers'], bidirectional=stack['directions'] == 2, **extra)
        self.output = torch.nn.Linear(width, stack['vocabulary'])
        self.double()
        if stack['tied']:
            self.output.weight = self.embedding.weight
        to_torch = np.argsort(TORCH_BLOCK[stack['cell']])
        with torch.no_grad():
            if stack['embedding']:
                self.embedding.weight.copy_(torch.tensor(parameters['embedding']))
            for number, directions in enumerate(parameters['layers']):
                for direction, layer in enumerate(directions):
                    for role, prefix in ROLES.items():
                        values = torch.tensor(reorder(stack['cell'], layer[role], to_torch))
                        getattr(self.rnn, f'{prefix}{number}{"_reverse" if direction else ""}').copy_(values)
            if not stack['tied']:
                self.output.weight.copy_(torch.tensor(parameters['output']['W']))
            self.output.bias.copy_(torch.tensor(parameters['output']['b']))

    def read(self, ids, vocabulary):
        """What the lowest layer reads, [T, I]."""
        return self.embedding(ids) if hasattr(self, 'embedding') else torch.nn.functional.one_hot(ids, vocabulary).double()

    def losses(self, x, targets):
        return torch.nn.functional.cross_entropy(self.output(self.rnn(x[:, None])[0][:, 0]), targets, reduction='none')


def input_case(stack):
    for seed in range(1, 1000):
        random = np.random.default_rng(seed)
        parameters = draw_parameters(random, stack)
        ids = random.integers(0, stack['vocabulary'], STEPS + 1)
        leaves = map_parameters(torch.tensor, parameters)
        x, states, scores, margin = unroll(stack, leaves, ids[:-1])
        if stack['activation'] == 'tanh' or margin > KINK:
            break
    # One by one: each depends on what it can reach and on nothing else.
    each = [torch.nn.functional.cross_entropy(score, torch.tensor(target)) for score, target in zip(scores, ids[1:])]
    mean = torch.stack(each).mean()
    model = Model(stack, parameters)
    check_with_modules(model, stack, ids, each, x)
    of_model = model.losses(model.read(torch.tensor(ids[:-1]), stack['vocabulary']), torch.tensor(ids[1:])).mean()
    of_model.backward()

    # [layer][direction][t] of h or c; boundary l: h of layer l - 1, the directions side by side.
    boundaries = [[x], *states['h']]
    targets = [STEPS // 2, STEPS - 1]
    return {
        **{key: value for key, value in stack.items() if key != 'truncation'}, 'seed': seed, 'parameters': parameters, 'ids': ids, 'loss': mean.item(),
        'parameterNorms': {name: parameter.grad.norm().item() for name, parameter in model.named_parameters()},
        'states': [[{name: {'norm': norms(states[name][layer][direction]), 'total': lengths(mean, [states[name][layer][direction]]),
                            'log10': logarithms(each[-1], [states[name][layer][direction]])}
                     for name in states if states[name][layer][direction][0] is not None}
                    for direction in range(stack['directions'])] for layer in range(stack['layers'])],
        'totals': [lengths(mean, nodes) for nodes in boundaries],
        'flows': [{'target': target, 'boundaries': [logarithms(each[target], nodes) for nodes in boundaries]} for target in targets],
        'inputMatrix': [logarithms(each[target], [x]) for target in range(STEPS)],
    }


def unroll(stack, parameters, ids):
    """What is read [t], h and c [layer][direction][t], scores [t], and the smallest pre-activation."""
    table = torch.eye(stack['vocabulary'], dtype=torch.float64) if parameters['embedding'] is None else parameters['embedding']
    read = [table[token].detach().clone().requires_grad_() for token in ids]
    x, states, margin = read, {'h': [], 'c': []}, np.inf
    for directions in parameters['layers']:
        nodes = {name: [[None] * len(ids) for _ in directions] for name in states}
        for direction, layer in enumerate(directions):
            h = torch.zeros(stack['hidden'], dtype=torch.float64)
            c = h
            for t in reversed(range(len(ids))) if direction else range(len(ids)):
                h, c, _, pre = step(stack['cell'], stack['activation'], layer, x[t], h, c)
                nodes['h'][direction][t], nodes['c'][direction][t] = h, c
                margin = min(margin, float(pre.detach().abs().min()))
        for name in states:
            states[name].append(nodes[name])
        x = [torch.cat(outputs) for outputs in zip(*nodes['h'])]
    weights = parameters['embedding'] if stack['tied'] else parameters['output']['W']
    return read, states, [weights @ output + parameters['output']['b'] for output in x], margin


def check_with_modules(model, stack, ids, losses, x):
    """The losses, and the gradients of each by the input, are those of PyTorch's modules."""
    leaf = model.read(torch.tensor(ids[:-1]), stack['vocabulary']).detach().requires_grad_()
    of_modules = model.losses(leaf, torch.tensor(ids[1:]))
    assert (of_modules - torch.stack(losses)).abs().max() < 1e-13
    for ours, theirs in zip(losses, of_modules):
        found = torch.autograd.grad(ours, x, retain_graph=True, allow_unused=True)
        unrolled = torch.stack([torch.zeros_like(leaf[0]) if g is None else g for g in found])
        assert (unrolled - torch.autograd.grad(theirs, leaf, retain_graph=True)[0]).abs().max() < 1e-13


def norms(nodes):
    return [node.detach().norm().item() for node in nodes]


def by_step(loss, parts):
    """Of each step the gradient by its nodes in all parts; None where the loss depends on none of them."""
    for nodes in zip(*parts):
        found = [g for g in torch.autograd.grad(loss, nodes, retain_graph=True, allow_unused=True) if g is not None]
        yield torch.cat(found).norm().item() if found else None


def lengths(loss, parts):
    return [length or 0. for length in by_step(loss, parts)]


def logarithms(loss, parts):
    return [None if length is None else float(np.log10(length)) if length > 0 else ZERO for length in by_step(loss, parts)]
