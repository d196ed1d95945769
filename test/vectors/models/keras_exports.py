"""Real exports of Keras models by tf2onnx, each checked against the unrolled model's predictions."""
import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

from keras_weights import CASES, draw
from texts import V

OPSETS = [9, 11, 13, 15, 18]


def build(name):
    import tensorflow as tf
    from tensorflow.keras import layers
    kinds = {'rnn': layers.SimpleRNN, 'gru': layers.GRU, 'lstm': layers.LSTM}
    recurrent, others = CASES[name]
    ids = tf.keras.Input((None,), dtype='int32')
    x = layers.Embedding(V, 5)(ids)
    for cell, units, arguments in recurrent:
        plain = {'return_sequences': True, **{key: value for key, value in arguments.items() if key != 'both'}}
        layer = kinds[cell](units, **plain)
        x = (layers.Bidirectional(layer) if arguments.get('both') else layer)(x)
    model = tf.keras.Model(ids, layers.Dense(V, activation='softmax' if others.get('softmax') else None)(x))
    model.set_weights(draw(name))
    return model


def export_all(folder, bare):
    import tensorflow as tf
    import tf2onnx
    for i, name in enumerate(CASES):
        tf.keras.backend.clear_session()
        opset = OPSETS[i % len(OPSETS)]
        # SimpleRNN, and GRU with reset_after=False, come as a Loop.
        file = str(folder / f'{name}.tf2onnx{opset}.onnx')
        tf2onnx.convert.from_keras(build(name), input_signature=[tf.TensorSpec((None, None), tf.int32)], opset=opset, output_path=file)
        bare(file)
        print(file)


def references(folder):
    """The exported file, run by ONNX Runtime, and the unrolled model agree."""
    import numpy as np
    import onnxruntime
    import torch
    from keras_weights import reference_model
    from unrolled import leaves, reference, run
    for name in CASES:
        model, ids = reference_model(name)
        _, _, logits = run(leaves(model)[0], ids)
        file, = folder.rglob(f'{name}.tf2onnx*.onnx')
        session = onnxruntime.InferenceSession(str(file))
        found, = session.run(None, {session.get_inputs()[0].name: np.array([ids[:-1]], dtype=np.int32)})
        expected = torch.stack(logits)
        expected = (torch.softmax(expected, 1) if CASES[name][1].get('softmax') else expected).detach().numpy()
        if found.ndim == 2:
            expected = expected[-1:]
        difference = np.abs(found.reshape(expected.shape) - expected).max()
        assert difference < 1e-5, (name, difference)
        yield name, ids, reference(model, ids)
