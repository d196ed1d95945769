#!/usr/bin/env bash
# What tf2onnx makes of Keras' TimeDistributed(Dense) around the states of a text, the way many older tutorials write the output layer.
# One expects a file with a prediction for each token, as for the same model with the Dense alone. Without a word, the file has one prediction, that of the first token, for a text of any length.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with tensorflow-cpu==2.21.0 keras==3.15.1 tf2onnx==1.17.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON' 2>"$folder/log" || { tail -20 "$folder/log"; exit 1; }
import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

ids = np.arange(9, dtype=np.int32)[None] % 5


def answers(is_wrapped):
    """Of Keras and of the file, for a text of nine tokens."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((None,), dtype='int32')
    states = keras.layers.SimpleRNN(3, return_sequences=True)(keras.layers.Embedding(5, 4)(inputs))
    dense = keras.layers.Dense(5)
    model = keras.Model(inputs, (keras.layers.TimeDistributed(dense) if is_wrapped else dense)(states))
    signature = [tf.TensorSpec((None, None), tf.int32, name='ids')]
    tf2onnx.convert.from_keras(model, input_signature=signature, opset=15, output_path='model.onnx')
    [found] = onnxruntime.InferenceSession('model.onnx').run(None, {'ids': ids})
    return model(ids).numpy(), found


print('tf2onnx', tf2onnx.__version__, 'Keras', keras.__version__, 'TensorFlow', tf.__version__)
for is_wrapped, steps in ((False, 9), (True, 1)):
    expected, found = answers(is_wrapped)
    print('TimeDistributed(Dense):' if is_wrapped else 'Dense:', 'Keras answers', expected.shape, 'and the file', found.shape)
    assert expected.shape == (1, 9, 5) and found.shape == (1, steps, 5), found.shape
    assert np.abs(found - expected[:, :steps]).max() < 1e-6
PYTHON
