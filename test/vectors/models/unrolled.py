"""Any model of ONNX's recurrent operators in float64, unrolled step by step from the operators' text: every state is a node with its own gradient.

A model is a dict: vocabulary V; embedding [V, E] or None (one-hot); layers, each a dict of cell, clip (or None), linear_before_reset,
input_forget, and directions, each a dict of direction ('forward' or 'backward'), W, R, Wb, Rb in ONNX's gate order, P (or None),
activations [(name, alpha, beta)], h0 and c0 [H] (or None); norm (gamma, beta, epsilon) or None; output (W [V, D*H], b [V]); tied.
"""
import numpy as np
import torch

GATES = {'rnn': 1, 'gru': 3, 'lstm': 4}
# Stands for the logarithm of an exact zero; None for what cannot be reached.
ZERO = -9999.0

ACTIVATIONS = {
    'tanh': lambda x, a, b: torch.tanh(x),
    'relu': lambda x, a, b: torch.relu(x),
    'sigmoid': lambda x, a, b: torch.sigmoid(x),
    'affine': lambda x, a, b: a * x + b,
    'leakyrelu': lambda x, a, b: torch.where(x >= 0, x, a * x),
    'thresholdedrelu': lambda x, a, b: torch.where(x > a, x, torch.zeros_like(x)),
    'scaledtanh': lambda x, a, b: a * torch.tanh(b * x),
    'hardsigmoid': lambda x, a, b: torch.clamp(a * x + b, 0, 1),
    'elu': lambda x, a, b: torch.where(x >= 0, x, a * torch.expm1(x)),
    'softsign': lambda x, a, b: x / (1 + torch.abs(x)),
    'softplus': lambda x, a, b: torch.nn.functional.softplus(x),
}


def usual(cell, activation='tanh'):
    names = {'rnn': [activation], 'gru': ['sigmoid', 'tanh'], 'lstm': ['sigmoid', 'tanh', 'tanh']}[cell]
    return [(name, 0, 0) for name in names]


def step(layer, own, x, h, c):
    """x: [I], or a number: the token of a one-hot row. Returns h, c."""
    W, R, Wb, Rb = own['W'], own['R'], own['Wb'], own['Rb']
    hidden = R.shape[1]
    clip = layer['clip']

    def activation(index, value):
        name, alpha, beta = own['activations'][index]
        return ACTIVATIONS[name](value if clip is None else torch.clamp(value, -clip, clip), alpha, beta)

    wx = (W[:, x] if isinstance(x, int) else W @ x) + Wb
    if layer['cell'] == 'rnn':
        return activation(0, wx + R @ h + Rb), None
    if layer['cell'] == 'gru':
        rows = lambda value, gate: value[gate * hidden:(gate + 1) * hidden]
        z = activation(0, rows(wx, 0) + rows(R, 0) @ h + rows(Rb, 0))
        r = activation(0, rows(wx, 1) + rows(R, 1) @ h + rows(Rb, 1))
        if layer['linear_before_reset']:
            n = activation(1, rows(wx, 2) + r * (rows(R, 2) @ h + rows(Rb, 2)))
        else:
            n = activation(1, rows(wx, 2) + rows(R, 2) @ (r * h) + rows(Rb, 2))
        return (1 - z) * n + z * h, None
    i, o, f, g = (wx + R @ h + Rb).view(4, hidden)
    P = None if own['P'] is None else own['P'].view(3, hidden)
    if P is not None:
        i, f = i + P[0] * c, f + P[2] * c
    i, g = activation(0, i), activation(1, g)
    f = 1 - i if layer['input_forget'] else activation(0, f)
    c = f * c + i * g
    if P is not None:
        o = o + P[1] * c
    return activation(0, o) * ACTIVATIONS[own['activations'][2][0]](c, *own['activations'][2][1:]), c


