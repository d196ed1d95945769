"""The cells, unrolled step by step so that every node has its own gradient, and the same model as PyTorch's own modules.

Parameters are numpy arrays in ONNX roles and gate order, per layer: W [G*H, I], R [G*H, H], Wb [G*H], Rb [G*H];
output W [V, H], b [V]. Gates: lstm i, o, f, c; gru z, r, h (linear_before_reset = 1).
"""
import numpy as np
import torch

GATES = {'rnn': ('h',), 'lstm': ('i', 'o', 'f', 'c'), 'gru': ('z', 'r', 'h')}
# Where PyTorch keeps each ONNX gate: lstm i, f, g, o; gru r, z, n.
TORCH_BLOCK = {'rnn': (0,), 'lstm': (0, 3, 1, 2), 'gru': (1, 0, 2)}
ROLES = {'W': 'weight_ih_l', 'R': 'weight_hh_l', 'Wb': 'bias_ih_l', 'Rb': 'bias_hh_l'}


def draw_parameters(random, cell, activation, layers, hidden, vocabulary):
    """Uniform in +-1.5/sqrt(H): larger than PyTorch's default, so that gates and gradients are not all alike."""
    bound = (1.5 if activation == 'tanh' else 1.1) / np.sqrt(hidden)
    rows = len(GATES[cell]) * hidden

    def draw(*shape):
        return random.uniform(-bound, bound, shape)

    stack = []
    for layer in range(layers):
        width = vocabulary if layer == 0 else hidden
        stack.append({'W': draw(rows, width), 'R': draw(rows, hidden), 'Wb': draw(rows), 'Rb': draw(rows)})
    return {'layers': stack, 'output': {'W': draw(vocabulary, hidden), 'b': draw(vocabulary)}}


def map_parameters(function, parameters):
    return {
        'layers': [{role: function(value) for role, value in layer.items()} for layer in parameters['layers']],
        'output': {role: function(value) for role, value in parameters['output'].items()},
    }


def list_parameters(parameters):
    return [layer[role] for layer in parameters['layers'] for role in ROLES] + [parameters['output'][r] for r in ('W', 'b')]


def reorder(cell, array, order):
    blocks = np.split(array, len(GATES[cell]))
    return np.concatenate([blocks[k] for k in order])


class TorchModel:
    """nn.RNN, nn.LSTM or nn.GRU and nn.Linear holding the given parameters, in float64."""

    def __init__(self, cell, activation, parameters):
        layers = parameters['layers']
        vocabulary, hidden = parameters['output']['W'].shape
        kind = {'rnn': torch.nn.RNN, 'lstm': torch.nn.LSTM, 'gru': torch.nn.GRU}[cell]
        extra = {'nonlinearity': activation} if cell == 'rnn' else {}
        self.cell, self.layers = cell, len(layers)
        self.stack = kind(vocabulary, hidden, len(layers), **extra).double()
        self.linear = torch.nn.Linear(hidden, vocabulary).double()
        to_torch = np.argsort(TORCH_BLOCK[cell])
        with torch.no_grad():
            for number, layer in enumerate(layers):
                for role, prefix in ROLES.items():
                    getattr(self.stack, f'{prefix}{number}').copy_(torch.tensor(reorder(cell, layer[role], to_torch)))
            self.linear.weight.copy_(torch.tensor(parameters['output']['W']))
            self.linear.bias.copy_(torch.tensor(parameters['output']['b']))

    def parameters(self):
        return [*self.stack.parameters(), *self.linear.parameters()]

    def collect(self, pick):
        """pick(parameter) of every parameter, in ONNX roles and gate order."""
        def block(prefix, number):
            return reorder(self.cell, pick(getattr(self.stack, f'{prefix}{number}')).detach().numpy(), TORCH_BLOCK[self.cell])
        return {
            'layers': [{role: block(prefix, n) for role, prefix in ROLES.items()} for n in range(self.layers)],
            'output': {'W': pick(self.linear.weight).detach().numpy().copy(), 'b': pick(self.linear.bias).detach().numpy().copy()},
        }

    def loss(self, inputs, targets, state):
        """inputs, targets: ids [T, B]; state as PyTorch takes it. Returns the mean loss in nats and the final state."""
        one_hot = torch.nn.functional.one_hot(inputs, self.linear.out_features).double()
        hidden, final = self.stack(one_hot, state)
        scores = self.linear(hidden)
        return torch.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), targets.reshape(-1)), final


def step(cell, activation, layer, x, h, c):
    """One step of one layer on vectors. Returns h', c' (None but for lstm), gates after activation, pre-activation."""
    a = layer['W'] @ x + layer['Wb']
    b = layer['R'] @ h + layer['Rb']
    if cell == 'rnn':
        return (torch.tanh(a + b) if activation == 'tanh' else torch.relu(a + b)), None, (), a + b
    if cell == 'lstm':
        i, o, f, g = (a + b).chunk(4)
        i, o, f, g = torch.sigmoid(i), torch.sigmoid(o), torch.sigmoid(f), torch.tanh(g)
        after = f * c + i * g
        return o * torch.tanh(after), after, (i, o, f, g), a + b
    az, ar, an = a.chunk(3)
    bz, br, bn = b.chunk(3)
    z, r = torch.sigmoid(az + bz), torch.sigmoid(ar + br)
    n = torch.tanh(an + r * bn)
    return (1 - z) * n + z * h, None, (z, r, n), torch.cat([az + bz, ar + br, an + r * bn])


def unroll(cell, activation, parameters, ids, h0, c0):
    """parameters: torch tensors. ids: T inputs. h0, c0: per layer. All lists below are [layer][t]; scores is [t]."""
    count = len(parameters['layers'])
    vocabulary = parameters['output']['W'].shape[0]
    h, c = list(h0), list(c0)
    run = {name: [[] for _ in range(count)] for name in ('h', 'c', 'gates', 'pre')}
    run['scores'] = []
    for token in ids:
        x = torch.nn.functional.one_hot(torch.tensor(token), vocabulary).double()
        for number, layer in enumerate(parameters['layers']):
            h[number], c[number], gates, pre = step(cell, activation, layer, x, h[number], c[number])
            for name, value in zip(('h', 'c', 'gates', 'pre'), (h[number], c[number], gates, pre)):
                run[name][number].append(value)
            x = h[number]
        run['scores'].append(parameters['output']['W'] @ x + parameters['output']['b'])
    return run
