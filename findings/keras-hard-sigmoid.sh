#!/usr/bin/env bash
# One name, two functions: "hard_sigmoid" in the configuration of a model is clip(0.2 x + 0.5) in Keras 2 and clip(x/6 + 0.5) in Keras 3. A model that Keras 2 has
# saved is loaded by Keras 3 without a word, and predicts otherwise; the version it was saved by stands in the file (`keras_version`), and is not looked at.
# Needs Python 3.11, for TensorFlow 2.15.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
"${PYTHON:-python3}" -m venv two
"${PYTHON:-python3}" -m venv three
two/bin/pip install --quiet --disable-pip-version-check tensorflow-cpu==2.15.1
three/bin/pip install --quiet --disable-pip-version-check keras==3.12.1 jax==0.8.2
cat >show.py <<'PYTHON'
import os
import sys

os.environ['KERAS_BACKEND'] = 'jax'
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import keras
import numpy as np

if sys.argv[1] == 'save':
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3, recurrent_activation='hard_sigmoid')])
    model.set_weights([np.full(each.shape, 0.5, 'float32') for each in model.get_weights()])
    model.save('model.h5')
else:
    model = keras.models.load_model('model.h5', compile=False)
given = np.ones((1, 4, 2), 'float32')
print('Keras', keras.__version__, *np.asarray(model(given))[0, :1])
PYTHON
two/bin/python show.py save 2>/dev/null | tee two.txt
three/bin/python show.py load 2>/dev/null | tee three.txt
[ "$(cut -d' ' -f3 two.txt)" != "$(cut -d' ' -f3 three.txt)" ]
