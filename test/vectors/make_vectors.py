#!/usr/bin/env python3
"""Writes the test vectors, see README.md:  /usr/bin/python3 test/vectors/make_vectors.py [GROUP ...]"""
import sys

import numpy as np
import torch

sys.dont_write_bytecode = True

from cells import draw_parameters
from far import far_cases
from files import write
from inputs import input_cases
from inspection import inspect
from long import long_case
from mamba import mamba_cases
from minimal import minimal_cases
from number_sequences import number_cases
from optimizers import optimizers
from stacks import stack_cases
from training import smallest_preactivation, train

VOCABULARY, STEPS, STREAMS, WINDOW = 11, 23, 3, 12
CELLS = [('rnn', 'tanh', 8), ('rnn', 'relu', 9), ('lstm', 'tanh', 7), ('gru', 'tanh', 7)]


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


def cell_cases():
    for cell, activation, hidden in CELLS:
        for layers in (1, 2, 3):
            name = f'{cell}-{activation}-{layers}' if cell == 'rnn' else f'{cell}-{layers}'
            yield name, make_case(cell, activation, layers, hidden)


# Group -> what yields its (name, case), and the significant digits kept where not all are.
GROUPS = {
    'cells': (cell_cases, None),
    'far': (far_cases, None),
    'optimizers': (lambda: [('optimizers', optimizers())], None),
    'stacks': (lambda: ((f'stacks/{name}', case) for name, case in stack_cases()), 12),
    'inputs': (lambda: ((f'inputs/{name}', case) for name, case in input_cases()), 10),
    'minimal': (lambda: ((f'minimal/{name}', case) for name, case in minimal_cases()), 11),
    'numbers': (lambda: ((f'numbers/{name}', case) for name, case in number_cases()), None),
    'long': (lambda: [('long-lstm', long_case())], 12),
    'mamba': (lambda: ((f'mamba/{name}', case) for name, case in mamba_cases()), 10),
}


def main(groups):
    # One thread: sums in one order, so that a second run writes the same bytes.
    torch.set_num_threads(1)
    for group in groups or GROUPS:
        make, digits = GROUPS[group]
        for name, case in make():
            write(name, case, digits)
            print(name)


if __name__ == '__main__':
    main(sys.argv[1:])
