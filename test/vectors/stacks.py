"""Every combination of cell, layers, directions, reading and objective, and the extras: embedding, tied output, truncation, dropout.

A window is a dict: inputs and targets [T, B] (-1 where there is nothing to read or to predict), lengths [B], masks [layers - 1]
[T, B, D*H] or None.
"""
import numpy as np
import torch

from stack_modules import TorchStack
from stack_unrolled import carried, draw_parameters, list_parameters, map_parameters, unroll, zero_state

CELLS = [('rnn', 'tanh'), ('rnn', 'relu'), ('lstm', 'tanh'), ('gru', 'tanh')]
# Odd sizes, at least one of each cell above the four lanes of a SIMD register.
HIDDEN = {('rnn', 'tanh'): (5, 3), ('rnn', 'relu'): (4, 5), ('lstm', 'tanh'): (5, 4), ('gru', 'tanh'): (4, 5)}
# reading -> steps of a window, length of each stream.
READINGS = {'stream': (8, (8, 8, 8)), 'sequences': (7, (4, 7, 0, 1))}
ALL = [(reading, objective) for reading in READINGS for objective in ('next', 'masked')]
KINK = 5e-4


def stack_cases():
    """Yields (name, case)."""
    seed = 1
    for name, stack, dropout, readings in described():
        yield name, make_case(stack, dropout, readings, seed)
        seed += 1000


def described():
    """name, stack, dropout (or None), [(reading, objective)]."""
    for number, (cell, activation) in enumerate(CELLS):
        kind = f'rnn-{activation}' if cell == 'rnn' else cell

        def stack(layers, directions, **extras):
            hidden = HIDDEN[cell, activation][directions - 1]
            return {'cell': cell, 'activation': activation, 'layers': layers, 'directions': directions, 'hidden': hidden, 'vocabulary': 7,
                    'embedding': None, 'tied': False, 'truncation': None, **extras}

        def tied(layers, directions, **extras):
            return stack(layers, directions, embedding=directions * HIDDEN[cell, activation][directions - 1], tied=True, **extras)

        for layers in (1, 2):
            for directions in (1, 2):
                yield f'{kind}-{layers}-{directions}', stack(layers, directions), None, ALL
        if cell == 'lstm':
            yield f'{kind}-3-2', stack(3, 2), None, [('stream', 'next'), ('sequences', 'masked')]
        # What one cell has in one direction the next has in two, and likewise the objectives.
        one, other = (1, 2) if number % 2 == 0 else (2, 1)
        crossed = [('stream', 'next'), ('sequences', 'masked')] if number % 2 == 0 else [('stream', 'masked'), ('sequences', 'next')]
        yield f'{kind}-embedding', stack(2, one, embedding=6), None, crossed
        yield f'{kind}-tied', tied(1, other), None, crossed
        yield f'{kind}-truncated', stack(2, 2, truncation=3), None, crossed
        yield f'{kind}-dropout', stack(3 if one == 1 else 2, one), 0.5, crossed
        yield f'{kind}-everything', tied(2, other, truncation=3), 0.2, [('stream', 'next'), ('sequences', 'next')]


def make_case(stack, dropout, readings, first_seed):
    for seed in range(first_seed, first_seed + 1000):
        random = np.random.default_rng(seed)
        parameters = draw_parameters(random, stack)
        results = []
        for reading, objective in readings:
            windows = [draw_window(random, stack, dropout, reading, objective) for _ in range(2 if reading == 'stream' else 1)]
            result = evaluate(stack, parameters, windows)
            if result is None:
                break
            results.append({'reading': reading, 'objective': objective, **result})
        else:
            return {**stack, 'seed': seed, 'parameters': parameters, 'readings': results}
    raise RuntimeError(f'no seed will do for {stack}')


def draw_window(random, stack, dropout, reading, objective):
    steps, lengths = READINGS[reading]
    inside = np.arange(steps)[:, None] < np.array(lengths)
    shape = inside.shape
    inputs = np.where(inside, random.integers(0, stack['vocabulary'], shape), -1)
    predicted = inside
    if objective == 'masked':
        # The longest stream has at least two targets, the first stream none, and a step has none in any stream.
        predicted = inside & (random.random(shape) < 0.4)
        predicted[[2, 5], np.argmax(lengths[1:]) + 1] = True
        predicted[:, 0] = predicted[3] = False
    targets = np.where(predicted, random.integers(0, stack['vocabulary'], shape), -1)
    masks = None
    if dropout is not None:
        width = stack['directions'] * stack['hidden']
        masks = [(random.random((*shape, width)) >= dropout) / (1 - dropout) for _ in range(stack['layers'] - 1)]
    return {'inputs': inputs, 'targets': targets, 'lengths': list(lengths), 'masks': masks}