def leaves(model):
    """The same model over float64 tensors that keep their gradients, and all of those by name."""
    named = {}

    def leaf(name, value):
        if value is None:
            return None
        named[name] = torch.tensor(np.asarray(value, dtype=np.float64), requires_grad=True)
        return named[name]

    def constant(value):
        return None if value is None else torch.tensor(np.asarray(value, dtype=np.float64))

    embedding = leaf('embedding', model['embedding'])
    layers = []
    for number, layer in enumerate(model['layers']):
        directions = []
        for own in layer['directions']:
            of = {role: leaf(f'{number} {own["direction"]} {role}', own[role]) for role in ('W', 'R', 'Wb', 'Rb')}
            directions.append({**own, **of, **{role: constant(own[role]) for role in ('P', 'h0', 'c0')}})
        layers.append({**layer, 'directions': directions})
    norm = model['norm'] and {**model['norm'], 'gamma': constant(model['norm']['gamma']), 'beta': constant(model['norm']['beta'])}
    output = {'W': embedding if model['tied'] else leaf('output W', model['output']['W']), 'b': leaf('output b', model['output']['b'])}
    return {**model, 'embedding': embedding, 'layers': layers, 'norm': norm, 'output': output}, named


def run(model, ids):
    """Losses of every prediction, and the nodes h and c [layer][direction][t]. model: of tensors."""
    inputs, targets = ids[:-1], ids[1:]
    steps = len(inputs)
    x = [token if model['embedding'] is None else model['embedding'][token] for token in inputs]
    nodes = []
    for layer in model['layers']:
        of_layer = []
        for own in layer['directions']:
            hidden = own['R'].shape[1]
            zero = torch.zeros(hidden, dtype=torch.float64)
            h = zero if own['h0'] is None else own['h0']
            c = zero if own['c0'] is None else own['c0']
            hs, cs = [None] * steps, [None] * steps
            for t in range(steps) if own['direction'] == 'forward' else reversed(range(steps)):
                h, c = step(layer, own, x[t], h, c)
                if not h.requires_grad:
                    h.requires_grad_()
                hs[t], cs[t] = h, c
            of_layer.append({'h': hs, 'c': cs if layer['cell'] == 'lstm' else None})
        nodes.append(of_layer)
        x = [torch.cat([own['h'][t] for own in of_layer]) for t in range(steps)]
    if model['norm']:
        gamma, beta, epsilon = model['norm']['gamma'], model['norm']['beta'], model['norm']['epsilon']
        x = [gamma * (y - y.mean()) / torch.sqrt(y.var(unbiased=False) + epsilon) + beta for y in x]
    logits = [model['output']['W'] @ y + model['output']['b'] for y in x]
    losses = [torch.logsumexp(scores, 0) - scores[target] for scores, target in zip(logits, targets)]
    return losses, nodes, logits


def log10(gradient):
    if gradient is None:
        return None
    # Scaled, since the squares would leave what a float holds.
    largest = float(gradient.abs().max())
    return ZERO if largest == 0 else float(np.log10(largest) + np.log10(torch.linalg.vector_norm(gradient / largest)))


def reference(model, ids, with_states=True, with_matrix=True):
    """All that inspection says of a text, as plain lists."""
    tensors, named = leaves(model)
    losses, nodes, logits = run(tensors, ids)
    loss = sum(losses) / len(losses)
    flat = [node for layer in nodes for own in layer for name in ('h', 'c') if own[name] for node in own[name]]
    names = list(named)
    gradients = torch.autograd.grad(loss, [named[name] for name in names] + flat, retain_graph=True)
    norms = {name: float(torch.linalg.vector_norm(gradient)) for name, gradient in zip(names, gradients)}
    of_node = iter(gradients[len(names):])
    last = iter(torch.autograd.grad(losses[-1], flat, retain_graph=True, allow_unused=True))
    layers = []
    for layer in nodes:
        of_layer = []
        for own in layer:
            found = {}
            for name in ('h', 'c'):
                if own[name] is None:
                    continue
                if with_states and name == 'h':
                    found['h'] = [float(value) for node in own['h'] for value in node.detach()]
                found[f'total_{name}'] = [float(torch.linalg.vector_norm(next(of_node))) for _ in own[name]]
                found[f'per_target_{name}'] = [log10(next(last)) for _ in own[name]]
            of_layer.append(found)
        layers.append(of_layer)
    result = {'loss': float(loss), 'layers': layers, 'norms': norms}
    if with_matrix:
        top = nodes[-1][0]['h']
        result['matrix'] = [log10(gradient) for one in losses for gradient in torch.autograd.grad(one, top, retain_graph=True, allow_unused=True)]
    return result
