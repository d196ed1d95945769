#!/usr/bin/env python3
"""minGRU, minLSTM, Mamba and attention with every option that changes code, in PyTorch float64:  PYTHON test/vectors/kinds.py  (PyTorch 2.0 or later)

Writes data/kinds/KIND.json in the form of around.py: weights follow from a formula, of a parameter's gradient its length and its product with the formula are kept. Of each
kind there are 1, 2 and 4 layers, and of each depth so many cases that every two values of two options stand together in one; each is trained on a stream (two windows, the
state carried) and on sequences that end early, and inspected. Streams are run one by one: what a sequence lacks is absent, not masked.
"""
import itertools
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

sys.dont_write_bytecode = True

from around import formula, item_losses, normalized

V, STEPS, TARGET = 5, 9, 7
CONTEXT, HEADS = 9, 2
WINDOW, SEQUENCES = (6, 6, 6), (4, 7, 0, 1)
AROUND = {'norm': ['none', 'layerNorm', 'rmsNorm'], 'residual': [False, True], 'final': [False, True], 'tied': [False, True]}
MINIMAL = {'positive': [False, True], **AROUND}
# Sizes that fill no vector of four too.
MAMBA = {'projectionBiases': [False, True], 'sizes': ['even', 'odd'], **AROUND}
ATTENTION = {'positions': ['learned', 'rotary', 'none'], 'biases': [False, True], 'gelu': ['exact', 'tanh'], **AROUND}
KINDS = {'minGRU': MINIMAL, 'minLSTM': MINIMAL, 'mamba': MAMBA, 'attention': ATTENTION}
MAMBA_SIZES = {'even': {'hidden': 4, 'stateSize': 4, 'expand': 2, 'convolution': 4, 'rank': 1}, 'odd': {'hidden': 3, 'stateSize': 3, 'expand': 3, 'convolution': 2, 'rank': 2}}
STATES = {'minGRU': ['h'], 'minLSTM': ['h'], 'mamba': ['h', 'conv'], 'attention': []}


def rounded(value):
    return float(f'{value:.8g}')


def combinations(factors):
    """As few as a greedy choice finds, so that every two values of two factors stand together in one."""
    names = list(factors)
    everything = [dict(zip(names, values)) for values in itertools.product(*factors.values())]
    pairs = lambda case: {((a, case[a]), (b, case[b])) for a, b in itertools.combinations(names, 2)}
    missing = set().union(*map(pairs, everything))
    while missing:
        best = max(everything, key=lambda case: len(pairs(case) & missing))
        missing -= pairs(best)
        yield dict(best)


def cases(kind):
    for layers in (1, 2, 4):
        for number, options in enumerate(combinations(KINDS[kind])):
            final = options.pop('final')
            case = {'cell': kind, 'layers': layers, 'directions': 1, 'hidden': {'minGRU': 5, 'minLSTM': 5, 'attention': 8}.get(kind), 'truncation': None, **options}
            case['finalNorm'] = ('layerNorm' if case['norm'] == 'none' else case['norm']) if final else 'none'
            if kind == 'mamba':
                case = {**case, **MAMBA_SIZES[case.pop('sizes')]}
            if kind == 'attention':
                case = {**case, 'heads': HEADS, 'context': CONTEXT}
            elif number % 2:
                case['truncation'] = 4
            yield case
    if kind.startswith('min'):
        yield {'cell': kind, 'layers': 2, 'directions': 2, 'hidden': 5, 'truncation': None, 'positive': True, 'norm': 'layerNorm', 'residual': True, 'tied': True, 'finalNorm': 'rmsNorm'}


def shapes_of(case):
    """(role, shape) of a layer's own parameters; `first` of those that the lowest layer alone has."""
    H, W = case['hidden'], case['directions'] * case['hidden']
    if case['cell'].startswith('min'):
        rows = (2 if case['cell'] == 'minGRU' else 3) * H
        return [(f'{d} W', (rows, W)) for d in range(case['directions'])] + [(f'{d} Wb', (rows,)) for d in range(case['directions'])]
    if case['cell'] == 'mamba':
        S, K, R, E = case['stateSize'], case['convolution'], case['rank'], case['expand'] * H
        biases = case['projectionBiases']
        found = [('W_in', (2 * E, H)), ('b_in', (2 * E,) if biases else None), ('W_conv', (E, K)), ('b_conv', (E,)), ('W_x', (R + 2 * S, E)), ('W_dt', (E, R)), ('b_dt', (E,)),
                 ('A_log', (E, S)), ('D', (E,)), ('W_out', (H, E)), ('b_out', (H,) if biases else None)]
        return [(role, shape) for role, shape in found if shape]
    found = [('first P', (CONTEXT, H) if case['positions'] == 'learned' else None), ('Wqkv', (3 * H, H)), ('bqkv', (3 * H,)), ('Wo', (H, H)), ('bo', (H,)),
             ('W1', (4 * H, H)), ('b1', (4 * H,)), ('W2', (H, 4 * H)), ('b2', (H,))]
    return [(role, shape) for role, shape in found if shape and (case['biases'] or not role.startswith('b'))]


