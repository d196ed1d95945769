#!/usr/bin/env bash
# paddle.onnx.export of a model with nn.SimpleRNN raises no exception: its log has a line that the model is invalid, then one that the model is
# exported, and the file is there. It has no RNN in it: a node reads a tensor that nothing gives. nn.LSTM and nn.GRU are exported rightly.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with paddlepaddle==3.3.1 paddle2onnx==2.1.0 onnx==1.17.0 onnxruntime==1.32.0 packaging==26.4 numpy==2.4.6 <<'PYTHON'
import contextlib
import io

import onnx
import paddle
from paddle import nn


class Model(nn.Layer):
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(12, 5)
        self.rnn = kind(5, 6)
        self.output = nn.Linear(6, 12)

    def forward(self, ids):
        return self.output(self.rnn(self.embedding(ids))[0])


def exported(kind):
    model = Model(kind)
    model.eval()
    with contextlib.redirect_stdout(io.StringIO()):
        paddle.onnx.export(model, kind.__name__, input_spec=[paddle.static.InputSpec([None, None], 'int64', 'ids')], opset_version=15)
    file = onnx.load(f'{kind.__name__}.onnx')
    operators = {node.op_type for node in file.graph.node}
    try:
        onnx.checker.check_model(file)
        return operators, None
    except onnx.checker.ValidationError as error:
        return operators, next(line for line in str(error).splitlines() if 'not output of any previous' in line or 'is not output' in line or 'Nodes in a graph' in line)


print('PaddlePaddle', paddle.__version__)
for kind, operator, is_right in ((nn.LSTM, 'LSTM', True), (nn.GRU, 'GRU', True), (nn.SimpleRNN, 'RNN', False)):
    operators, error = exported(kind)
    print(f'nn.{kind.__name__}: {"has" if operator in operators else "has no"} node {operator}; checker: {error or "valid"}')
    assert (operator in operators) == is_right and (error is None) == is_right
PYTHON
