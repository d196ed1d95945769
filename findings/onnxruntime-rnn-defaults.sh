#!/usr/bin/env bash
# An RNN node of ONNX with the activation Affine, ScaledTanh or ThresholdedRelu may leave out the numbers alpha and beta. ONNX's text says
# that the defaults are those of the operator of the same name: ThresholdedRelu has alpha = 1. ONNX Runtime takes 0 for each number that is
# missing: ThresholdedRelu is then Relu, and Affine and ScaledTanh give nothing but zeros. LeakyRelu, HardSigmoid and Elu have their defaults.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, defs, helper

x = np.array([[[0.25, 2.0]]], dtype=np.float32)
found = {}
for name in ('Affine', 'ScaledTanh', 'ThresholdedRelu', 'LeakyRelu'):
    node = helper.make_node('RNN', ['x', 'W', 'R'], ['', 'y'], hidden_size=2, activations=[name])
    graph = helper.make_graph([node], 'one', [helper.make_tensor_value_info(key, TensorProto.FLOAT, [1, 2, 2] if key != 'x' else [1, 1, 2]) for key in ('x', 'W', 'R')],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 22)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    found[name] = session.run(None, {'x': x, 'W': np.eye(2, dtype=np.float32)[None], 'R': np.zeros((1, 2, 2), np.float32)})[0].ravel().tolist()
default = defs.get_schema('ThresholdedRelu', 22).attributes['alpha'].default_value.f
print(f'ONNX Runtime {onnxruntime.__version__}, of 0.25 and 2:', found)
print(f"ThresholdedRelu's alpha in ONNX's text: {default}, so that 0 and 2 were expected")
assert found['Affine'] == [0, 0] and found['ScaledTanh'] == [0, 0] and found['ThresholdedRelu'] == [0.25, 2] and found['LeakyRelu'] == [0.25, 2] and default == 1
PYTHON
