#!/usr/bin/env bash
# What PyTorch's two exporters make of recurrent models, with a time axis that is declared to be free:
# - The one that is the default since 2.9 (dynamo=True) cannot export nn.RNN so: it fixes the number of steps, and ends with an error. nn.LSTM and
#   nn.GRU are exported rightly.
# - The older one (dynamo=False) exports nn.RNN. It cannot export F.rms_norm, which newer models have.
# - A loop over nn.GRUCell is traced by it: the file says that time is free, and has as many predictions for 20 tokens as the example had, 8.
#   Nobody warns when it is run.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON' 2>"$folder/log" || { tail -20 "$folder/log"; exit 1; }
import os
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

warnings.simplefilter('ignore')
AXES = {'ids': {0: 'batch', 1: 'time'}, 'scores': {0: 'batch', 1: 'time'}}


class Model(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.embedding = nn.Embedding(12, 5)
        self.output = nn.Linear(6 if kind != 'norm' else 5, 12)
        if kind in ('RNN', 'LSTM', 'GRU'):
            self.rnn = getattr(nn, kind)(5, 6, batch_first=True)
        if kind == 'GRUCell':
            self.cell = nn.GRUCell(5, 6)

    def forward(self, ids):
        x = self.embedding(ids)
        if self.kind == 'norm':
            return self.output(torch.nn.functional.rms_norm(x, (5,)))
        if self.kind != 'GRUCell':
            return self.output(self.rnn(x)[0])
        h = torch.zeros(x.shape[0], 6)
        states = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            states.append(h)
        return self.output(torch.stack(states, 1))


def exported(kind, dynamo):
    """What kept it from being exported, or predictions for 20 tokens."""
    # Both exporters print much, one of them past Python's standard output.
    shown, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    try:
        torch.onnx.export(Model(kind).eval(), (torch.zeros(2, 8, dtype=torch.int64),), 'model.onnx', input_names=['ids'], output_names=['scores'], dynamic_axes=AXES, dynamo=dynamo)
    except Exception as error:
        return type(error).__name__
    finally:
        os.dup2(shown, 1)
    return onnxruntime.InferenceSession('model.onnx').run(None, {'ids': np.zeros((2, 20), dtype=np.int64)})[0].shape[1]


found = {(kind, dynamo): exported(kind, dynamo) for kind, dynamo in (
    ('RNN', True), ('LSTM', True), ('GRU', True), ('RNN', False), ('LSTM', False), ('GRU', False), ('norm', True), ('norm', False), ('GRUCell', False))}
print('PyTorch', torch.__version__)
for (kind, dynamo), what in found.items():
    print(f'{kind}, dynamo={dynamo}: {what if isinstance(what, str) else f"{what} predictions for 20 tokens"}')
assert found == {('RNN', True): 'TorchExportError', ('LSTM', True): 20, ('GRU', True): 20, ('RNN', False): 20, ('LSTM', False): 20, ('GRU', False): 20,
                 ('norm', True): 20, ('norm', False): 'UnsupportedOperatorError', ('GRUCell', False): 8}
PYTHON