def layout(case):
    """(name, shape) of every parameter, in the order of the model's layout."""
    width = case['directions'] * case['hidden']
    norm = {'none': [], 'layerNorm': ['gamma', 'beta'], 'rmsNorm': ['gamma']}
    entries = [('embedding', (V, width))]
    for layer in range(case['layers']):
        entries += [(f'{layer} {part}{role}', (width,)) for part in (['mha ', 'mlp '] if case['cell'] == 'attention' else ['']) for role in norm[case['norm']]]
        entries += [(f'{layer} {role}', shape) for role, shape in shapes_of(case) if layer == 0 or not role.startswith('first')]
    entries += [(f'final {role}', (width,)) for role in norm[case['finalNorm']]]
    return entries + ([] if case['tied'] else [('output W', (V, width))]) + [('output b', (V,))]


def weights(case):
    made = {}
    for p, (name, shape) in enumerate(layout(case)):
        values = formula(p, int(np.prod(shape)))
        role = name.split(' ')[-1]
        if role in ('gamma', 'D'):
            values = 1 + 0.3 * values
        elif role == 'b_dt':
            values = values - 2
        elif role == 'A_log':
            values = values + np.log(1 + np.arange(len(values)) % shape[1])
        made[name] = torch.tensor(values.astype(np.float32).astype(np.float64).reshape(shape), requires_grad=True)
    return made


def around(case, w, at, x, sublayer):
    y = sublayer([normalized(row, case['norm'], w.get(f'{at}gamma'), w.get(f'{at}beta')) for row in x])
    return [a + b for a, b in zip(x, y)] if case['residual'] else y


def minimal(case, w, layer, x, state, truncation):
    """What is given, the states [direction][state][t], and the last states of the forward direction."""
    nodes = []
    for d in range(case['directions']):
        h = state[0] if d == 0 and state else torch.zeros(case['hidden'], dtype=torch.float64)
        hidden = [None] * len(x)
        for t in range(len(x)) if d == 0 else reversed(range(len(x))):
            if truncation and (t + d) % truncation == 0:
                h = h.detach()
            parts = (w[f'{layer} {d} W'] @ x[t] + w[f'{layer} {d} Wb']).chunk(2 if case['cell'] == 'minGRU' else 3)
            candidate = torch.where(parts[-1] >= 0, parts[-1] + 0.5, torch.sigmoid(parts[-1])) if case['positive'] else parts[-1]
            gates = [torch.sigmoid(part) for part in parts[:-1]]
            kept, written = (1 - gates[0], gates[0]) if len(gates) == 1 else (gates[0] / (gates[0] + gates[1]), gates[1] / (gates[0] + gates[1]))
            h = hidden[t] = kept * h + written * candidate
        nodes.append([hidden])
    return [torch.cat(rows) for rows in zip(*(each[0] for each in nodes))], nodes, [nodes[0][0][-1].detach()]


def mamba(case, w, layer, x, state, truncation):
    S, R, E, K = case['stateSize'], case['rank'], case['expand'] * case['hidden'], case['convolution']
    p = {role: w[f'{layer} {role}'] for role, _ in shapes_of(case)}
    zeros = lambda *shape: torch.zeros(*shape, dtype=torch.float64)
    h, before = state if state else (zeros(E, S), zeros(K - 1, E))
    given, hs, convolutions = [], [], []
    for t, row in enumerate(x):
        if truncation and t % truncation == 0:
            h, before = h.detach(), before.detach()
        u, z = (p['W_in'] @ row + p.get('b_in', 0.)).split(E)
        # The inputs that are carried on, of which the convolution reads all, and the oldest of those before.
        oldest, before = before[0], torch.cat([before, u[None]])[1:]
        v = F.silu(p['W_conv'][:, 0] * oldest + (before.T * p['W_conv'][:, 1:]).sum(1) + p['b_conv'])
        d, B, C = (p['W_x'] @ v).split([R, S, S])
        step = F.softplus(p['W_dt'] @ d + p['b_dt'])
        h = torch.exp(-step[:, None] * torch.exp(p['A_log'])) * h + (step * v)[:, None] * B
        given.append(p['W_out'] @ ((h @ C + p['D'] * v) * F.silu(z)) + p.get('b_out', 0.))
        hs.append(h)
        convolutions.append(before)
    return given, [[hs, convolutions]], [h.detach(), before.detach()]


