#!/usr/bin/env python3
"""Files of Keras' own, and what Keras computes of them in float64:  PYTHON test/vectors/keras_files.py [NAME …]

Run once with Keras 3 on JAX and once with Keras 2.15 (TensorFlow 2.15); each writes its own files into data/kerasFiles, and
NAME.json beside each: `ids` of a text, the `losses` of its next tokens, and `inputs`, log10 of the norms of the gradients of every target's loss by what the lowest
layer reads at each step (null behind the target of a model in one direction, "zero" where there is none). Files that are refused have `refusal`, a part of the sentence.
The models are small and random; their weights are float32 (float16 where a name says so), and all is computed from those in float64.
"""
import json
import os
import pathlib
import sys

os.environ['KERAS_BACKEND'] = 'jax'
os.environ['JAX_ENABLE_X64'] = '1'
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import keras
import numpy as np
from keras import layers as L

if keras.__version__ >= '3':
    # On JAX and PyTorch, Keras 3 takes float64 numbers to be float32 wherever it finds out a result's type.
    from keras.src.backend.common import dtypes
    dtypes.BIT64_TO_BIT32_DTYPE['float64'] = 'float64'

FOLDER = pathlib.Path(__file__).parent / 'data' / 'kerasFiles'
MAJOR = int(keras.__version__.split('.')[0])
V, E, T = 7, 3, 9
IDS = np.random.default_rng(5).integers(1, V, T + 1)


def ids_input():
    return keras.Input((None,), dtype='int32')


def embedding(**arguments):
    return L.Embedding(V, E, **arguments)


def dense(activation='softmax', **arguments):
    return L.Dense(V, activation=activation, **arguments)


def stack(*layers, onehot=False):
    return keras.Sequential([keras.Input((None, V)) if onehot else ids_input(), *layers])


def functional(*layers):
    x = start = ids_input()
    for layer in layers:
        x = layer(x)
    return keras.Model(start, x)


def all_steps(cell, units=4, **arguments):
    return cell(units, return_sequences=True, **arguments)


MODELS = {
    'lstm': lambda: stack(embedding(), all_steps(L.LSTM), dense()),
    'lstm-logits': lambda: functional(embedding(), all_steps(L.LSTM), L.Dropout(0.3), all_steps(L.LSTM, 5, name='a_first'), dense(None)),
    'lstm-both': lambda: stack(embedding(), L.Bidirectional(all_steps(L.LSTM)), all_steps(L.GRU, 3), L.TimeDistributed(dense())),
    'lstm-forms': lambda: stack(embedding(), all_steps(L.LSTM, use_bias=False), all_steps(L.LSTM, unit_forget_bias=False, dropout=0.2, recurrent_dropout=0.1), dense(use_bias=False)),
    'lstm-last': lambda: stack(embedding(), all_steps(L.LSTM), L.LSTM(5), dense()),
    'lstm-onehot': lambda: stack(L.Masking(), all_steps(L.LSTM), dense(None), L.Activation('softmax'), onehot=True),
    'lstm-hard': lambda: stack(embedding(), all_steps(L.LSTM, activation='softsign', recurrent_activation='hard_sigmoid'), dense()),
    'lstm-mask': lambda: functional(embedding(mask_zero=True), all_steps(L.LSTM), dense()),
    'gru-after': lambda: stack(embedding(), all_steps(L.GRU), L.SpatialDropout1D(0.2), all_steps(L.GRU, 5), dense()),
    'gru-before': lambda: stack(embedding(), all_steps(L.GRU, reset_after=False), all_steps(L.GRU, 5, use_bias=False), dense()),
    'gru-both-before': lambda: functional(embedding(), L.Bidirectional(all_steps(L.GRU, reset_after=False)), dense()),
    'rnn': lambda: stack(embedding(), all_steps(L.SimpleRNN), all_steps(L.SimpleRNN, 5, activation='relu'), dense()),
    'rnn-forms': lambda: stack(embedding(), all_steps(L.SimpleRNN, activation='elu'), all_steps(L.SimpleRNN, activation='linear'), all_steps(L.SimpleRNN, activation='softplus'), dense()),
    'norms': lambda: stack(embedding(), L.LayerNormalization(), all_steps(L.GRU), L.LayerNormalization(epsilon=1e-5, center=False), all_steps(L.LSTM), L.LayerNormalization(scale=False), dense()),
}
# Also kept in the legacy form.
LEGACY = ['lstm', 'lstm-logits', 'lstm-both', 'lstm-hard', 'gru-before', 'norms', 'lstm-half']
if MAJOR > 2:
    MODELS['rms-norm'] = lambda: stack(embedding(), all_steps(L.GRU), L.RMSNormalization(), dense())
    MODELS['lstm-half'] = lambda: stack(embedding(), all_steps(L.LSTM, recurrent_initializer='zeros'), dense())
    MODELS['lstm-leaky'] = lambda: stack(embedding(), all_steps(L.LSTM, activation='leaky_relu'), dense())


