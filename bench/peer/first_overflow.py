#!/usr/bin/env python3
"""Compares where a number first leaves float32 with PyTorch:  PYTHON bench/peer/first_overflow.py   (PyTorch 1.13 or later; npm run build before)

Two layers of nn.RNN, nn.LSTM and nn.GRU that overflow, forward or back, are unrolled step by step, every state a node of its own, in float64. The first state, or
gradient of a state, that is not within float32 must be where `backflow inspect --json` has it, with the same value and the same value one step before; and in
float32 PyTorch's own pass must fail at the same step.
"""
import json
import pathlib
import subprocess
import tempfile

import torch
from torch import nn

PROJECT = pathlib.Path(__file__).resolve().parents[2]
GREATEST = torch.finfo(torch.float32).max
TEXT = 'abcdefghiabdcefhgaihbgcfde' * 2
SYMBOLS = sorted(set(TEXT))
IDS = torch.tensor([SYMBOLS.index(symbol) for symbol in TEXT])
T = len(IDS) - 1
LAYERS, UNITS = 2, 5


class Model(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.embedding = nn.Embedding(len(SYMBOLS), 6)
        self.rnn = kind(6, UNITS, LAYERS, **options)
        self.output = nn.Linear(UNITS, len(SYMBOLS))


def step_of(rnn, a, b, h, c):
    """h_t and c_t from a = W x + b_ih and b = R h + b_hh."""
    if isinstance(rnn, nn.RNN):
        return (torch.relu if rnn.nonlinearity == 'relu' else torch.tanh)(a + b), c
    if isinstance(rnn, nn.GRU):
        (a_r, a_z, a_n), (b_r, b_z, b_n) = a.chunk(3), b.chunk(3)
        r, z = torch.sigmoid(a_r + b_r), torch.sigmoid(a_z + b_z)
        return (1 - z) * torch.tanh(a_n + r * b_n) + z * h, c
    i, f, g, o = (a + b).chunk(4)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def unrolled(model, dtype):
    """(t, layer) → its states, each with its whole gradient by the mean loss; and the loss."""
    weights = {name: values.to(dtype) for name, values in model.rnn.state_dict().items()}
    states, loss = {}, 0
    h = [torch.zeros(UNITS, dtype=dtype) for _ in range(LAYERS)]
    c = [torch.zeros(UNITS, dtype=dtype) for _ in range(LAYERS)]
    for t in range(T):
        x = model.embedding.weight.detach().to(dtype)[IDS[t]].requires_grad_(True)
        for l in range(LAYERS):
            a = weights[f'weight_ih_l{l}'] @ x + weights[f'bias_ih_l{l}']
            b = weights[f'weight_hh_l{l}'] @ h[l] + weights[f'bias_hh_l{l}']
            h[l], c[l] = step_of(model.rnn, a, b, h[l], c[l])
            states[t, l] = (h[l], c[l]) if isinstance(model.rnn, nn.LSTM) else (h[l],)
            x = h[l]
            for state in states[t, l]:
                if state.requires_grad:
                    state.retain_grad()
        scores = model.output.weight.to(dtype) @ x + model.output.bias.to(dtype)
        loss = loss + nn.functional.cross_entropy(scores[None], IDS[t + 1][None]) / T
    loss.backward()
    return states, loss.item()


def leaves(values):
    return values is not None and not bool((values.detach().abs() <= GREATEST).all())


def first_of(states):
    """Forward by step and layer, then back from the last step and the top layer: pass, step, layer, state."""
    for t in range(T):
        for l in range(LAYERS):
            if leaves(states[t, l][0]):
                return 'forward', t, l, 0
    for t in reversed(range(T)):
        for l in reversed(range(LAYERS)):
            for s, state in enumerate(states[t, l]):
                if leaves(state.grad):
                    return 'backward', t, l, s
    return None


def inspected(model, folder):
    torch.save({'model': model.state_dict(), 'itos': SYMBOLS}, folder / 'model.pt')
    (folder / 'text.txt').write_text(TEXT)
    of_rnn = ['--activation', model.rnn.nonlinearity] if isinstance(model.rnn, nn.RNN) else []
    files = [str(folder / 'model.pt'), '--text', str(folder / 'text.txt')]
    command = ['node', str(PROJECT / 'dist/cli.js'), 'inspect', *files, '--json', *of_rnn]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)['nonFinite']


def close(ours, theirs):
    return abs(ours / theirs.item() - 1) < 1e-9


def compare(model, name, folder):
    states, loss = unrolled(model, torch.float64)
    where, t, l, s = first_of(states)
    in_float32 = first_of(unrolled(model, torch.float32)[0])
    ours = inspected(model, folder)
    row = (lambda at: states[at, l][0]) if where == 'forward' else (lambda at: states[at, l][s].grad)
    # What relu makes of a state is its pre-activation where that is above zero.
    quantity = 'preActivation' if where == 'forward' else ('hidden', 'cell')[s]
    assert (ours['pass'], ours['step'], ours['layer'], ours['quantity']) == (where, t, l, quantity), (ours, where, t, l, s)
    before = t - 1 if where == 'forward' else t + 1
    assert close(ours['value'], row(t)[ours['unit']]) and close(ours['before'], row(before)[ours['unit']]), ours
    assert in_float32[:3] == (where, t, l), in_float32
    print(f'{name}: loss {loss:.4g}; {where}, step {t}, layer {l}, {quantity}: {ours["value"]:.6g} after {ours["before"]:.6g}')


def main():
    with tempfile.TemporaryDirectory() as path:
        for seed in range(3):
            torch.manual_seed(seed)
            model = Model(nn.RNN, nonlinearity='relu')
            with torch.no_grad():
                model.rnn.weight_hh_l0.abs_().mul_(20)
            compare(model, 'nn.RNN (relu)', pathlib.Path(path))
            for kind, gain in ((nn.RNN, 30), (nn.LSTM, 100), (nn.GRU, 60)):
                model = Model(kind)
                # Near the zero state nothing is saturated: the gradient grows, and the loss is that of a guess.
                with torch.no_grad():
                    for name, values in model.rnn.named_parameters():
                        if 'weight_hh' in name:
                            values.mul_(gain)
                        elif 'bias' in name or name == 'weight_ih_l0':
                            values.zero_()
                compare(model, f'nn.{kind.__name__}', pathlib.Path(path))


if __name__ == '__main__':
    main()
