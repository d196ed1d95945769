#!/usr/bin/env bash
# Keras 3 with PyTorch behind it exports a model whose Input has a free number of steps, keras.Input((None,)), without an error or a warning of
# its own. The exporter traces it on a text of one token, and the loop over time with it: the file gives one prediction for a text of any
# length. With TensorFlow or JAX behind it the same model is exported with all its steps.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with keras==3.15.1 torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON' 2>"$folder/log" || { tail -20 "$folder/log"; exit 1; }
import os

os.environ['KERAS_BACKEND'] = 'torch'
import keras
import numpy as np
import onnxruntime

ids = keras.Input((None,), dtype='int32')
model = keras.Model(ids, keras.layers.Dense(12)(keras.layers.LSTM(6, return_sequences=True)(keras.layers.Embedding(12, 5)(ids))))
text = np.array([[1, 2, 3, 4, 5, 6]], dtype='int32')
own = np.asarray(model(text).detach())
model.export('model.onnx', format='onnx', verbose=False)
session = onnxruntime.InferenceSession('model.onnx')
found = session.run(None, {session.get_inputs()[0].name: text})[0]
print('Keras', keras.version(), 'on', keras.backend.backend())
print('six tokens: the model gives', own.shape, '; the file', found.shape, 'and declares', session.get_outputs()[0].shape)
assert own.shape == (1, 6, 12) and found.shape == (1, 1, 12)
PYTHON
