#!/usr/bin/env python3
"""Jacobians of the carried state and their spectra, in PyTorch float64:  PYTHON test/vectors/spectra.py  (PyTorch 2.0 or later, mpmath)

Writes data/spectra.json. Weights follow from a formula, whose matrices are of full rank. Of every model the Jacobians of some steps by torch.func.jacrev of the step of the whole state,
exponents by torch.linalg.qr from the unit vectors, singular values by torch.linalg.svdvals, and those of products back from the last step with 120 digits.
"""
import sys
from pathlib import Path

import mpmath
import numpy as np
import torch

sys.dont_write_bytecode = True

import kinds
from around import EPSILON
from files import write

V, STEPS, SHOWN = 5, 60, (0, 7, 59)
LAGS = (0, 1, 5, 20, 60)
BLOCKS = {'rnn': 1, 'lstm': 4, 'gru': 3, 'minGRU': 2, 'minLSTM': 3}
HAS_R = ('rnn', 'lstm', 'gru')
torch.set_default_dtype(torch.float64)
mpmath.mp.dps = 120
sigmoid = torch.sigmoid

CASES = {
    'rnn': [{'cell': 'rnn', 'hidden': 6}],
    'relu': [{'cell': 'rnn', 'hidden': 5, 'activation': 'relu'}],
    'lstm': [{'cell': 'lstm', 'hidden': 4}],
    'peepholes': [{'cell': 'lstm', 'hidden': 3, 'peepholes': True}],
    'inputForget': [{'cell': 'lstm', 'hidden': 3, 'inputForget': True, 'peepholes': True}],
    'gru': [{'cell': 'gru', 'hidden': 5}],
    'gruBefore': [{'cell': 'gru', 'hidden': 4, 'before': True}],
    'minGRU': [{'cell': 'minGRU', 'hidden': 5}],
    'minGRUPositive': [{'cell': 'minGRU', 'hidden': 4, 'positive': True}, {'cell': 'minGRU', 'hidden': 3, 'positive': True}],
    'minLSTM': [{'cell': 'minLSTM', 'hidden': 5}, {'cell': 'minLSTM', 'hidden': 4}],
    'minLSTMPositive': [{'cell': 'minLSTM', 'hidden': 4, 'positive': True}],
    'stack': [{'cell': 'lstm', 'hidden': 3}, {'cell': 'gru', 'hidden': 3, 'norm': 'layerNorm', 'residual': True}, {'cell': 'rnn', 'hidden': 4, 'norm': 'rmsNorm'}],
    'gates': [{'cell': 'minGRU', 'hidden': 4}, {'cell': 'rnn', 'hidden': 4, 'norm': 'layerNorm', 'residual': True}, {'cell': 'minLSTM', 'hidden': 4, 'residual': True}],
    'both': [{'cell': 'gru', 'hidden': 3, 'directions': 2}, {'cell': 'lstm', 'hidden': 3, 'directions': 2, 'norm': 'layerNorm', 'residual': True}],
}


MAMBA = {'cell': 'mamba', 'layers': 1, 'hidden': 3, 'stateSize': 3, 'expand': 2, 'convolution': 4, 'rank': 1, 'projectionBiases': False, 'norm': 'rmsNorm', 'residual': True,
         'finalNorm': 'none', 'tied': True, 'directions': 1}


def formula(p, count):
    return 0.7 * np.sin(1 + 0.7 * p + 1.3 * np.arange(count) ** 2)


def tokens():
    s, found = 1, []
    for _ in range(STEPS):
        s = (75 * s + 74) % 65537
        found.append(s % V)
    return found


def weights(layers):
    made, p = [], 0

    def draw(*shape):
        nonlocal p
        values = formula(p, int(np.prod(shape)))
        p += 1
        return torch.tensor(values.astype(np.float32).astype(np.float64).reshape(shape))

    width = V
    for layer in layers:
        H, D, rows = layer['hidden'], layer.get('directions', 1), BLOCKS[layer['cell']] * layer['hidden']
        own = {}
        if 'norm' in layer:
            own['gamma'] = (1 + 0.3 * formula(p, width)).astype(np.float32).astype(np.float64)
            own['gamma'] = torch.tensor(own['gamma'])
            p += 1
            if layer['norm'] == 'layerNorm':
                own['beta'] = draw(width)
        own['W'] = [draw(rows, width) for _ in range(D)]
        if layer['cell'] in HAS_R:
            own['R'] = [draw(rows, H) for _ in range(D)]
            own['Wb'], own['Rb'] = zip(*((draw(rows), draw(rows)) for _ in range(D)))
        else:
            own['Wb'] = [draw(rows) for _ in range(D)]
        # Behind the model's own parameters, which have none of these.
        own['P'] = torch.tensor(formula(90, 3 * H)) if layer.get('peepholes') else None
        made.append(own)
        width = D * H
    return made