def two_readers():
    ids = ids_input()
    x = embedding()(ids)
    return keras.Model(ids, dense()(L.add([all_steps(L.LSTM)(x), all_steps(L.GRU)(x)])))


def state_read():
    ids = ids_input()
    _, h, _ = L.LSTM(4, return_sequences=True, return_state=True)(embedding()(ids))
    return keras.Model(ids, dense()(h))


class Own(keras.Model):
    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.parts = [embedding(), all_steps(L.LSTM), dense()]

    def call(self, ids):
        for part in self.parts:
            ids = part(ids)
        return ids


def own_class():
    model = Own()
    model(IDS[None, :-1])
    return model


def of_type(name):
    keras.config.set_dtype_policy(name)
    model = stack(embedding(), all_steps(L.LSTM, recurrent_initializer='zeros'), dense())
    keras.config.set_dtype_policy('float32')
    return model


def quantized():
    model = stack(embedding(), all_steps(L.LSTM), dense())
    model.quantize('int8')
    return model


REFUSED = {
    'refused-bfloat16': (lambda: of_type('bfloat16'), 'of the type bfloat16'),
    'refused-quantized': (quantized, 'should have 1 array of weights by its configuration, but has 2'),
    'refused-backwards': (lambda: stack(embedding(), all_steps(L.LSTM, go_backwards=True), dense()), 'go_backwards'),
    'refused-sum': (lambda: stack(embedding(), L.Bidirectional(all_steps(L.LSTM), merge_mode='sum'), dense()), 'as "sum"'),
    'refused-both-last': (lambda: stack(embedding(), L.Bidirectional(L.LSTM(4)), dense()), 'return_sequences is off'),
    'refused-activation': (lambda: stack(embedding(), all_steps(L.LSTM, activation='gelu'), dense()), 'the activation "gelu"'),
    'refused-dense-between': (lambda: stack(embedding(), all_steps(L.LSTM), L.Dense(4), dense()), 'gives 4 numbers, but the model reads 7 symbols'),
    'refused-convolution': (lambda: stack(embedding(), L.Conv1D(4, 3, padding='causal', name='local'), all_steps(L.LSTM), dense()), '“local” (Conv1D)'),
    'refused-two-readers': (two_readers, '(Add) reads several others'),
    'refused-state': (state_read, '(LSTM) reads several others'),
    'refused-own-class': (own_class, 'of the class “Own”'),
    'refused-classes': (lambda: stack(embedding(), L.LSTM(4), L.Dense(1, activation='sigmoid')), 'gives 1 number, but'),
    'refused-batch-norm': (lambda: stack(embedding(), all_steps(L.LSTM), L.BatchNormalization(), dense()), '(BatchNormalization)'),
    'refused-no-recurrent': (lambda: stack(embedding(), L.LayerNormalization()), 'has no SimpleRNN, LSTM or GRU'),
}


def drawn(model, name):
    """Weights that no initializer would give: none is zero, so that none can be lost unseen."""
    random = np.random.default_rng(sum(map(ord, name)))
    model.set_weights([random.uniform(-0.9, 0.9, each.shape).astype(np.float32) for each in model.get_weights()])
    return model


def with_gradient(loss, x):
    """A function's value at x, and its gradient."""
    if MAJOR > 2:
        import jax
        value, found = jax.value_and_grad(loss)(jax.numpy.asarray(x))
        return float(value), np.asarray(found)
    import tensorflow as tf
    x = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = loss(x)
    return float(value), np.asarray(tf.convert_to_tensor(tape.gradient(value, x)))


