"""Keras 3 on each backend that can export ONNX:  make_exports.py keras3:tensorflow, keras3:jax, keras3:torch."""
import os
import pathlib
import warnings

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import numpy as np

import saving
from recurrent_weights import H, draw
from texts import V

STEPS = 12


def model_of(kind, masked=False, functional=True, probabilities=True):
    import keras
    from keras import layers
    recurrent = {'rnn': layers.SimpleRNN, 'lstm': layers.LSTM, 'gru': layers.GRU}[kind.split('-')[0]]
    arguments = {'reset_after': kind == 'gru'} if kind.startswith('gru') else {}
    parts = [layers.Embedding(V, 5, mask_zero=masked), recurrent(H, return_sequences=True, **arguments), layers.Dense(V, activation='softmax' if probabilities else None)]
    if functional:
        ids = keras.Input((None,), dtype='int32', name='ids')
        x = ids
        for part in parts:
            x = part(x)
        model = keras.Model(ids, x)
    else:
        model = keras.Sequential(parts)
    # The exporter refuses a model that was never called, also a functional one.
    model(np.zeros((1, STEPS), dtype='int32'))
    weights = draw(kind.split('-')[0])
    bias = weights['b'] if kind != 'gru-before' else weights['b'].sum(0)
    model.set_weights([weights['embedding'], weights['W'], weights['R'], bias, weights['output'], weights['output_b']])
    return model


CASES = {
    'plain-rnn': ('rnn', {}), 'plain-lstm': ('lstm', {}), 'plain-gru': ('gru', {}), 'plain-gru-before': ('gru-before', {}),
    'masked-lstm': ('lstm', {'masked': True}), 'masked-gru': ('gru', {'masked': True}),
    'plain-lstm-sequential': ('lstm', {'functional': False, 'probabilities': False}),
}

# Those that are kept; the others are alike.
KEPT = {
    'tensorflow': ['plain-rnn', 'plain-lstm', 'plain-gru', 'masked-lstm', 'plain-lstm-sequential'],
    'jax': ['plain-rnn', 'plain-lstm', 'plain-gru', 'masked-lstm', 'plain-lstm-sequential'],
    'torch': ['plain-rnn', 'plain-lstm', 'plain-lstm-sequential'],
}


def main(backend, *names):
    os.environ['KERAS_BACKEND'] = backend
    import keras
    assert keras.backend.backend() == backend
    print('Keras', keras.version(), 'on', backend)
    for name, (kind, options) in CASES.items():
        if name not in (names or KEPT[backend]):
            continue
        keras.backend.clear_session()
        file = saving.path(f'{name}.keras3-{backend}')
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                model_of(kind, **options).export(file, format='onnx', verbose=False)
            saving.bare(file)
        except Exception as error:
            pathlib.Path(file).unlink(missing_ok=True)
            print(f'{name}: {type(error).__name__}: {str(error).strip().splitlines()[-1][:400]}')
