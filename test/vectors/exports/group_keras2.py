"""Keras 2.15 by tf2onnx."""
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import numpy as np

import saving
from recurrent_weights import H, draw
from texts import V

# Name → kind, what differs, opset.
CASES = {
    'plain-lstm': ('lstm', {}, 15), 'plain-gru': ('gru', {}, 13), 'plain-gru-before': ('gru-before', {}, 13), 'plain-rnn': ('rnn', {}, 13),
    'masked-lstm': ('lstm', {'masked': True}, 13), 'masked-gru': ('gru', {'masked': True}, 15),
    'plain-lstm-sequential': ('lstm', {'functional': False}, 18),
}


def model_of(kind, masked=False, functional=True):
    import tensorflow as tf
    layers = tf.keras.layers
    recurrent = {'rnn': layers.SimpleRNN, 'lstm': layers.LSTM, 'gru': layers.GRU}[kind.split('-')[0]]
    arguments = {'reset_after': kind == 'gru'} if kind.startswith('gru') else {}
    parts = [layers.Embedding(V, 5, mask_zero=masked), recurrent(H, return_sequences=True, **arguments), layers.Dense(V, activation='softmax')]
    if functional:
        ids = tf.keras.Input((None,), dtype='int32', name='ids')
        x = ids
        for part in parts:
            x = part(x)
        model = tf.keras.Model(ids, x)
    else:
        model = tf.keras.Sequential(parts)
        model(np.zeros((1, 12), dtype='int32'))
    weights = draw(kind.split('-')[0])
    bias = weights['b'] if kind != 'gru-before' else weights['b'].sum(0)
    model.set_weights([weights['embedding'], weights['W'], weights['R'], bias, weights['output'], weights['output_b']])
    return model


def main(*names):
    import tensorflow as tf
    import tf2onnx
    for name, (kind, options, opset) in CASES.items():
        if names and name not in names:
            continue
        tf.keras.backend.clear_session()
        file = saving.path(f'{name}.keras2-{opset}')
        try:
            # One without an Input has the ids it was first called with for its signature.
            signature = [tf.TensorSpec((None, None), tf.int32, name='ids')] if options.get('functional', True) else None
            tf2onnx.convert.from_keras(model_of(kind, **options), input_signature=signature, opset=opset, output_path=file)
            saving.bare(file)
        except Exception as error:
            print(f'{name}: {type(error).__name__}: {str(error).strip().splitlines()[-1][:400]}')