def in_float64(build, name, weights):
    """Losses, and the gradients by what the lowest layer behind the embedding reads."""
    policy = keras.backend.floatx()
    keras.backend.set_floatx('float64')
    if MAJOR > 2:
        keras.config.set_dtype_policy('float64')
    try:
        model = build()
        model.set_weights([each.astype(np.float64) for each in weights])
        parts = [each for each in model.layers if each.__class__.__name__ != 'InputLayer']
        if parts[0].__class__.__name__ == 'Embedding':
            start, parts = np.asarray(parts[0].get_weights()[0])[IDS[:-1]], parts[1:]
        else:
            start = np.eye(V)[IDS[:-1]]
        both = any(each.__class__.__name__ == 'Bidirectional' for each in parts)
        # A model in one direction that answers once reads the text up to there; any other one all of it.
        gives_all = all(getattr(each, 'return_sequences', True) for each in parts)
        losses, rows = [], []
        for tau in range(T):
            loss, found = with_gradient(
                lambda x: loss_of(parts, x if gives_all else x[:, :tau + 1], tau, int(IDS[tau + 1])), start[None])
            losses.append(loss)
            found = found[0]
            norms = np.linalg.norm(found, axis=1)
            rows.append([None if t > tau and not both else 'zero' if norm == 0 else float(f'{np.log10(norm):.15g}') for t, norm in enumerate(norms)])
        return losses, rows
    finally:
        keras.backend.set_floatx(policy)
        if MAJOR > 2:
            keras.config.set_dtype_policy('float32')


def loss_of(parts, x, at, target):
    """Of the answer at step `at`."""
    last = parts[-1].layer if parts[-1].__class__.__name__ == 'TimeDistributed' else parts[-1]
    gives_probabilities = last.activation.__name__ == 'softmax'
    for part in parts:
        x = part(x)
    row = x[0][at] if len(x.shape) == 3 else x[0]
    if MAJOR > 2:
        import jax
        return -(jax.numpy.log(row) if gives_probabilities else jax.nn.log_softmax(row))[target]
    import tensorflow as tf
    return -(tf.math.log(row) if gives_probabilities else tf.nn.log_softmax(row))[target]


def note(file, **content):
    (FOLDER / f'{file}.json').write_text(json.dumps({'version': keras.__version__, **content}) + '\n')


def resaved(path, expected):
    """As other programs write the same content: in the library's newest form, and packed in pieces."""
    import h5py
    for form, file_form, dataset_form in [
            ('newest', {'libver': 'latest'}, {}), ('packed', {}, {'chunks': True, 'compression': 'gzip', 'shuffle': True}),
            ('newest-packed', {'libver': 'latest'}, {'chunks': True, 'compression': 'gzip', 'shuffle': True})]:
        file = f'{path.stem}.{form}.h5'
        with h5py.File(path) as old, h5py.File(FOLDER / file, 'w', **file_form) as new:
            def copy(name, item):
                made = new.create_dataset(name, data=item[()], **dataset_form) if isinstance(item, h5py.Dataset) else new.require_group(name)
                made.attrs.update(item.attrs)
            old.visititems(copy)
            new.attrs.update(old.attrs)
        note(file, **expected)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = f'keras{MAJOR}'
    only = sys.argv[1:]
    for name, build in MODELS.items():
        if only and name not in only:
            continue
        keras.backend.clear_session()
        model = drawn(build(), name)
        weights = model.get_weights()
        if name == 'lstm-half':
            weights = [each.astype(np.float16) for each in weights]
            keras.config.set_dtype_policy('float16')
            model = build()
            keras.config.set_dtype_policy('float32')
            model.set_weights(weights)
        losses, inputs = in_float64(build, name, weights)
        expected = {'ids': IDS.tolist(), 'losses': losses, 'inputs': inputs}
        for ending in ['keras', 'h5'] if name in LEGACY else ['keras']:
            file = f'{name}.{made}.{ending}'
            model.save(str(FOLDER / file))
            note(file, **expected)
        if name in ['lstm', 'lstm-half'] and MAJOR > 2:
            resaved(FOLDER / f'{name}.{made}.h5', expected)
        if name in ['lstm-both', 'lstm-logits']:
            # Weights alone, with the configuration beside them.
            folder = FOLDER / f'{name}.{made}.folder'
            folder.mkdir(exist_ok=True)
            model.save_weights(str(folder / 'model.weights.h5'))
            (folder / 'config.json').write_text(model.to_json())
            note(f'{name}.{made}.folder/model.weights.h5', **expected)
    if MAJOR > 2:
        for name, (build, refusal) in REFUSED.items():
            if only and name not in only:
                continue
            keras.backend.clear_session()
            file = f'{name}.keras'
            build().save(str(FOLDER / file))
            note(file, refusal=refusal)


if __name__ == '__main__':
    sys.exit(main())
