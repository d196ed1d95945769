"""Small GPT-2-like models by torch.nn.functional.scaled_dot_product_attention in float64, with every gradient by autograd.

    PYTHON test/vectors/attention.py        PyTorch 2.0 or later; writes data/attention/*.json and data/attention.json (known answers)

Every stream is run alone and unpadded, so that padding is not so much masked as absent. Parameters are no data: element k (row-major) of
parameter p is s * sin(1 + 0.7 p + 1.3 k), p counted in the order of `draw`, gains of norms 1 + that; any language can repeat them.
The input at boundary l is what layer l + 1 reads, before its norm; boundary N is what the final norm reads.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
DATA = pathlib.Path(__file__).parent / 'data'
V, D, HEADS, CONTEXT, EPSILON = 7, 8, 2, 9, 1e-5
ZERO = -9999

# name -> what differs from a GPT-2-like model of that many layers; lengths of the streams.
STREAM, SEQUENCES = (6, 6), (4, 7, 0, 1)
USUAL = {'layers': 2, 'biases': True, 'positions': 'learned', 'tied': False, 'norm': 'layerNorm', 'residual': True, 'finalNorm': 'layerNorm'}
CASES = {
    'one': ({'layers': 1}, STREAM),
    'one-padded': ({'layers': 1, 'positions': 'rotary', 'biases': False}, SEQUENCES),
    'two': ({}, STREAM),
    'two-padded': ({}, SEQUENCES),
    'two-rotary': ({'positions': 'rotary'}, STREAM),
    'two-no-positions': ({'positions': 'none', 'biases': False}, SEQUENCES),
    'two-tied': ({'tied': True, 'biases': False}, STREAM),
    'two-rms': ({'norm': 'rmsNorm', 'finalNorm': 'rmsNorm', 'positions': 'rotary'}, SEQUENCES),
    'two-bare': ({'norm': 'none', 'residual': False, 'finalNorm': 'none'}, STREAM),
    'two-no-residual': ({'residual': False}, SEQUENCES),
    'two-no-norm': ({'norm': 'none', 'finalNorm': 'none', 'tied': True}, SEQUENCES),
    'four': ({'layers': 4, 'positions': 'rotary', 'biases': False}, STREAM),
    'four-padded': ({'layers': 4}, SEQUENCES),
}


class Draw:
    """Parameters by the formula, in the order in which they are asked for."""

    def __init__(self, scale=0.5):
        self.p, self.scale, self.all = 0, scale, {}

    def __call__(self, name, *shape, gain=False):
        k = torch.arange(math.prod(shape))
        values = self.scale * torch.sin(1 + 0.7 * self.p + 1.3 * k)
        self.p += 1
        self.all[name] = (1 + values if gain else values).view(*shape).requires_grad_()


def draw_model(model):
    draw = Draw()
    draw('embedding', V, D)
    if model['positions'] == 'learned':
        draw('positions', CONTEXT, D)
    for layer in range(model['layers']):
        for sublayer, weights in (('mha', (('Wqkv', 3 * D, D), ('bqkv', 3 * D), ('Wo', D, D), ('bo', D))),
                                  ('mlp', (('W1', 4 * D, D), ('b1', 4 * D), ('W2', D, 4 * D), ('b2', D)))):
            draw_norm(draw, f'layer{layer}.{sublayer}', model['norm'])
            for role, *shape in weights:
                if model['biases'] or len(shape) > 1:
                    draw(f'layer{layer}.{sublayer}.{role}', *shape)
    draw_norm(draw, 'final', model['finalNorm'])
    if not model['tied']:
        draw('output.W', V, D)
    draw('output.b', V)
    return draw.all


def draw_norm(draw, at, kind):
    if kind != 'none':
        draw(f'{at}.gamma', D, gain=True)
    if kind == 'layerNorm':
        draw(f'{at}.beta', D)


def normalize(x, parameters, at, kind):
    if kind == 'layerNorm':
        return F.layer_norm(x, (D,), parameters[f'{at}.gamma'], parameters[f'{at}.beta'], EPSILON)
    if kind == 'rmsNorm':
        return parameters[f'{at}.gamma'] * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON)
    return x


def rotate(x):
    """[heads, T, d]: pairs (i, i + d/2) by t / 10000^(2i/d)."""
    _, steps, size = x.shape
    angles = torch.arange(steps)[:, None] * 1e4 ** (-torch.arange(size // 2) * 2 / size)
    cosine, sine = torch.cos(angles), torch.sin(angles)
    a, b = x[..., :size // 2], x[..., size // 2:]
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine], -1)


def run(model, parameters, ids):
    """Inputs at every boundary, [T, D] each, and scores [T, V]."""
    x = parameters['embedding'][ids]
    if model['positions'] == 'learned':
        x = x + parameters['positions'][:len(ids)]
    boundaries = [x]
    for layer in range(model['layers']):
        for sublayer in (attend, expand):
            y = sublayer(model, parameters, f'layer{layer}', x)
            x = x + y if model['residual'] else y
        boundaries.append(x)
    top = normalize(x, parameters, 'final', model['finalNorm'])
    W = parameters['embedding' if model['tied'] else 'output.W']
    return boundaries, top @ W.T + parameters['output.b']


def attend(model, parameters, at, x):
    x = normalize(x, parameters, f'{at}.mha', model['norm'])
    def linear(x, weights, bias):
        return F.linear(x, parameters[f'{at}.mha.{weights}'], parameters.get(f'{at}.mha.{bias}'))
    q, k, v = (part.view(len(x), HEADS, D // HEADS).transpose(0, 1) for part in linear(x, 'Wqkv', 'bqkv').split(D, 1))
    if model['positions'] == 'rotary':
        q, k = rotate(q), rotate(k)
    y = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
    return linear(y.transpose(0, 1).reshape(len(x), D), 'Wo', 'bo')


def expand(model, parameters, at, x):
    x = normalize(x, parameters, f'{at}.mlp', model['norm'])
    hidden = F.gelu(F.linear(x, parameters[f'{at}.mlp.W1'], parameters.get(f'{at}.mlp.b1')))
    return F.linear(hidden, parameters[f'{at}.mlp.W2'], parameters.get(f'{at}.mlp.b2'))


def tokens(count):
    found, s = [], 1
    for _ in range(count):
        s = (75 * s + 74) % 65537
        found.append(s % V)
    return found


def digits(tensor):
    return [float(f'{value:.7e}') for value in tensor.detach().reshape(-1).tolist()]


def logarithm(norm):
    return round(math.log10(norm), 7) if norm > 0 else ZERO


def log_norms(gradients):
    """Of each row of all streams' gradients, [T]; streams that have ended count nothing."""
    steps = max(map(len, gradients))
    return [logarithm(math.sqrt(sum(float(g[t].pow(2).sum()) for g in gradients if t < len(g)))) for t in range(steps)]


