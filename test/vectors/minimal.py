"""minGRU and minLSTM (Feng et al. 2024, arXiv:2410.01201) in PyTorch's float64: unrolled step by step, so that every state and every input of a layer is a
node with its own gradient, and checked against the sum over steps and, where the candidate is positive, against the published scan in logarithms.

Blocks of W [G*H, I] and Wb [G*H]: minGRU z, h; minLSTM f, i, h. What a stream lacks of a window is absent, not masked. Two kinds of case:
`windows`: two windows of streams, the state carried, or one of sequences that end early; of the last the gradients of all parameters and the total gradients;
`text`: one text from the zero state; what inspecting it gives.
"""
import numpy as np
import torch
from torch.nn.functional import cross_entropy, softplus

GRID = 1 / 1024
BLOCKS = {'minGRU': 2, 'minLSTM': 3}
VOCABULARY, STEPS, ZERO = 7, 12, -9999
WINDOWS = {'stream': (8, (8, 8, 8)), 'sequences': (7, (4, 7, 0, 1))}


def minimal_cases():
    """Yields (name, case)."""
    seed = 1
    for cell in BLOCKS:
        for positive in (False, True):
            kind = f'{cell}-positive' if positive else cell
            for layers, directions, extras in shapes(positive):
                stack = {'cell': cell, 'positive': positive, 'layers': layers, 'directions': directions, 'hidden': 5, 'vocabulary': VOCABULARY,
                         'embedding': None, 'tied': False, 'truncation': None, **extras}
                seed += 1
                yield f'{kind}-{layers}-{directions}{suffix(stack)}', make_case(stack, seed)


def shapes(positive):
    """layers, directions and what differs from one-hot tokens and the whole gradient."""
    yield 1, 1, {}
    yield 2, 1, {'embedding': 6}
    if positive:
        yield 4, 1, {'embedding': 5, 'tied': True}
    else:
        yield 4, 1, {'truncation': 3}
        yield 2, 2, {'embedding': 4}


def suffix(stack):
    return '-truncated' if stack['truncation'] else '-tied' if stack['tied'] else '-embedding' if stack['embedding'] else ''


def make_case(stack, seed):
    random = np.random.default_rng(seed)
    parameters = draw_parameters(random, stack)
    readings = ('stream', 'sequences')
    return {**stack, 'seed': seed, 'parameters': parameters,
            'windows': [window_case(random, stack, parameters, reading) for reading in readings],
            'text': None if stack['truncation'] else text_case(random, stack, parameters)}


def draw_parameters(random, stack):
    """Uniform in +-1.5 (weights of one-hot tokens) or +-1.5/sqrt(I), on a grid: the same numbers in float32."""
    rows, wide = BLOCKS[stack['cell']] * stack['hidden'], stack['directions'] * stack['hidden']

    def draw(bound, *shape):
        return np.round(random.uniform(-bound, bound, shape) / GRID) * GRID

    def layer(number):
        inputs = wide if number else stack['embedding'] or stack['vocabulary']
        bound = 1.5 / np.sqrt(inputs) if number or stack['embedding'] else 1.5
        return {'W': draw(bound, rows, inputs), 'Wb': draw(0.7, rows)}
    return {
        'embedding': draw(1.2, stack['vocabulary'], stack['embedding']) if stack['embedding'] else None,
        'layers': [[layer(number) for _ in range(stack['directions'])] for number in range(stack['layers'])],
        'output': {'W': None if stack['tied'] else draw(1, stack['vocabulary'], wide), 'b': draw(1, stack['vocabulary'])},
    }


