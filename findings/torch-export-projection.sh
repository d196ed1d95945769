#!/usr/bin/env bash
# One would expect that an exporter that cannot write nn.LSTM with proj_size refuses it, since ONNX's LSTM has no projection: h would be as wide as c.
# PyTorch's older exporter does refuse. The newer one writes an LSTM node as wide as the projection: of every matrix it takes as many rows as that width has
# gates, so that gates are cut in the middle, leaves weight_hr_l0 out, and says nothing. ONNX Runtime refuses to run the file, since the first c is wider.
set -euo pipefail
. "$(dirname "$0")/python.sh"

python_with torch==2.15.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON'
import contextlib
import io

import numpy
import onnx
import onnxruntime
import torch
from torch import nn

print('torch', torch.__version__, 'onnx', onnx.__version__, 'onnxruntime', onnxruntime.__version__)
CELLS, OUTPUTS, INPUTS = 5, 3, 2


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(INPUTS, CELLS, proj_size=OUTPUTS, batch_first=True)

    def forward(self, x):
        return self.rnn(x)[0]


model, x = Model().eval(), torch.zeros(1, 4, INPUTS)


def exported(**options):
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        torch.onnx.export(model, (x,), 'model.onnx', **options)
    return onnx.load('model.onnx')


try:
    exported(dynamo=False)
    refused = False
except torch.onnx.errors.SymbolicValueError as error:
    refused = 'projections' in str(error)
print('the older exporter refuses:', refused)

written = exported(dynamo=True)
[node] = [each for each in written.graph.node if each.op_type == 'LSTM']
width = next(each.i for each in node.attribute if each.name == 'hidden_size')
tensors = {each.name: onnx.numpy_helper.to_array(each) for each in written.graph.initializer}
W = tensors[node.input[1]][0]
whole = model.rnn.weight_ih_l0.detach().numpy()
# ONNX's order is i, o, f, c; PyTorch's i, f, g, o. The first block are the first rows, which are not all of the gate.
block = numpy.array_equal(W[:OUTPUTS], whole[:OUTPUTS])
has_projection = any(numpy.array_equal(each, model.rnn.weight_hr_l0.detach().numpy()) for each in tensors.values())
print('the newer one writes an LSTM of', width, 'units, W', W.shape, 'of', whole.shape, '- the projection is in the file:', has_projection)

try:
    onnxruntime.InferenceSession('model.onnx', providers=['CPUExecutionProvider']).run(None, {written.graph.input[0].name: x.numpy()})
    runs = True
except Exception as error:
    runs = False
    print('ONNX Runtime:', str(error).splitlines()[0][:160])
assert refused and width == OUTPUTS and W.shape == (4 * OUTPUTS, INPUTS) and block and not has_projection and not runs
PYTHON
