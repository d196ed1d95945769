"""Keras models by their layers, with weights that need no Keras to be known: drawn in the order of `get_weights`."""
import numpy as np

from texts import V, ids_of

# name -> layers (cell, units, arguments), and what else.
CASES = {
    'keras-lstm': ([('lstm', 6, {})], {'softmax': True}),
    'keras-lstm-2': ([('lstm', 6, {}), ('lstm', 5, {})], {}),
    'keras-lstm-both': ([('lstm', 4, {'both': True})], {}),
    'keras-lstm-2-both': ([('lstm', 4, {'both': True}), ('lstm', 4, {'both': True})], {'softmax': True}),
    'keras-lstm-hard': ([('lstm', 6, {'recurrent_activation': 'hard_sigmoid'})], {}),
    'keras-lstm-nobias': ([('lstm', 6, {'use_bias': False})], {}),
    'keras-lstm-dropout': ([('lstm', 6, {'dropout': 0.2})], {}),
    'keras-lstm-last': ([('lstm', 6, {'return_sequences': False})], {}),
    'keras-gru-after': ([('gru', 6, {'reset_after': True})], {'softmax': True}),
    'keras-gru-after-both': ([('gru', 4, {'reset_after': True, 'both': True})], {}),
    'keras-gru-before': ([('gru', 6, {'reset_after': False})], {}),
    'keras-rnn': ([('rnn', 6, {})], {}),
    'keras-rnn-relu': ([('rnn', 6, {'activation': 'relu'})], {}),
    'keras-rnn-both': ([('rnn', 4, {'both': True})], {}),
}
EMBEDDING = 5
# Keras' gate blocks in ONNX's order: of i f c o, and of z r h.
ORDER = {'rnn': [0], 'gru': [0, 1, 2], 'lstm': [0, 3, 1, 2]}
GATES = {'rnn': 1, 'gru': 3, 'lstm': 4}


def draw(name):
    """Arrays in Keras' order."""
    layers, _ = CASES[name]
    random = np.random.default_rng(sum(map(ord, name)))
    uniform = lambda *shape: random.uniform(-0.8, 0.8, shape).astype(np.float32)
    arrays = [uniform(V, EMBEDDING)]
    width = EMBEDDING
    for cell, units, arguments in layers:
        rows = GATES[cell] * units
        for _ in range(2 if arguments.get('both') else 1):
            arrays += [uniform(width, rows), uniform(units, rows)]
            if arguments.get('use_bias', True):
                arrays.append(uniform(2, rows) if arguments.get('reset_after') else uniform(rows))
        width = 2 * units if arguments.get('both') else units
    return arrays + [uniform(width, V), uniform(V)]


def reference_model(name):
    from unrolled import usual
    layers, _ = CASES[name]
    arrays = iter(draw(name))
    embedding = next(arrays)
    found = []
    for cell, units, arguments in layers:
        directions = []
        for direction in ('forward', 'backward') if arguments.get('both') else ('forward',):
            blocks = lambda value: np.concatenate([np.split(value, GATES[cell])[block] for block in ORDER[cell]])
            W, R = blocks(next(arrays).T), blocks(next(arrays).T)
            zero = np.zeros(GATES[cell] * units)
            bias = next(arrays) if arguments.get('use_bias', True) else zero
            Wb, Rb = (blocks(bias[0]), blocks(bias[1])) if bias.ndim == 2 else (blocks(bias), zero)
            activations = usual(cell, arguments.get('activation', 'tanh'))
            if 'recurrent_activation' in arguments:
                activations = [('hardsigmoid', 0.2, 0.5), *activations[1:]]
            directions.append({'direction': direction, 'W': W, 'R': R, 'Wb': Wb, 'Rb': Rb, 'P': None, 'activations': activations, 'h0': None, 'c0': None})
        found.append({'cell': cell, 'clip': None, 'linear_before_reset': arguments.get('reset_after', False) or cell != 'gru', 'input_forget': False, 'directions': directions})
    W, b = arrays
    model = {'vocabulary': V, 'embedding': embedding, 'layers': found, 'norm': None, 'output': {'W': W.T, 'b': b}, 'tied': False}
    return model, ids_of(24, sum(map(ord, name)))