def leaves_of(value):
    if isinstance(value, dict):
        return {key: leaves_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [leaves_of(item) for item in value]
    return None if value is None else torch.tensor(value, requires_grad=True)


def listed(parameters):
    layers = [layer[role] for directions in parameters['layers'] for layer in directions for role in ('W', 'Wb')]
    return [each for each in [parameters['embedding'], *layers, parameters['output']['W'], parameters['output']['b']] if each is not None]


def gates(stack, layer, x):
    """What the state of the step before is multiplied by, and what is added to it."""
    def candidate(u):
        return torch.where(u >= 0, u + 0.5, torch.sigmoid(u)) if stack['positive'] else u
    parts = (layer['W'] @ x + layer['Wb']).chunk(BLOCKS[stack['cell']])
    if stack['cell'] == 'minGRU':
        z = torch.sigmoid(parts[0])
        return 1 - z, z * candidate(parts[1])
    f, i = torch.sigmoid(parts[0]), torch.sigmoid(parts[1])
    return f / (f + i), i / (f + i) * candidate(parts[2])


def unroll(stack, parameters, ids, state):
    """read [t]; h [layer][direction][t]; scores [t]. state [layer]: what the forward direction begins with."""
    table = torch.eye(stack['vocabulary'], dtype=torch.float64) if parameters['embedding'] is None else parameters['embedding']
    x = [table[token] for token in ids]
    if parameters['embedding'] is None:
        x = [each.clone().requires_grad_() for each in x]
    run, steps = {'read': x, 'h': []}, len(ids)
    for number, directions in enumerate(parameters['layers']):
        nodes = [[None] * steps for _ in directions]
        for direction, layer in enumerate(directions):
            h = torch.zeros(stack['hidden'], dtype=torch.float64) if direction else state[number]
            for t in reversed(range(steps)) if direction else range(steps):
                if stack['truncation'] and (t + direction) % stack['truncation'] == 0:
                    h = h.detach()
                kept, written = gates(stack, layer, x[t])
                h = nodes[direction][t] = kept * h + written
            if steps and not direction:
                check(stack, layer, x, state[number], nodes[direction])
        run['h'].append(nodes)
        x = [torch.cat(outputs) for outputs in zip(*nodes)]
    weights = parameters['embedding'] if stack['tied'] else parameters['output']['W']
    run['scores'] = [weights @ output + parameters['output']['b'] for output in x]
    return run


def check(stack, layer, x, first, states):
    """The states as a sum over steps, and as the scan in logarithms that has been published."""
    with torch.no_grad():
        kept, written = (torch.stack(each) for each in zip(*(gates(stack, layer, each) for each in x)))
        products = [torch.stack([kept[k + 1:t + 1].prod(0) for k in range(t + 1)]) for t in range(len(x))]
        whole = torch.stack([(products[t] * written[:t + 1]).sum(0) + kept[:t + 1].prod(0) * first for t in range(len(x))])
        assert (whole - torch.stack(states)).abs().max() < 1e-13
        if not stack['positive']:
            return
        u = torch.stack([layer['W'] @ each + layer['Wb'] for each in x]).chunk(BLOCKS[stack['cell']], -1)
        log_g = torch.where(u[-1] >= 0, (u[-1].clamp(min=0) + 0.5).log(), -softplus(-u[-1]))
        difference = u[0] if stack['cell'] == 'minGRU' else softplus(-u[0]) - softplus(-u[1])
        log_kept, log_written = -softplus(difference), -softplus(-difference) + log_g
        sums = torch.cat([torch.zeros(1, stack['hidden'], dtype=torch.float64), log_kept.cumsum(0)])
        log_h = sums + torch.logcumsumexp(torch.cat([first.log()[None], log_written]) - sums, 0)
        assert (log_h[1:].exp() - torch.stack(states)).abs().max() < 1e-12


def zero_state(stack):
    return [torch.zeros(stack['hidden'], dtype=torch.float64) for _ in range(stack['layers'])]


def window_case(random, stack, parameters, reading):
    steps, lengths = WINDOWS[reading]
    inside = np.arange(steps)[:, None] < np.array(lengths)

    def ids():
        return np.where(inside, random.integers(0, stack['vocabulary'], inside.shape), -1)
    windows = [(ids(), ids()) for _ in range(2 if reading == 'stream' else 1)]
    leaves, state, losses = leaves_of(parameters), [zero_state(stack) for _ in lengths], []
    for inputs, targets in windows:
        runs = [unroll(stack, leaves, inputs[:length, b].tolist(), state[b]) for b, length in enumerate(lengths)]
        each = [cross_entropy(scores[None], torch.tensor([targets[t, b]])) for b, run in enumerate(runs) for t, scores in enumerate(run['scores'])]
        losses.append(torch.stack(each).mean())
        if reading == 'stream':
            state = [[layer[0][-1].detach() for layer in run['h']] for run in runs]
    loss = losses[-1]

    def total(layer, direction):
        """|dL/dh_t| over units and streams."""
        squares = np.zeros(steps)
        for run in runs:
            found = torch.autograd.grad(loss, run['h'][layer][direction], retain_graph=True, allow_unused=True) if run['h'][layer][direction] else []
            for t, g in enumerate(found):
                squares[t] += 0 if g is None else float(g.pow(2).sum())
        return np.sqrt(squares)
    gradients = iter(torch.autograd.grad(loss, listed(leaves), retain_graph=True))
    return {
        'reading': reading, 'lengths': list(lengths),
        'windows': [{'inputs': inputs, 'targets': targets, 'loss': value.item()} for (inputs, targets), value in zip(windows, losses)],
        'gradients': refilled(parameters, gradients),
        'totals': [[total(layer, direction) for direction in range(stack['directions'])] for layer in range(stack['layers'])],
    }


def refilled(parameters, gradients):
    """The gradients in the nest of the parameters; they come in the order of `listed`."""
    def following(value):
        return None if value is None else next(gradients).numpy()
    embedding = following(parameters['embedding'])
    layers = [[{role: following(layer[role]) for role in ('W', 'Wb')} for layer in directions] for directions in parameters['layers']]
    return {'embedding': embedding, 'layers': layers, 'output': {role: following(parameters['output'][role]) for role in ('W', 'b')}}


def text_case(random, stack, parameters):
    ids = random.integers(0, stack['vocabulary'], STEPS + 1).tolist()
    leaves = leaves_of(parameters)
    run = unroll(stack, leaves, ids[:-1], zero_state(stack))
    each = [cross_entropy(scores[None], torch.tensor([target])) for scores, target in zip(run['scores'], ids[1:])]
    mean = torch.stack(each).mean()
    boundaries = [[run['read']], *run['h']]
    return {
        'ids': ids, 'loss': mean.item(),
        'norms': [[[h.detach().norm().item() for h in nodes] for nodes in layer] for layer in run['h']],
        'totals': [[lengths(mean, [nodes]) for nodes in layer] for layer in run['h']],
        'inputTotals': [lengths(mean, parts) for parts in boundaries],
        'flows': [{'target': target, 'states': [[logarithms(each[target], [nodes]) for nodes in layer] for layer in run['h']],
                   'boundaries': [logarithms(each[target], parts) for parts in boundaries]} for target in (STEPS // 2, STEPS - 1)],
        'inputMatrix': [logarithms(loss, [run['read']]) for loss in each],
        'parameterNorms': [torch.autograd.grad(mean, leaf, retain_graph=True)[0].norm().item() for leaf in listed(leaves)],
    }


def by_step(loss, parts):
    """Of each step the gradient by its nodes in all parts; None where the loss depends on none of them."""
    for nodes in zip(*parts):
        found = [g for g in torch.autograd.grad(loss, nodes, retain_graph=True, allow_unused=True) if g is not None]
        yield torch.cat(found).norm().item() if found else None


def lengths(loss, parts):
    return [length or 0. for length in by_step(loss, parts)]


def logarithms(loss, parts):
    return [None if length is None else float(np.log10(length)) if length > 0 else ZERO for length in by_step(loss, parts)]
