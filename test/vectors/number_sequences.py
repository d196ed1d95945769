"""Sequences of numbers with squared errors at their ends: nn.RNN, nn.LSTM and nn.GRU on numbers, torch.nn.MSELoss, all in float64.

/usr/bin/python3 test/vectors/make_vectors.py numbers writes data/numbers. Of a batch of sequences of several lengths loss and parameter gradients, by PyTorch's own
modules; of the first sequence alone the gradients of its squared error by every state and every number that is read, by autograd on the cells unrolled.
"""
import numpy as np
import torch

from cells import ROLES, TORCH_BLOCK, TorchModel, list_parameters, map_parameters, reorder, step

FEATURES, OUTPUTS = 3, 2
LENGTHS = (9, 4, 1, 6)
CELLS = [('rnn', 'tanh', 6), ('rnn', 'relu', 6), ('lstm', 'tanh', 5), ('gru', 'tanh', 5)]


class NumberModel(TorchModel):
    """The same modules, with numbers in place of one-hot tokens."""

    def __init__(self, cell, activation, parameters):
        layers = parameters['layers']
        outputs, hidden = parameters['output']['W'].shape
        kind = {'rnn': torch.nn.RNN, 'lstm': torch.nn.LSTM, 'gru': torch.nn.GRU}[cell]
        extra = {'nonlinearity': activation} if cell == 'rnn' else {}
        self.cell, self.layers = cell, len(layers)
        self.stack = kind(layers[0]['W'].shape[1], hidden, len(layers), **extra).double()
        self.linear = torch.nn.Linear(hidden, outputs).double()
        to_torch = np.argsort(TORCH_BLOCK[cell])
        with torch.no_grad():
            for number, layer in enumerate(layers):
                for role, prefix in ROLES.items():
                    getattr(self.stack, f'{prefix}{number}').copy_(torch.tensor(reorder(cell, layer[role], to_torch)))
            self.linear.weight.copy_(torch.tensor(parameters['output']['W']))
            self.linear.bias.copy_(torch.tensor(parameters['output']['b']))

    def batch_loss(self, sequences):
        last = torch.stack([self.linear(self.stack(torch.tensor(x)[:, None, :])[0][-1, 0]) for x, _ in sequences])
        return torch.nn.MSELoss()(last, torch.tensor(np.array([y for _, y in sequences])))


def draw(random, cell, activation, layers, hidden):
    bound = (1.5 if activation == 'tanh' else 1.1) / np.sqrt(hidden)
    rows = len(TORCH_BLOCK[cell]) * hidden

    def uniform(*shape):
        return random.uniform(-bound, bound, shape)

    stack = [{'W': uniform(rows, FEATURES if layer == 0 else hidden), 'R': uniform(rows, hidden), 'Wb': uniform(rows),
              'Rb': uniform(rows)} for layer in range(layers)]
    return {'layers': stack, 'output': {'W': uniform(OUTPUTS, hidden), 'b': uniform(OUTPUTS)}}


def one_sequence(cell, activation, parameters, x, y):
    """Of one sequence: its squared error, and log10 of the lengths of the gradients by states and inputs. Also the smallest pre-activation."""
    tensors = map_parameters(lambda value: torch.tensor(value, requires_grad=True), parameters)
    inputs = [torch.tensor(row, requires_grad=True) for row in x]
    hidden = parameters['output']['W'].shape[1]
    count = len(parameters['layers'])
    h = [torch.zeros(hidden, dtype=torch.float64)] * count
    c = [torch.zeros(hidden, dtype=torch.float64)] * count
    states = {'h': [[] for _ in range(count)], 'c': [[] for _ in range(count)]}
    margin = np.inf
    for below in inputs:
        for number, layer in enumerate(tensors['layers']):
            h[number], c[number], _, pre = step(cell, activation, layer, below, h[number], c[number])
            margin = min(margin, pre.abs().min().item())
            for name, value in (('h', h[number]), ('c', c[number])):
                if value is not None:
                    value.retain_grad()
                    states[name][number].append(value)
            below = h[number]
    predicted = tensors['output']['W'] @ below + tensors['output']['b']
    loss = torch.nn.MSELoss()(predicted, torch.tensor(y))
    loss.backward()

    def lengths(values):
        return np.array([torch.log10(value.grad.norm()).item() for value in values])

    return {
        'loss': loss.item(), 'predicted': predicted.detach().numpy(),
        'hidden': [lengths(layer) for layer in states['h']],
        'cell': [lengths(layer) for layer in states['c']] if cell == 'lstm' else None,
        'input': lengths(inputs),
        'inputGradients': np.array([value.grad.numpy() for value in inputs]),
        'gradients': map_parameters(lambda value: value.grad.numpy(), tensors),
    }, margin


def number_case(cell, activation, layers, hidden):
    for seed in range(100 * layers, 100 * layers + 100):
        random = np.random.default_rng(seed)
        parameters = draw(random, cell, activation, layers, hidden)
        sequences = [(random.uniform(-1, 1, (length, FEATURES)), random.uniform(-1, 1, OUTPUTS)) for length in LENGTHS]
        alone = [one_sequence(cell, activation, parameters, x, y) for x, y in sequences]
        if activation == 'relu' and (min(margin for _, margin in alone) < 5e-4 or not all(np.isfinite(v).all() for v in alone[0][0]['hidden'])):
            continue
        model = NumberModel(cell, activation, parameters)
        loss = model.batch_loss(sequences)
        loss.backward()
        gradients = model.collect(lambda parameter: parameter.grad)
        mean = np.mean([one['loss'] for one, _ in alone])
        assert abs(loss.item() - mean) < 1e-12
        for whole, *parts in zip(list_parameters(gradients), *(list_parameters(one['gradients']) for one, _ in alone)):
            assert np.abs(whole - np.mean(parts, axis=0)).max() < 1e-12
        first = {key: value for key, value in alone[0][0].items() if key != 'gradients' and value is not None}
        return {
            'cell': cell, 'activation': activation, 'hiddenSize': hidden, 'features': FEATURES, 'outputs': OUTPUTS, 'seed': seed,
            'parameters': parameters,
            'sequences': [{'inputs': x, 'targets': y} for x, y in sequences],
            'loss': loss.item(), 'gradients': gradients, 'first': first,
        }
    raise RuntimeError(f'no seed keeps {cell} {activation} away from the kink of relu')


def number_cases():
    for cell, activation, hidden in CELLS:
        for layers in (1, 2):
            name = f'{cell}-{activation}-{layers}' if cell == 'rnn' else f'{cell}-{layers}'
            yield name, number_case(cell, activation, layers, hidden)