def attend(case, w, layer, x):
    H, T = case['hidden'], len(x)
    q, k, v = (part.view(T, HEADS, H // HEADS).transpose(0, 1) for part in F.linear(torch.stack(x), w[f'{layer} Wqkv'], w.get(f'{layer} bqkv')).split(H, 1))
    if case['positions'] == 'rotary':
        half = H // HEADS // 2
        angles = torch.arange(T, dtype=torch.float64)[:, None] * 1e4 ** (-torch.arange(half, dtype=torch.float64) / half)
        turn = lambda y: torch.cat([y[..., :half] * angles.cos() - y[..., half:] * angles.sin(), y[..., half:] * angles.cos() + y[..., :half] * angles.sin()], -1)
        q, k = turn(q), turn(k)
    y = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
    return list(F.linear(y.transpose(0, 1).reshape(T, H), w[f'{layer} Wo'], w.get(f'{layer} bo')))


def expand(case, w, layer, x):
    inner = F.gelu(F.linear(torch.stack(x), w[f'{layer} W1'], w.get(f'{layer} b1')), approximate='tanh' if case['gelu'] == 'tanh' else 'none')
    return list(F.linear(inner, w[f'{layer} W2'], w.get(f'{layer} b2')))


def run(case, w, ids, states, truncation):
    """One stream, at least one step. Returns the boundaries [N + 1][T], the states [N][D][state][T], the logits [T] and the last states."""
    x = [w['embedding'][token] + 0 for token in ids]
    boundaries, nodes, last = [x], [], []
    for layer in range(case['layers']):
        if case['cell'] == 'attention':
            if layer == 0 and case['positions'] == 'learned':
                x = [row + w['0 first P'][t] for t, row in enumerate(x)]
            for name, sublayer in (('mha', attend), ('mlp', expand)):
                x = around(case, w, f'{layer} {name} ', x, lambda rows: sublayer(case, w, layer, rows))
            nodes.append([[]])
            last.append(None)
        else:
            kept = []
            def of_kind(rows):
                kept.append((minimal if case['cell'].startswith('min') else mamba)(case, w, layer, rows, states[layer] if states else None, truncation))
                return kept[0][0]
            x = around(case, w, f'{layer} ', x, of_kind)
            nodes.append(kept[0][1])
            last.append(kept[0][2])
        boundaries.append(x)
    top = [normalized(row, case['finalNorm'], w.get('final gamma'), w.get('final beta')) for row in x]
    output = w['embedding' if case['tied'] else 'output W']
    return {'boundaries': boundaries, 'states': nodes, 'logits': [output @ row + w['output b'] for row in top], 'last': last}


def lengths(loss, nodes, logarithm):
    found = torch.autograd.grad(loss, nodes, retain_graph=True, allow_unused=True)
    norms = [None if g is None or not g.any() else float(g.norm()) for g in found]
    return [None if n is None else rounded(math.log10(n) if logarithm else n) for n in norms]


def inspection(case, w):
    ids = [(3 * t * t + 2 * t + 1) % V for t in range(STEPS + 1)]
    result = run(case, w, ids[:-1], None, None)
    items = item_losses(result, ids[1:])
    loss = torch.stack(items).mean()

    def of(scalar, logarithm):
        return {'states': [[[lengths(scalar, nodes, logarithm) for nodes in of_direction] for of_direction in of_layer] for of_layer in result['states']],
                'inputs': [lengths(scalar, nodes, logarithm) for nodes in result['boundaries']]}
    return {'ids': ids, 'loss': rounded(loss.item()), 'total': of(loss, False), 'perTarget': of(items[TARGET], True)}


def window(case, w, lengths_of, seed, states):
    results, items, inputs, targets = [], [], [], []
    for b, length in enumerate(lengths_of):
        ids = [(7 * t + 3 * b * t + seed + b) % V for t in range(length + 1)]
        inputs.append(ids[:-1])
        targets.append(ids[1:])
        if length:
            results.append(run(case, w, ids[:-1], states[b] if states else None, case['truncation']))
            items += item_losses(results[-1], ids[1:])
    return {'inputs': inputs, 'targets': targets}, torch.stack(items).mean(), [result['last'] for result in results]


def training(case, w):
    carried = case['cell'] != 'attention'
    first, first_loss, states = window(case, w, WINDOW, 1, None)
    second, loss, _ = window(case, w, WINDOW, 2, states if carried else None)
    padded, padded_loss, _ = window(case, w, SEQUENCES, 3, None)

    def of(windows, losses):
        found = torch.autograd.grad(losses[-1], list(w.values()), retain_graph=True)
        return {'windows': windows, 'losses': [rounded(each.item()) for each in losses],
                'gradients': [[rounded(float(g.norm())), rounded(float(g.flatten().numpy() @ formula(0, g.numel())))] for g in found]}
    return {'stream': of([first, second], [first_loss, loss]), 'sequences': of([padded], [padded_loss])}


def main():
    folder = Path(__file__).parent / 'data' / 'kinds'
    folder.mkdir(exist_ok=True)
    for kind in KINDS:
        made = []
        for case in cases(kind):
            w = weights(case)
            made.append({**case, 'inspection': inspection(case, w), 'training': training(case, w)})
        text = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in made)
        (folder / f'{kind}.json').write_text(f'{{"vocabulary":{V},"target":{TARGET},"cases":[\n{text}\n]}}\n')
        print(kind, len(made), 'cases', len(text))


if __name__ == '__main__':
    main()