def normalized(x, layer, own):
    if layer.get('norm') == 'layerNorm':
        return torch.nn.functional.layer_norm(x, x.shape, own['gamma'], own['beta'], EPSILON)
    if layer.get('norm') == 'rmsNorm':
        return own['gamma'] * x / torch.sqrt((x * x).mean() + EPSILON)
    return x


def candidate(u, layer):
    return torch.where(u >= 0, u + 0.5, sigmoid(u)) if layer.get('positive') else u


def cell_step(layer, own, d, x, states):
    """New states of one direction; ONNX's order of gates."""
    cell, H = layer['cell'], layer['hidden']
    h = states[0]
    a = own['W'][d] @ x + own['Wb'][d]
    if cell == 'minGRU':
        z = sigmoid(a[:H])
        return [(1 - z) * h + z * candidate(a[H:], layer)]
    if cell == 'minLSTM':
        f, i = sigmoid(a[:H]), sigmoid(a[H:2 * H])
        return [(f * h + i * candidate(a[2 * H:], layer)) / (f + i)]
    R, Rb = own['R'][d], own['Rb'][d]
    if cell == 'rnn':
        pre = a + R @ h + Rb
        return [torch.relu(pre) if layer.get('activation') == 'relu' else torch.tanh(pre)]
    if cell == 'gru':
        r_ = R[:2 * H] @ h + Rb[:2 * H]
        z, r = sigmoid(a[:H] + r_[:H]), sigmoid(a[H:2 * H] + r_[H:])
        read = R[2 * H:] @ (r * h) + Rb[2 * H:] if layer.get('before') else r * (R[2 * H:] @ h + Rb[2 * H:])
        n = torch.tanh(a[2 * H:] + read)
        return [(1 - z) * n + z * h]
    c = states[1]
    i, o, f, g = (a + R @ h + Rb).chunk(4)
    P = own['P']
    pi, po, pf = P.chunk(3) if P is not None else (0.0, 0.0, 0.0)
    i = sigmoid(i + pi * c)
    f = 1 - i if layer.get('inputForget') else sigmoid(f + pf * c)
    c = f * c + i * torch.tanh(g)
    return [sigmoid(o + po * c) * torch.tanh(c), c]


def states_of(layer):
    return 2 if layer['cell'] == 'lstm' else 1


def split(layers, s):
    found, at = [], 0
    for layer in layers:
        H = layer['hidden']
        found.append([s[at + k * H:at + (k + 1) * H] for k in range(states_of(layer))])
        at += states_of(layer) * H
    return found


def step(layers, own, d, x, s, held):
    """The direction's whole state one step on. held: of each layer what the other direction gives at this step, or None."""
    after = []
    for l, (layer, states) in enumerate(zip(layers, split(layers, s))):
        new = cell_step(layer, own[l], d, normalized(x, layer, own[l]), states)
        after += new
        given = new[0] if held is None else torch.cat([new[0], held[l]] if d == 0 else [held[l], new[0]])
        x = given + x if layer.get('residual') else given
    return torch.cat(after)


def given_by_both(layers, own, ids):
    """[layer][direction][t]: h, layer by layer."""
    x = [torch.eye(V)[i] for i in ids]
    found = []
    for l, layer in enumerate(layers):
        D = layer.get('directions', 1)
        rows = [[None] * STEPS for _ in range(D)]
        read = [normalized(row, layer, own[l]) for row in x]
        for d in range(D):
            states = [torch.zeros(layer['hidden']) for _ in range(states_of(layer))]
            for t in range(STEPS) if d == 0 else reversed(range(STEPS)):
                states = cell_step(layer, own[l], d, read[t], states)
                rows[d][t] = states[0]
        found.append(rows)
        given = [torch.cat([rows[d][t] for d in range(D)]) for t in range(STEPS)]
        x = [g + r for g, r in zip(given, x)] if layer.get('residual') else given
    return found


