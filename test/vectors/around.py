#!/usr/bin/env python3
"""Norms before layers and residual connections around them, in PyTorch float64:  /usr/bin/python3 test/vectors/around.py

y = x + layer(norm(x)), cells unrolled step by step; h_t and c_t are one variable for all that reads them, and so is what a layer passes on. Writes
data/around/CELL.json. Weights need not be kept: element k (row-major) of parameter p, in the order of the model's layout, is 0.5 sin(1 + 0.7 p + 1.3 k)
as float32, of a norm's scale 1 + 0.3 times that. Of a parameter's gradient its length and its product with the weights' formula (p = 0) are kept.
"""
import json
import math
from pathlib import Path

import numpy as np
import torch

GATES = {'rnn': 1, 'lstm': 4, 'gru': 3}
VOCABULARY, HIDDEN, STEPS, TARGET = 5, 5, 11, 8
EPSILON = 1e-5


def formula(p, count):
    return 0.5 * np.sin(1 + 0.7 * p + 1.3 * np.arange(count))


def layout(case):
    """(name, shape) of every parameter, in order."""
    directions, width = case['directions'], case['directions'] * HIDDEN
    norm = {'none': [], 'layerNorm': ['gamma', 'beta'], 'rmsNorm': ['gamma']}
    entries = [('embedding', (VOCABULARY, width))]
    rows = GATES[case['cell']] * HIDDEN
    for layer in range(case['layers']):
        entries += [(f'{layer} {role}', (width,)) for role in norm[case['norm']]]
        for role, shape in (('W', (rows, width)), ('R', (rows, HIDDEN))):
            entries += [(f'{layer} {d} {role}', shape) for d in range(directions)]
        entries += [(f'{layer} {d} {role}', (rows,)) for d in range(directions) for role in ('Wb', 'Rb')]
    entries += [(f'final {role}', (width,)) for role in norm[case['finalNorm']]]
    return entries + [('output W', (VOCABULARY, width)), ('output b', (VOCABULARY,))]


def weights(case):
    made = {}
    for p, (name, shape) in enumerate(layout(case)):
        values = formula(p, int(np.prod(shape)))
        if name.endswith('gamma'):
            values = 1 + 0.3 * values
        made[name] = torch.tensor(values.astype(np.float32).astype(np.float64).reshape(shape), requires_grad=True)
    return made


def normalized(x, kind, gamma, beta):
    if kind == 'none':
        return x
    if kind == 'layerNorm':
        return torch.nn.functional.layer_norm(x, x.shape, gamma, beta, EPSILON)
    return gamma * x / torch.sqrt((x * x).mean() + EPSILON)


def cell_step(cell, a, r, state):
    """a = W x + Wb, r = R h + Rb, in ONNX's gate order; state and result (h, c)."""
    h, c = state
    if cell == 'rnn':
        return torch.tanh(a + r), None
    if cell == 'lstm':
        i, o, f, g = (a + r).split(HIDDEN)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
    za, ra, ha = a.split(HIDDEN)
    zr, rr, hr = r.split(HIDDEN)
    z, reset = torch.sigmoid(za + zr), torch.sigmoid(ra + rr)
    return (1 - z) * torch.tanh(ha + reset * hr) + z * h, None


def run(case, w, ids, states, truncation):
    """One stream. Returns the boundaries [N + 1][T], h and c [N][D][T], the logits [T] and the last states."""
    x = [w['embedding'][token] + 0 for token in ids]
    boundaries, hs, cs, last = [x], [], [], []
    for layer in range(case['layers']):
        read = [normalized(row, case['norm'], w.get(f'{layer} gamma'), w.get(f'{layer} beta')) for row in x]
        of_layer_h, of_layer_c = [], []
        for d in range(case['directions']):
            state = states[layer] if d == 0 and states else (torch.zeros(HIDDEN).double(), torch.zeros(HIDDEN).double())
            hidden, cells = [None] * len(ids), [None] * len(ids)
            for t in range(len(ids)) if d == 0 else reversed(range(len(ids))):
                border = t if d == 0 else t + 1
                if truncation and border % truncation == 0:
                    state = tuple(None if s is None else s.detach() for s in state)
                a = w[f'{layer} {d} W'] @ read[t] + w[f'{layer} {d} Wb']
                r = w[f'{layer} {d} R'] @ state[0] + w[f'{layer} {d} Rb']
                state = cell_step(case['cell'], a, r, state)
                hidden[t], cells[t] = state
            of_layer_h.append(hidden)
            of_layer_c.append(cells)
            if d == 0:
                last.append(tuple(None if s is None else s.detach() for s in state))
        given = of_layer_h[0] if case['directions'] == 1 else [torch.cat(rows) for rows in zip(*of_layer_h)]
        x = [a + b for a, b in zip(x, given)] if case['residual'] else given
        boundaries.append(x)
        hs.append(of_layer_h)
        cs.append(of_layer_c)
    top = [normalized(row, case['finalNorm'], w.get('final gamma'), w.get('final beta')) for row in x]
    logits = [w['output W'] @ row + w['output b'] for row in top]
    return {'boundaries': boundaries, 'h': hs, 'c': cs, 'logits': logits, 'last': last}