def evaluate(stack, parameters, windows):
    """Loss of each window, the state carried on; of the last, everything else. None: a derivative of relu is undecided or all zero."""
    leaves = map_parameters(lambda values: torch.tensor(values, requires_grad=True), parameters)
    streams = range(len(windows[0]['lengths']))
    states = [zero_state(stack) for _ in streams]
    losses = []
    for window in windows:
        runs = [unroll(stack, leaves, ids_of(window, b), states[b], masks_of(window, b)) for b in streams]
        items = [stream_losses(run, window['targets'][:, b]) for b, run in enumerate(runs)]
        loss = torch.stack([item for of_stream in items for item in of_stream.values()]).mean()
        losses.append(loss)
        if stack['activation'] == 'relu' and smallest_preactivation(runs) < KINK:
            return None
        if len(windows) > 1:
            states = [carried(stack, run) for run in runs]
    gradients = check_with_modules(stack, parameters, windows, leaves, losses)
    # Of what inspecting gives, which neither truncates nor drops.
    plain = stack['truncation'] is None and windows[-1]['masks'] is None
    per_target = [per_target_norms(stack, run, b, t, items[b][t]) for b, run, t in chosen_targets(runs, items)] if plain else []
    if None in per_target:
        return None
    return {
        'windows': [{**window, 'loss': value.item()} for window, value in zip(windows, losses)],
        'states': [[states_of(stack, runs, losses[-1], layer, direction, len(windows[-1]['inputs']))
                    for direction in range(stack['directions'])] for layer in range(stack['layers'])],
        'gradients': gradients,
        'perTarget': per_target,
    }


def ids_of(window, b):
    return window['inputs'][:window['lengths'][b], b].tolist()


def masks_of(window, b):
    return window['masks'] and [torch.tensor(mask[:, b]) for mask in window['masks']]


def stream_losses(run, targets):
    """{t: loss at t} where there is something to predict."""
    return {t: torch.nn.functional.cross_entropy(scores[None], torch.tensor([targets[t]]))
            for t, scores in enumerate(run['scores']) if targets[t] >= 0}


def smallest_preactivation(runs):
    return min(float(pre.abs().min()) for run in runs for layer in run['pre'] for steps in layer for pre in steps)


def check_with_modules(stack, parameters, windows, leaves, losses):
    """The gradients of the last window as PyTorch's modules give them, which are the unrolled cells' to 1e-12."""
    in_parts = stack['truncation'] is not None or windows[-1]['masks'] is not None
    model, state = TorchStack(stack, parameters, in_parts), None
    for window, loss in zip(windows, losses):
        fused, state = model.loss(window, state)
        assert abs(fused.item() - loss.item()) < 1e-12
    fused.backward()
    gradients = model.gradients()
    unrolled = torch.autograd.grad(losses[-1], list_parameters(leaves), retain_graph=True)
    for ours, theirs in zip(unrolled, list_parameters(gradients)):
        assert np.abs(ours.numpy() - theirs).max() <= 1e-12 * max(1e-3, np.abs(theirs).max())
    return gradients


def states_of(stack, runs, loss, layer, direction, steps):
    """h, c and the loss's gradients of them, [T, B, H] each, zero where a stream has ended; c None but for lstm."""
    def series(name, value_of):
        if name == 'c' and stack['cell'] != 'lstm':
            return None
        result = np.zeros((steps, len(runs), stack['hidden']))
        for b, run in enumerate(runs):
            for t, node in enumerate(run[name][layer][direction]):
                result[t, b] = value_of(node)
        return result

    def gradient(node):
        found, = torch.autograd.grad(loss, node, retain_graph=True, allow_unused=True)
        return 0 if found is None else found.numpy()
    return {'h': series('h', lambda node: node.detach().numpy()), 'c': series('c', lambda node: node.detach().numpy()),
            'totalH': series('h', gradient), 'totalC': series('c', gradient)}


def chosen_targets(runs, items):
    """(stream, its run, step): a target in the middle of the longest stream, the last one of another stream, or of this one."""
    lengths = [len(run['scores']) for run in runs]
    able = [b for b, of_stream in enumerate(items) if of_stream]
    longest = max(able, key=lambda b: (lengths[b], b))
    other = max((b for b in able if b != longest), key=lambda b: lengths[b], default=longest)
    middle = list(items[longest])[(len(items[longest]) - 1) // 2]
    return [(longest, runs[longest], middle), (other, runs[other], max(items[other]))]


def per_target_norms(stack, run, stream, target, loss):
    """log10 |d loss / d h_t| [layer][direction][t] and of c_t, None where the loss cannot be reached. None: one is exactly zero."""
    def logarithms(nodes):
        found = torch.autograd.grad(loss, nodes, retain_graph=True, allow_unused=True)
        norms = [None if g is None else float(g.norm()) for g in found]
        return [None if norm is None else float(np.log10(norm)) if norm > 0 else -np.inf for norm in norms]

    def of_all(name):
        return [[logarithms(nodes) for nodes in layer] for layer in run[name]]
    h, c = of_all('h'), of_all('c') if stack['cell'] == 'lstm' else None
    if any(-np.inf in steps for layer in h for steps in layer):
        return None
    return {'stream': stream, 'target': target, 'h': h, 'c': c}
