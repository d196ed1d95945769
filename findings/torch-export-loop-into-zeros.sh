#!/usr/bin/env bash
# A loop over the steps of a text that writes each into a tensor of zeros, exported by PyTorch's older exporter (dynamo=False) with a time axis that is
# declared to be free. One would expect the loop to run over every text, or as many predictions as the example had steps. The file gives a prediction for
# every token of a longer text: those behind the example's 8 steps are made of zeros in place of the loop's results, and depend on no earlier token.
# ONNX Runtime says nothing when it runs the file.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON' 2>"$folder/log" || { tail -20 "$folder/log"; exit 1; }
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

warnings.simplefilter('ignore')


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(12, 6)
        self.cell = nn.GRUCell(6, 6)
        self.output = nn.Linear(6, 12)

    def forward(self, ids):
        x = self.embedding(ids)
        h = torch.zeros(x.shape[0], 6)
        states = torch.zeros_like(x)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            states[:, t] = h
        return self.output(x + states)


torch.manual_seed(0)
axes = {'ids': {0: 'batch', 1: 'time'}, 'scores': {0: 'batch', 1: 'time'}}
model = Model().eval()
torch.onnx.export(model, (torch.zeros(1, 8, dtype=torch.int64),), 'model.onnx', input_names=['ids'], output_names=['scores'], dynamic_axes=axes, dynamo=False)
session = onnxruntime.InferenceSession('model.onnx')
ids = np.arange(20, dtype=np.int64)[None] % 12
other = ids.copy()
other[0, 0] = 5
scores, changed = (session.run(None, {'ids': each})[0][0] for each in (ids, other))
own = model(torch.tensor(ids))[0].detach().numpy()
depend = [bool(np.abs(a - b).max() > 0) for a, b in zip(scores, changed)]
right = [bool(np.abs(a - b).max() < 1e-5) for a, b in zip(scores, own)]
print('PyTorch', torch.__version__, '· ONNX Runtime', onnxruntime.__version__)
print(len(scores), 'predictions for 20 tokens; as in PyTorch:', sum(right), '· that depend on the first token:', sum(depend))
assert len(scores) == 20 and right == [t < 8 for t in range(20)] and depend == [t < 8 for t in range(20)]
PYTHON
