#!/usr/bin/env python3
"""Tests the lines with which README.md exports a model from PyTorch:  PYTHON bench/peer/readme_export.py   (PyTorch 1.13 or later; npm run build before)

The lines are taken out of the README and run as they stand, with nn.LSTM, nn.GRU and nn.RNN. Backflow must then read each file on a text longer than
the example's, and give the loss that PyTorch gives.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

import torch

PROJECT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = 'There was once a king who had a garden, and in the garden stood a tree.\n' * 3


def readme_lines():
    blocks = re.findall(r'```python\n(.*?)```', (PROJECT / 'README.md').read_text(encoding='utf-8'), re.DOTALL)
    lines, = (block for block in blocks if 'torch.onnx.export' in block)
    assert lines.count('nn.LSTM(') == 1
    return lines


def export(lines, kind, folder):
    """The model that the lines leave, with model.onnx and symbols.json in the folder."""
    own = {}
    code = lines.replace('nn.LSTM(', f'nn.{kind}(').replace('"corpus.txt"', repr(str(folder / 'corpus.txt')))
    for name in ('model.onnx', 'symbols.json'):
        code = code.replace(f'"{name}"', repr(str(folder / name)))
    torch.manual_seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        exec(compile(code, 'README.md', 'exec'), own)
    return own['model']


def loss_of(model, symbols, text):
    ids = torch.tensor([[symbols.index(symbol) for symbol in text]])
    with torch.no_grad():
        scores = model.double()(ids[:, :-1])
    return float(torch.nn.functional.cross_entropy(scores[0], ids[0, 1:]))


def main():
    lines = readme_lines()
    for kind in ('LSTM', 'GRU', 'RNN'):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / 'corpus.txt').write_text(CORPUS, encoding='utf-8')
            model = export(lines, kind, folder)
            text = CORPUS[:50]
            (folder / 'text.txt').write_text(text, encoding='utf-8')
            symbols = json.loads((folder / 'symbols.json').read_text(encoding='utf-8'))
            expected = loss_of(model, symbols, text)
            command = ['node', str(PROJECT / 'dist' / 'cli.js'), 'inspect', str(folder / 'model.onnx'), '--text', str(folder / 'text.txt'), '--vocab', str(folder / 'symbols.json'), '--json']
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0])['loss']
            print(f'PyTorch {torch.__version__}, nn.{kind}: loss {expected:.12f} by PyTorch, {found:.12f} by Backflow')
            if abs(found - expected) > 1e-6:
                sys.exit(f'nn.{kind}: the losses differ')


if __name__ == '__main__':
    main()