def direction_case(layers, own, ids, d, both):
    size = sum(states_of(layer) * layer['hidden'] for layer in layers)
    s = torch.zeros(size)
    jacobians = []
    for t in range(STEPS) if d == 0 else reversed(range(STEPS)):
        held = [rows[1 - d][t] for rows in both] if both else None
        x = torch.eye(V)[ids[t]]
        one = lambda state: step(layers, own, d, x, state, held)
        jacobians.append(torch.func.jacrev(one)(s))
        s = one(s)
    # Where every layer keeps factors alone, directions of the layers above come first: they do not turn into those below.
    Q = torch.eye(size).flip(1) if all(layer['cell'].startswith('min') for layer in layers) else torch.eye(size)
    growth = torch.zeros(size)
    for J in jacobians:
        Q, R = torch.linalg.qr(J @ Q)
        growth += R.diagonal().abs().log()
    # A unit of relu that is off loses directions: rounding then stands where a zero is.
    logs = torch.stack([torch.linalg.slogdet(J)[1] for J in jacobians])
    is_whole = bool(torch.isfinite(logs).all())
    return {
        'shown': [jacobians[i].numpy() for i in SHOWN],
        'singularValues': [torch.linalg.svdvals(jacobians[i]).numpy() for i in SHOWN],
        'exponents': sorted((growth / STEPS).tolist(), reverse=True) if is_whole else None,
        'logDeterminant': float(logs.mean()) if is_whole else None,
        'byLag': [by_lag(jacobians, lag, size) for lag in LAGS],
    }


def by_lag(jacobians, lag, size):
    """ln of the singular values of J_T J_{T-1} ... ; -9999 stands for the logarithm of an exact zero."""
    product = mpmath.eye(size)
    for i in range(lag):
        product = product * mpmath.matrix(jacobians[STEPS - 1 - i].tolist())
    values = mpmath.svd_r(product, compute_uv=False)
    largest = max(values)
    return sorted([float(mpmath.log(v)) if v > largest * mpmath.mpf(10) ** -100 else -9999.0 for v in values], reverse=True)


def mamba_case(ids):
    """Of the scan's state, what the layer reads and its convolution's inputs held; MAMBA's form is that of kinds.py."""
    w = {name: tensor.detach() for name, tensor in kinds.weights(MAMBA).items()}
    E, S, K = MAMBA['expand'] * MAMBA['hidden'], MAMBA['stateSize'], MAMBA['convolution']
    h, before = torch.zeros(E, S), torch.zeros(K - 1, E)
    jacobians = []
    for token in ids:
        x = kinds.normalized(w['embedding'][token], MAMBA['norm'], w.get('0 gamma'), w.get('0 beta'))
        one = lambda state: kinds.mamba(MAMBA, w, 0, [x], (state.view(E, S), before), None)[1][0][0][0].reshape(-1)
        jacobians.append(torch.autograd.functional.jacobian(one, h.reshape(-1)))
        h, before = kinds.mamba(MAMBA, w, 0, [x], (h, before), None)[2]
    logs = torch.stack([J.diagonal().log() for J in jacobians])
    assert all(torch.equal(J, J.diagonal().diag()) for J in jacobians)
    return {
        'shown': [jacobians[i].diagonal().numpy() for i in SHOWN],
        'exponents': logs.mean(0).sort(descending=True)[0].numpy(),
        'byLag': [logs[STEPS - lag:].sum(0).sort(descending=True)[0].numpy() for lag in LAGS],
    }


def main():
    ids = tokens()
    cases = []
    for name, layers in CASES.items():
        own = weights(layers)
        both = given_by_both(layers, own, ids) if any(layer.get('directions') == 2 for layer in layers) else None
        directions = [direction_case(layers, own, ids, d, both) for d in range(2 if both else 1)]
        cases.append({'name': name, 'layers': layers, 'directions': directions})
        print(name, directions[0]['exponents'] and directions[0]['exponents'][0])
    write('spectra', {'mamba': {'settings': MAMBA, **mamba_case(ids)}, 'vocabulary': V, 'ids': ids, 'shown': SHOWN, 'lags': LAGS, 'cases': cases}, 12)


if __name__ == '__main__':
    main()
