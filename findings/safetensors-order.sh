#!/usr/bin/env bash
# A state dict has an order, that in which the modules were made: the embedding first, the output last. A safetensors file has not: save_file lays
# tensors out by the size of their numbers and then by name, and keys() sorts them by name. So of two matrices of one shape the file does not
# tell which came first, and a program that takes the first for the embedding reads another model after a rename.
# Metadata may be null, too: the library itself reads such a header as one without metadata, though the format's text asks for an object of strings.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with safetensors==0.8.0 numpy==2.4.6 <<'PYTHON'
import json

import numpy as np
import safetensors
from safetensors import safe_open
from safetensors.numpy import save_file

state = {'embedding.weight': np.zeros((3, 2), 'f4'), 'decoder.weight': np.ones((3, 2), 'f4'), 'steps': np.zeros(1, 'f8')}
save_file(state, 'model.safetensors')
data = open('model.safetensors', 'rb').read()
length = int.from_bytes(data[:8], 'little')
header = json.loads(data[8:8 + length])
with safe_open('model.safetensors', 'np') as opened:
    keys = list(opened.keys())
print('safetensors', safetensors.__version__)
print('saved in the order', list(state))
print('in the header:    ', list(header))
print('by keys():        ', keys)
text = json.dumps({'__metadata__': None, **header}).encode()
with open('null.safetensors', 'wb') as file:
    file.write(len(text).to_bytes(8, 'little') + text + data[8 + length:])
with safe_open('null.safetensors', 'np') as opened:
    metadata = opened.metadata()
    print('metadata of null: ', metadata)
assert list(header) == ['steps', 'decoder.weight', 'embedding.weight'] and keys == sorted(state) and metadata is None
PYTHON
