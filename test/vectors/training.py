"""One batch of truncated BPTT from a carried-in, detached state, and what clipping and the optimizers make of it."""
import numpy as np
import torch

from cells import GATES, TorchModel, list_parameters, map_parameters, unroll
from inspection import contributions, numbers

CLIP = 0.1
OPTIMIZERS = [
    {'name': 'sgd', 'learningRate': 0.5, 'momentum': 0.0, 'steps': 1},
    {'name': 'sgd', 'learningRate': 0.3, 'momentum': 0.9, 'steps': 3},
    {'name': 'adam', 'learningRate': 0.01, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-8, 'steps': 3},
]


def make_optimizer(settings, parameters):
    if settings['name'] == 'sgd':
        return torch.optim.SGD(parameters, lr=settings['learningRate'], momentum=settings['momentum'])
    betas = (settings['beta1'], settings['beta2'])
    return torch.optim.Adam(parameters, lr=settings['learningRate'], betas=betas, eps=settings['epsilon'])


def gradient_norm(model):
    return float(np.sqrt(sum(float((p.grad ** 2).sum()) for p in model.parameters())))


def train(cell, activation, parameters, inputs, targets, h0, c0):
    """inputs, targets: ids [B][T]; h0, c0: [layer, B, H], c0 None but for lstm."""
    ids, wanted = torch.tensor(inputs).T, torch.tensor(targets).T
    state = torch.tensor(h0) if c0 is None else (torch.tensor(h0), torch.tensor(c0))

    def backward(model):
        for parameter in model.parameters():
            parameter.grad = None
        loss, final = model.loss(ids, wanted, state)
        loss.backward()
        return loss, final

    model = TorchModel(cell, activation, parameters)
    loss, final = backward(model)
    gradient = model.collect(lambda parameter: parameter.grad)
    before = gradient_norm(model)
    final_h, final_c = (final, None) if c0 is None else final

    clipping = []
    for maximum in (CLIP, 100.0):
        backward(model)
        reported = float(torch.nn.utils.clip_grad_norm_(model.parameters(), maximum))
        assert abs(reported - before) < 1e-13
        clipping.append({'maximum': maximum, 'before': reported, 'after': gradient_norm(model)})
    assert clipping[0]['after'] < 0.99 * before and abs(clipping[1]['after'] - before) < 1e-13

    optimizers = []
    for settings in OPTIMIZERS:
        model = TorchModel(cell, activation, parameters)
        optimizer = make_optimizer(settings, model.parameters())
        losses, norms = [], []
        for _ in range(settings['steps']):
            step_loss, _ = backward(model)
            losses.append(float(step_loss))
            norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)))
            optimizer.step()
        optimizers.append({**settings, 'clipNorm': CLIP, 'losses': losses, 'normsBefore': norms,
                           'parameters': model.collect(lambda parameter: parameter)})

    return {
        'inputs': inputs,
        'targets': targets,
        'initial': {'h': h0, 'c': c0},
        'loss': float(loss),
        'final': {'h': final_h.detach().numpy(), 'c': None if final_c is None else final_c.detach().numpy()},
        'gradients': gradient,
        'globalNorm': before,
        'clipping': clipping,
        'optimizers': optimizers,
        'contributions': first_stream(cell, activation, parameters, inputs[0], targets[0][-1], h0, c0),
    }


def first_stream(cell, activation, parameters, ids, target, h0, c0):
    """Hidden-state contributions with a carried-in state: those of stream 0 of the batch."""
    if cell == 'rnn':
        return None
    tensors = map_parameters(torch.tensor, parameters)
    c0 = h0 if c0 is None else c0
    run = unroll(cell, activation, tensors, ids, [torch.tensor(h) for h in h0[:, 0]], [torch.tensor(c) for c in c0[:, 0]])
    top = {
        'hidden': numbers(run['h'][-1]),
        'cell': numbers(run['c'][-1]) if cell == 'lstm' else None,
        'gates': {name: numbers([gates[k] for gates in run['gates'][-1]]) for k, name in enumerate(GATES[cell])},
    }
    return contributions(cell, parameters, top, c0[-1, 0], target)


def smallest_preactivation(cell, activation, parameters, inputs, h0):
    """Distance to the kink of relu: central differences are of no use across it."""
    tensors = map_parameters(torch.tensor, parameters)
    runs = [unroll(cell, activation, tensors, ids, [torch.tensor(h) for h in h0[:, b]], [None] * len(h0))
            for b, ids in enumerate(inputs)]
    return min(float(pre.abs().min()) for run in runs for row in run['pre'] for pre in row)