def make_case(differs, lengths):
    model = {**USUAL, **differs}
    parameters = draw_model(model)
    drawn = iter(tokens(2 * sum(lengths)))
    streams = [([next(drawn) for _ in range(length)], [next(drawn) for _ in range(length)]) for length in lengths]
    runs = [run(model, parameters, torch.tensor(ids, dtype=torch.long)) for ids, _ in streams]
    items = [F.cross_entropy(scores, torch.tensor(targets, dtype=torch.long), reduction='none') for (_, scores), (_, targets) in zip(runs, streams)]
    loss = torch.cat(items).mean()
    gradients = torch.autograd.grad(loss, list(parameters.values()), retain_graph=True)
    boundaries = range(model['layers'] + 1)
    totals = [log_norms(torch.autograd.grad(loss, [b[l] for b, _ in runs], retain_graph=True, allow_unused=True, materialize_grads=True)) for l in boundaries]
    longest = max(range(len(lengths)), key=lambda b: lengths[b])
    per_target = []
    for target in (lengths[longest] - 1, 2):
        found = torch.autograd.grad(items[longest][target], runs[longest][0], retain_graph=True)
        per_target.append({'stream': longest, 'target': target,
                           'inputs': [[None if t > target else logarithm(float(g[t].norm())) for t in range(len(g))] for g in found]})
    return {**model, 'vocabulary': V, 'width': D, 'heads': HEADS, 'context': CONTEXT, 'lengths': list(lengths),
            'inputs': [ids for ids, _ in streams], 'targets': [targets for _, targets in streams], 'loss': loss.item(),
            'gradients': {name: digits(g) for name, g in zip(parameters, gradients)}, 'totals': totals, 'perTarget': per_target}


def write(path, value):
    def lines(item, depth):
        if isinstance(item, dict) and depth < 2:
            return '{\n' + ',\n'.join(f'{json.dumps(key)}: {lines(of, depth + 1)}' for key, of in item.items()) + '\n}'
        return json.dumps(item)
    path.parent.mkdir(exist_ok=True)
    path.write_text(lines(value, 0) + '\n')


if __name__ == '__main__':
    for name, (differs, lengths) in CASES.items():
        write(DATA / 'attention' / f'{name}.json', make_case(differs, lengths))