def rounded(value):
    return None if value is None else float(f'{value:.9g}')


def lengths(loss, nodes, logarithm):
    found = torch.autograd.grad(loss, nodes, retain_graph=True, allow_unused=True)
    norms = [None if g is None else float(g.norm()) for g in found]
    return [None if n is None else rounded(math.log10(n) if logarithm and n > 0 else '-inf' if logarithm else n) for n in norms]


def parameter_gradients(case, w, loss):
    names = [name for name, _ in layout(case)]
    found = torch.autograd.grad(loss, [w[name] for name in names], retain_graph=True)
    return [[rounded(float(g.norm())), rounded(float(g.flatten().numpy() @ formula(0, g.numel())))] for g in found]


def item_losses(result, targets):
    return [torch.nn.functional.cross_entropy(row[None], torch.tensor([target])) for row, target in zip(result['logits'], targets)]


def inspection(case, w):
    ids = [(3 * t * t + 2 * t + 1) % VOCABULARY for t in range(STEPS + 1)]
    result = run(case, w, ids[:-1], None, None)
    items = item_losses(result, ids[1:])
    loss = torch.stack(items).mean()

    def of(scalar, logarithm):
        states = [[[lengths(scalar, nodes, logarithm) for nodes in ([h, c] if case['cell'] == 'lstm' else [h])]
                   for h, c in zip(hs, cs)] for hs, cs in zip(result['h'], result['c'])]
        return {'states': states, 'inputs': [lengths(scalar, nodes, logarithm) for nodes in result['boundaries']]}
    return {'ids': ids, 'loss': rounded(loss.item()), 'total': of(loss, False), 'perTarget': of(items[TARGET], True)}


def window(case, w, lengths_of, seed, states, truncation):
    """ids [T, B], -1 in padding, by a formula; the loss over all targets."""
    results, items, inputs, targets = [], [], [], []
    for b, length in enumerate(lengths_of):
        ids = [(7 * t + 3 * b * t + seed + b) % VOCABULARY for t in range(length + 1)]
        inputs.append(ids[:-1])
        targets.append(ids[1:])
        if length == 0:
            continue
        result = run(case, w, ids[:-1], states[b] if states else None, truncation)
        results.append(result)
        items += item_losses(result, ids[1:])
    loss = torch.stack(items).mean()
    return {'inputs': inputs, 'targets': targets}, loss, [result['last'] for result in results]


def training(case, w):
    truncation = case['truncation']
    first, first_loss, states = window(case, w, (6, 6, 6), 1, None, truncation)
    second, loss, _ = window(case, w, (6, 6, 6), 2, states, truncation)
    padded, padded_loss, _ = window(case, w, (4, 7, 0, 1), 3, None, truncation)

    def of(windows, losses):
        return {'windows': windows, 'losses': [rounded(each.item()) for each in losses],
                'gradients': parameter_gradients(case, w, losses[-1])}
    return {'stream': of([first, second], [first_loss, loss]), 'sequences': of([padded], [padded_loss])}


def cases(cell):
    for layers in (1, 2, 4):
        for norm in ('none', 'layerNorm', 'rmsNorm'):
            for residual in (False, True):
                if norm == 'none' and not residual:
                    continue
                final = norm if layers == 2 else 'none'
                yield {'cell': cell, 'layers': layers, 'norm': norm, 'residual': residual, 'finalNorm': final, 'directions': 1,
                       'truncation': 4 if layers == 2 else None}
    yield {'cell': cell, 'layers': 2, 'norm': 'layerNorm', 'residual': True, 'finalNorm': 'rmsNorm', 'directions': 2, 'truncation': None}


def main():
    folder = Path(__file__).parent / 'data' / 'around'
    folder.mkdir(exist_ok=True)
    for cell in GATES:
        made = []
        for case in cases(cell):
            w = weights(case)
            made.append({**case, 'inspection': inspection(case, w), 'training': training(case, w)})
        text = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in made)
        (folder / f'{cell}.json').write_text(f'{{"hidden":{HIDDEN},"vocabulary":{VOCABULARY},"target":{TARGET},"cases":[\n{text}\n]}}\n')


if __name__ == '__main__':
    main()
