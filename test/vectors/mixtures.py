#!/usr/bin/env python3
"""Models whose layers are of several kinds, in PyTorch float64, one stream at a time:  /usr/bin/python3 test/vectors/mixtures.py

y = x + layer(norm(x)), or without either. Recurrent layers are unrolled step by step, attention reads the whole stream. Writes data/mixtures/NAME.json. A table
of positions is added to what the lowest layer of attention reads. Weights need not be kept: element k (row-major) of parameter p, in the order of the model's
layout, is 0.5 sin(1 + 0.7 p + 1.3 k) as float32, of a norm's scale 1 + 0.3 times that. Of a parameter's gradient its length and its product with the weights'
formula (p = 0) are kept; of the others those by every state of every layer and by what is read at every boundary.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

VOCABULARY, STEPS, TARGET, CONTEXT, EPSILON = 5, 11, 8, 12, 1e-5
GATES = {'rnn': 1, 'lstm': 4, 'gru': 3, 'minGRU': 2, 'minLSTM': 3}
STATES = {'rnn': 1, 'lstm': 2, 'gru': 1, 'minGRU': 1, 'minLSTM': 1}
NORMS = {'none': [], 'layerNorm': ['gamma', 'beta'], 'rmsNorm': ['gamma']}
MAMBA = {'stateSize': 3, 'expand': 2, 'convolution': 3, 'rank': 2, 'projectionBiases': False}
ATTENTION = {'heads': 2, 'positions': 'learned', 'context': CONTEXT, 'biases': True}
torch.set_num_threads(1)


def recurrent(cell, size, norm='none', residual=False, activation='tanh', **options):
    return {'cell': cell, 'hiddenSize': size, 'norm': norm, 'residual': residual, 'activation': activation, 'options': options}


def mamba(size, norm='rmsNorm', residual=True):
    return recurrent('mamba', size, norm, residual, **MAMBA)


def attention(size, norm='layerNorm', residual=True, **options):
    return recurrent('attention', size, norm, residual, **{**ATTENTION, **options})


def model(layers, embedding=None, final='none', tied=False, truncation=None):
    return {'layers': layers, 'embeddingSize': embedding, 'finalNorm': final, 'tied': tied, 'truncation': truncation}


CASES = {
    # As chosen by --layers "lstm:6,attention:6" and the like, without another word.
    'lstm-attention': model([recurrent('lstm', 6), attention(6)], final='layerNorm'),
    'attention-lstm': model([attention(6), recurrent('lstm', 4)], embedding=6),
    'mamba-attention': model([mamba(8), attention(8, positions='rotary', biases=False)], embedding=8, final='layerNorm', tied=True),
    'gru-minGRU': model([recurrent('gru', 6), recurrent('minGRU', 4, positive=True)], truncation=3),
    'rnn-mamba': model([recurrent('rnn', 6, 'rmsNorm', True), mamba(6)], embedding=6, final='rmsNorm', truncation=4),
    'lstm-attention-attention': model([recurrent('lstm', 4, 'layerNorm', True), attention(4, 'rmsNorm'), attention(4, 'rmsNorm')], embedding=4, final='rmsNorm'),
    'minLSTM-mamba-rnn': model([recurrent('minLSTM', 4, positive=False), mamba(6, 'none', False), recurrent('rnn', 3, 'layerNorm', activation='tanh')], embedding=3),
}


def has_table(case, layer):
    def learned(index):
        own = case['layers'][index]
        return own['cell'] == 'attention' and own['options']['positions'] == 'learned'
    return learned(layer) and not any(learned(below) for below in range(layer))


def layer_shapes(case, layer, width):
    """(role, shape) of a layer that reads so many numbers."""
    own = case['layers'][layer]
    H, cell, options = own['hiddenSize'], own['cell'], own['options']
    if cell == 'attention':
        matrices = [('Wqkv', (3 * H, width)), ('bqkv', (3 * H,)), ('Wo', (H, H)), ('bo', (H,)), ('W1', (4 * H, H)), ('b1', (4 * H,)), ('W2', (H, 4 * H)), ('b2', (H,))]
        norms = [(f'{sublayer}.{role}', (size,)) for sublayer, size in (('mha', width), ('mlp', H)) for role in NORMS[own['norm']]]
        table = [('P', (CONTEXT, H))] if has_table(case, layer) else []
        return norms + table + [entry for entry in matrices if options['biases'] or len(entry[1]) > 1]
    norms = [(role, (width,)) for role in NORMS[own['norm']]]
    if cell == 'mamba':
        E, S, K, R = options['expand'] * H, options['stateSize'], options['convolution'], options['rank']
        return norms + [('W_in', (2 * E, width)), ('W_conv', (E, K)), ('b_conv', (E,)), ('W_x', (R + 2 * S, E)), ('W_dt', (E, R)), ('b_dt', (E,)), ('A_log', (E, S)),
                        ('D', (E,)), ('W_out', (H, E))]
    rows = GATES[cell] * H
    if cell.startswith('min'):
        return norms + [('W', (rows, width)), ('Wb', (rows,))]
    return norms + [('W', (rows, width)), ('R', (rows, H)), ('Wb', (rows,)), ('Rb', (rows,))]


def layout(case):
    """(name, shape) of every parameter, in order."""
    width = case['embeddingSize'] or VOCABULARY
    entries = [('embedding', (VOCABULARY, width))] if case['embeddingSize'] else []
    for layer, own in enumerate(case['layers']):
        entries += [(f'{layer}.{role}', shape) for role, shape in layer_shapes(case, layer, width)]
        width = own['hiddenSize']
    entries += [(f'final.{role}', (width,)) for role in NORMS[case['finalNorm']]]
    return entries + ([] if case['tied'] else [('output.W', (VOCABULARY, width))]) + [('output.b', (VOCABULARY,))]


def formula(p, count):
    return 0.5 * np.sin(1 + 0.7 * p + 1.3 * np.arange(count))


def weights(case):
    made = {}
    for p, (name, shape) in enumerate(layout(case)):
        values = formula(p, int(np.prod(shape)))
        if name.endswith('gamma'):
            values = 1 + 0.3 * values
        made[name] = torch.tensor(values.astype(np.float32).astype(np.float64).reshape(shape), requires_grad=True)
    return made


def normalized(x, kind, w, at):
    """Over the last axis."""
    if kind == 'none':
        return x
    if kind == 'layerNorm':
        return F.layer_norm(x, x.shape[-1:], w[f'{at}gamma'], w[f'{at}beta'], EPSILON)
    return w[f'{at}gamma'] * x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPSILON)


def cell_step(own, w, at, x, state):
    """The states after a step, the first of which the layer gives."""
    cell, H = own['cell'], own['hiddenSize']
    a = w[f'{at}W'] @ x + w[f'{at}Wb']
    h = state[0]
    if cell in ('minGRU', 'minLSTM'):
        *gates, u = a.split(H)
        candidate = torch.where(u >= 0, u + 0.5, torch.sigmoid(u)) if own['options']['positive'] else u
        if cell == 'minGRU':
            z = torch.sigmoid(gates[0])
            return [(1 - z) * h + z * candidate]
        f, i = torch.sigmoid(gates[0]), torch.sigmoid(gates[1])
        return [f / (f + i) * h + i / (f + i) * candidate]
    r = w[f'{at}R'] @ h + w[f'{at}Rb']
    if cell == 'rnn':
        return [torch.tanh(a + r)]
    if cell == 'lstm':
        i, o, f, g = (a + r).split(H)
        c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
        return [torch.sigmoid(o) * torch.tanh(c), c]
    (za, ra, ha), (zr, rr, hr) = a.split(H), r.split(H)
    z, reset = torch.sigmoid(za + zr), torch.sigmoid(ra + rr)
    return [(1 - z) * torch.tanh(ha + reset * hr) + z * h]


def mamba_step(own, w, at, x, state):
    """What the mixer gives, and its states after a step: the scan's and the convolution's last inputs."""
    S, R = own['options']['stateSize'], own['options']['rank']
    h, conv = state
    u, z = (w[f'{at}W_in'] @ x).chunk(2)
    before, conv = conv, torch.cat([conv, u[None]])[1:]
    W = w[f'{at}W_conv']
    v = F.silu(W[:, 0] * before[0] + (conv.T * W[:, 1:]).sum(1) + w[f'{at}b_conv'])
    d, B, C = (w[f'{at}W_x'] @ v).split([R, S, S])
    delta = F.softplus(w[f'{at}W_dt'] @ d + w[f'{at}b_dt'])
    h = torch.exp(-delta[:, None] * torch.exp(w[f'{at}A_log'])) * h + (delta * v)[:, None] * B
    return w[f'{at}W_out'] @ ((h @ C + w[f'{at}D'] * v) * F.silu(z)), [h, conv]


def zero_states(own):
    zeros = lambda *shape: torch.zeros(*shape, dtype=torch.float64)
    if own['cell'] == 'attention':
        return []
    if own['cell'] == 'mamba':
        E = own['options']['expand'] * own['hiddenSize']
        return [zeros(E, own['options']['stateSize']), zeros(own['options']['convolution'] - 1, E)]
    return [zeros(own['hiddenSize']) for _ in range(STATES[own['cell']])]


def rotated(x):
    """[heads, T, d]: pairs (i, i + d/2) by t / 10000^(2i/d)."""
    _, steps, size = x.shape
    angles = torch.arange(steps).double()[:, None] * 1e4 ** (-torch.arange(size // 2).double() * 2 / size)
    a, b = x[..., :size // 2], x[..., size // 2:]
    return torch.cat([a * torch.cos(angles) - b * torch.sin(angles), b * torch.cos(angles) + a * torch.sin(angles)], -1)


def attend(own, w, at, x):
    H, heads = own['hiddenSize'], own['options']['heads']
    q, k, v = (part.view(len(x), heads, H // heads).transpose(0, 1) for part in F.linear(x, w[f'{at}Wqkv'], w.get(f'{at}bqkv')).split(H, 1))
    if own['options']['positions'] == 'rotary':
        q, k = rotated(q), rotated(k)
    scores = q @ k.transpose(1, 2) / math.sqrt(H // heads)
    seen = torch.ones(len(x), len(x), dtype=torch.bool).tril()
    y = torch.softmax(scores.masked_fill(~seen, -math.inf), -1) @ v
    return F.linear(y.transpose(0, 1).reshape(len(x), H), w[f'{at}Wo'], w.get(f'{at}bo'))


def expand(w, at, x):
    return F.linear(F.gelu(F.linear(x, w[f'{at}W1'], w.get(f'{at}b1'))), w[f'{at}W2'], w.get(f'{at}b2'))


def attention_layer(own, w, at, rows):
    x = torch.stack(rows)
    if f'{at}P' in w:
        x = x + w[f'{at}P'][:len(x)]
    for sublayer, apply in (('mha', lambda read: attend(own, w, at, read)), ('mlp', lambda read: expand(w, at, read))):
        y = apply(normalized(x, own['norm'], w, f'{at}{sublayer}.'))
        x = x + y if own['residual'] else y
    return list(x.unbind(0))


def run(case, w, ids, states, truncation):
    """One stream. What is read at each boundary [N + 1][T], the states [N][of the kind][T], the logits [T] and the last states."""
    if case['embeddingSize']:
        x = [w['embedding'][token] + 0 for token in ids]
    else:
        x = [F.one_hot(torch.tensor(token), VOCABULARY).double().requires_grad_() for token in ids]
    boundaries, after, last = [x], [], []
    for layer, own in enumerate(case['layers']):
        at = f'{layer}.'
        if own['cell'] == 'attention':
            x = attention_layer(own, w, at, x)
            after.append([])
            last.append([])
        else:
            state, given, kept = states[layer] if states else zero_states(own), [], []
            for t, row in enumerate(x):
                if truncation and t % truncation == 0:
                    state = [each.detach() for each in state]
                read = normalized(row, own['norm'], w, at)
                if own['cell'] == 'mamba':
                    y, state = mamba_step(own, w, at, read, state)
                else:
                    state = cell_step(own, w, at, read, state)
                    y = state[0]
                given.append(row + y if own['residual'] else y)
                kept.append(state)
            x = given
            after.append([list(of_state) for of_state in zip(*kept)])
            last.append([each.detach() for each in state])
        boundaries.append(x)
    W = w['embedding'] if case['tied'] else w['output.W']
    logits = [W @ normalized(row, case['finalNorm'], w, 'final.') + w['output.b'] for row in x]
    return {'boundaries': boundaries, 'states': after, 'logits': logits, 'last': last}


def rounded(value):
    return None if value is None else float(f'{value:.9g}')


def lengths(loss, nodes, logarithm):
    """None where the loss does not depend on a node; −9999 stands for the logarithm of an exact zero."""
    found = torch.autograd.grad(loss, nodes, retain_graph=True, allow_unused=True)
    norms = [None if g is None else float(g.norm()) for g in found]
    return [n if n is None else rounded(n if not logarithm else math.log10(n) if n > 0 else -9999) for n in norms]


def item_losses(result, targets):
    return [F.cross_entropy(row[None], torch.tensor([target])) for row, target in zip(result['logits'], targets)]


def inspection(case, w):
    ids = [(3 * t * t + 2 * t + 1) % VOCABULARY for t in range(STEPS + 1)]
    result = run(case, w, ids[:-1], None, None)
    items = item_losses(result, ids[1:])
    loss = torch.stack(items).mean()

    def series(scalar, nodes, logarithm):
        # What stands behind the target cannot reach it, though attention's mask makes of that a zero.
        return [None if logarithm and t > TARGET else length for t, length in enumerate(lengths(scalar, nodes, logarithm))]

    def of(scalar, logarithm):
        return {'states': [[[series(scalar, nodes, logarithm) for nodes in layer]] for layer in result['states']],
                'inputs': [series(scalar, nodes, logarithm) for nodes in result['boundaries']]}
    return {'ids': ids, 'loss': rounded(loss.item()), 'total': of(loss, False), 'perTarget': of(items[TARGET], True)}


def window(case, w, lengths_of, seed, states):
    results, items, inputs, targets = [], [], [], []
    for b, length in enumerate(lengths_of):
        ids = [(7 * t + 3 * b * t + seed + b) % VOCABULARY for t in range(length + 1)]
        inputs.append(ids[:-1])
        targets.append(ids[1:])
        if length == 0:
            continue
        result = run(case, w, ids[:-1], states[b] if states else None, case['truncation'])
        results.append(result)
        items += item_losses(result, ids[1:])
    loss = torch.stack(items).mean()
    return {'inputs': inputs, 'targets': targets}, loss, [result['last'] for result in results]


def parameter_gradients(case, w, loss):
    found = torch.autograd.grad(loss, [w[name] for name, _ in layout(case)], retain_graph=True)
    return [[rounded(float(g.norm())), rounded(float(g.flatten().numpy() @ formula(0, g.numel())))] for g in found]


def training(case, w):
    first, first_loss, states = window(case, w, (6, 6, 6), 1, None)
    second, loss, _ = window(case, w, (6, 6, 6), 2, states)
    padded, padded_loss, _ = window(case, w, (4, 7, 0, 1), 3, None)

    def of(windows, losses):
        return {'windows': windows, 'losses': [rounded(each.item()) for each in losses], 'gradients': parameter_gradients(case, w, losses[-1])}
    return {'stream': of([first, second], [first_loss, loss]), 'sequences': of([padded], [padded_loss])}


def main():
    folder = Path(__file__).parent / 'data' / 'mixtures'
    folder.mkdir(exist_ok=True)
    for name, case in CASES.items():
        w = weights(case)
        made = {**case, 'vocabulary': VOCABULARY, 'target': TARGET, 'inspection': inspection(case, w), 'training': training(case, w)}
        lines = ',\n'.join(f'{json.dumps(key)}:{json.dumps(value, separators=(",", ":"))}' for key, value in made.items())
        (folder / f'{name}.json').write_text(f'{{\n{lines}\n}}\n')


if __name__ == '__main__':
    main()
