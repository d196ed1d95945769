"""What inspecting one stretch of text gives: B = 1, zero initial state, inputs ids[0..T-1], targets ids[1..T]."""
import numpy as np
import torch

from cells import GATES, TorchModel, list_parameters, map_parameters, unroll


def log10_norm(vector):
    """None stands for the logarithm of exactly zero."""
    norm = float(np.linalg.norm(vector))
    return float(np.log10(norm)) if norm > 0 else None


def gradients(loss, nodes):
    """d loss / d node for nested lists of nodes; zeros where the loss does not depend on it."""
    flat = [node for row in nodes for node in row]
    found = torch.autograd.grad(loss, flat, retain_graph=True, allow_unused=True)
    arrays = [np.zeros(node.shape) if g is None else g.numpy() for node, g in zip(flat, found)]
    width = len(nodes[0])
    return [np.array(arrays[k:k + width]) for k in range(0, len(arrays), width)]


def inspect(cell, activation, parameters, ids):
    hidden = parameters['output']['W'].shape[1]
    count, steps = len(parameters['layers']), len(ids) - 1
    leaves = map_parameters(lambda value: torch.tensor(value, requires_grad=True), parameters)
    zero = [torch.zeros(hidden, dtype=torch.float64) for _ in range(count)]
    run = unroll(cell, activation, leaves, ids[:-1], zero, zero)
    scores = torch.stack(run['scores'])
    losses = torch.nn.functional.cross_entropy(scores, torch.tensor(ids[1:]), reduction='none')
    loss = losses.mean()
    lstm = cell == 'lstm'

    total = gradients(loss, run['h'])
    total_cell = gradients(loss, run['c']) if lstm else None
    per_target = [gradients(losses[target], run['h']) for target in range(steps)]
    per_target_cell = [gradients(losses[target], run['c']) for target in range(steps)] if lstm else None
    by_unrolling = torch.autograd.grad(loss, list_parameters(leaves), retain_graph=True)

    # The same numbers from PyTorch's own modules: the parameter gradients written are theirs.
    model = TorchModel(cell, activation, parameters)
    inputs, targets = torch.tensor(ids[:-1])[:, None], torch.tensor(ids[1:])[:, None]
    fused, _ = model.loss(inputs, targets, None)
    fused.backward()
    gradient = model.collect(lambda parameter: parameter.grad)
    assert abs(float(fused) - float(loss)) < 1e-13
    for ours, theirs in zip(by_unrolling, list_parameters(gradient)):
        assert np.abs(ours.numpy() - theirs).max() <= 1e-12 * max(1e-3, np.abs(theirs).max())
    # (1/n) sum over targets of the per-target gradients is the total gradient.
    for number in range(count):
        mean = sum(per_target[target][number] for target in range(steps)) / steps
        assert np.abs(mean - total[number]).max() < 1e-14

    layers = []
    for number in range(count):
        values = {
            'hidden': numbers(run['h'][number]),
            'cell': numbers(run['c'][number]) if lstm else None,
            'gates': None if cell == 'rnn' else {
                name: numbers([gates[k] for gates in run['gates'][number]]) for k, name in enumerate(GATES[cell])
            },
            'total': total[number],
            'totalCell': total_cell[number] if lstm else None,
            'perTargetLast': per_target[-1][number],
            'perTargetCellLast': per_target_cell[-1][number] if lstm else None,
        }
        layers.append({
            **values,
            **{f'{name}Norm': None if values[name] is None else np.linalg.norm(values[name], axis=1)
               for name in ('hidden', 'total', 'totalCell')},
            'perTargetLog10': [[log10_norm(per_target[target][number][t]) for t in range(target + 1)] for target in range(steps)],
            'perTargetCellLog10': [[log10_norm(per_target_cell[target][number][t]) for t in range(target + 1)]
                                  for target in range(steps)] if lstm else None,
        })
    norms = map_parameters(lambda value: float(np.linalg.norm(value)), gradient)
    return {
        'ids': ids,
        'loss': float(loss),
        'losses': losses.detach().numpy(),
        'probabilities': torch.softmax(scores, 1).detach().numpy(),
        'layers': layers,
        'gradients': gradient,
        'gradientNorms': {**norms, 'global': float(np.sqrt(sum(n * n for n in list_parameters(norms))))},
        'contributions': contributions(cell, parameters, layers[-1], np.zeros(hidden), ids[-1]),
    }


def numbers(tensors):
    return np.array([tensor.detach().numpy() for tensor in tensors])


def contributions(cell, parameters, top, carried, target):
    """Additive parts of the target's logit (without its bias) at the last step, the gates held fixed: of the carried-in
    state (lstm c, gru h) first, then of each token. Written as the sums of products themselves, in numpy, no recurrence.
    """
    if cell == 'rnn':
        return None
    weights = parameters['output']['W'][target]
    gates = top['gates']
    keep = gates['f' if cell == 'lstm' else 'z']
    written = gates['i'] * gates['c'] if cell == 'lstm' else (1 - gates['z']) * gates['h']
    last = len(keep) - 1
    terms = [np.prod(keep, axis=0) * carried]
    terms += [np.prod(keep[k + 1:], axis=0) * written[k] for k in range(last + 1)]
    if cell == 'lstm':
        assert np.abs(sum(terms) - top['cell'][last]).max() < 1e-14
        sums = np.cumsum([np.zeros_like(carried), *terms], axis=0)
        parts = [weights @ (gates['o'][last] * (np.tanh(sums[k + 1]) - np.tanh(sums[k]))) for k in range(last + 2)]
    else:
        assert np.abs(sum(terms) - top['hidden'][last]).max() < 1e-14
        parts = [weights @ term for term in terms]
    whole = float(weights @ top['hidden'][last])
    assert abs(sum(parts) - whole) < 1e-13
    return {'target': target, 'carriedIn': float(parts[0]), 'tokens': np.array(parts[1:]), 'whole': whole}
