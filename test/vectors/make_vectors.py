#!/usr/bin/env python3
"""Writes the test vectors, see README.md:  /usr/bin/python3 test/vectors/make_vectors.py"""
import json
import pathlib
import re
import sys

import numpy as np
import torch

sys.dont_write_bytecode = True

from cells import draw_parameters
from far import far_cases
from inspection import inspect
from optimizers import optimizers
from training import smallest_preactivation, train

HERE = pathlib.Path(__file__).parent
VOCABULARY, STEPS, STREAMS, WINDOW = 11, 23, 3, 12
CELLS = [('rnn', 'tanh', 8), ('rnn', 'relu', 9), ('lstm', 'tanh', 7), ('gru', 'tanh', 7)]


def plain(value):
    """Arrays become flat lists, row-major."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.ravel().tolist() if isinstance(value, np.ndarray) else value


def write(name, case):
    text = json.dumps(plain(case), indent=1, allow_nan=False)
    one_line = re.sub(r'\[[^\[\]{}"]*\]', lambda match: re.sub(r'\s+', '', match.group()), text)
    (HERE / 'data').mkdir(exist_ok=True)
    (HERE / 'data' / f'{name}.json').write_text(one_line + '\n')


def make_case(cell, activation, layers, hidden):
    for seed in range(100 * layers, 100 * layers + 100):
        random = np.random.default_rng(seed)
        parameters = draw_parameters(random, cell, activation, layers, hidden, VOCABULARY)
        ids = random.integers(0, VOCABULARY, STEPS + 1).tolist()
        texts = random.integers(0, VOCABULARY, (STREAMS, WINDOW + 1))
        inputs, targets = texts[:, :-1].tolist(), texts[:, 1:].tolist()
        h0 = random.uniform(-0.6, 0.6, (layers, STREAMS, hidden))
        c0 = random.uniform(-1, 1, (layers, STREAMS, hidden)) if cell == 'lstm' else None
        if activation == 'relu':
            h0 = np.abs(h0)
            zero = np.zeros((layers, 1, hidden))
            margin = min(smallest_preactivation(cell, activation, parameters, [ids[:-1]], zero),
                         smallest_preactivation(cell, activation, parameters, inputs, h0))
            if margin < 5e-4:
                continue
        return {
            'cell': cell, 'activation': activation, 'hiddenSize': hidden, 'vocabularySize': VOCABULARY, 'seed': seed,
            'parameters': parameters,
            'inspection': inspect(cell, activation, parameters, ids),
            'training': train(cell, activation, parameters, inputs, targets, h0, c0),
        }
    raise RuntimeError(f'no seed keeps {cell} {activation} away from the kink of relu')


def main():
    # One thread: sums in one order, so that a second run writes the same bytes.
    torch.set_num_threads(1)
    for cell, activation, hidden in CELLS:
        for layers in (1, 2, 3):
            name = f'{cell}-{activation}-{layers}' if cell == 'rnn' else f'{cell}-{layers}'
            write(name, make_case(cell, activation, layers, hidden))
            print(name)
    for name, case in far_cases():
        write(name, case)
        print(name)
    write('optimizers', optimizers())
    print('optimizers')


if __name__ == '__main__':
    main()
