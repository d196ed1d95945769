#!/usr/bin/env bash
# A functional model of Keras 3 is built as soon as it is made: its Input says all that an export needs. Even so, model.export(format='onnx')
# refuses it until it has been called once: "The model provided has never called." Loading a file and exporting it at once fails so.
# Its Embedding, too, is not what one expects of a table: id -1 is the last row, as in NumPy, and the exported graph has nodes for that
# (Less, Add) in front of the Gather.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with keras==3.15.1 jax==0.10.2 jax2onnx==0.17.1 onnx==1.23.2 numpy==2.4.6 <<'PYTHON'
import os

os.environ['KERAS_BACKEND'] = 'jax'
import keras
import numpy as np
import onnx

ids = keras.Input((None,), dtype='int32')
embedding = keras.layers.Embedding(12, 5)
model = keras.Model(ids, keras.layers.Dense(12)(keras.layers.LSTM(6, return_sequences=True)(embedding(ids))))
assert model.built
try:
    model.export('uncalled.onnx', format='onnx', verbose=False)
    message = None
except ValueError as error:
    message = str(error).strip().splitlines()[-1]
model(np.zeros((1, 4), dtype='int32'))
model.export('called.onnx', format='onnx', verbose=False)
rows = np.asarray(embedding(np.array([-1, 11])))
print('Keras', keras.version())
print('a built model that was never called:', message)
print('operators of the same one after a call:', sorted({node.op_type for node in onnx.load('called.onnx').graph.node}))
print('id -1 gives the row of id 11:', bool((rows[0] == rows[1]).all()))
assert message and 'never called' in message and (rows[0] == rows[1]).all()
PYTHON
