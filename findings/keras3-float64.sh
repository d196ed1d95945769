#!/usr/bin/env bash
# A Keras 3 layer of the type float64 computes in float64, one would expect. On PyTorch (and on JAX with its 64 bits turned on) it does not: Keras takes 64-bit
# types to be 32-bit ones wherever it finds out the type of a result, so that a product of two float64 matrices is computed in float32 and then called float64.
# A Dense is off by 1e-8 to 1e-7; an LSTM, which leaves its products to PyTorch, is exact. On TensorFlow float64 stays.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
"${PYTHON:-python3}" -m venv python
python/bin/pip install --quiet --disable-pip-version-check keras==3.15.1 torch==2.15.0
cat >show.py <<'PYTHON'
import os

os.environ['KERAS_BACKEND'] = 'torch'
import keras
import torch
from keras import layers

keras.config.set_dtype_policy('float64')
torch.manual_seed(1)
x = torch.randn(1, 5, 3, dtype=torch.float64)
dense = layers.Dense(7)
y = dense(x)
kernel = torch.tensor(dense.get_weights()[0])
error = (y - x @ kernel).abs().max().item()
print(f'Keras {keras.__version__} on PyTorch {torch.__version__}: Dense gives {y.dtype} from {kernel.dtype}, off by {error:.1e}')
print('type of a product of float64 and float64, by Keras:', keras.backend.result_type('float64', 'float64'))
assert y.dtype == kernel.dtype == torch.float64 and error > 1e-9
PYTHON
python/bin/python show.py 2>/dev/null
