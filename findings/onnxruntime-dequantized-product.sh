#!/usr/bin/env bash
# A product with a matrix of four-bit numbers, written as DequantizeLinear and MatMul. Both are operators on floats, so one would expect a float32 result.
# ONNX Runtime makes one node of the two when a session is loaded, and rounds the other factor to eight bits in it: the result is off by half a percent.
# The session option session.qdq_matmulnbits_accuracy_level, 4 unless it is set, switches that off with 0.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON' 2>"$folder/log" || { tail -20 "$folder/log"; exit 1; }
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
K, N, SIZE = 64, 12, 16
codes = rng.integers(0, 16, (K, N)).astype(np.uint8)
scales = (0.05 + 0.05 * rng.random((K // SIZE, N))).astype(np.float32)
zeros = rng.integers(6, 10, (K // SIZE, N)).astype(np.uint8)


def packed(name, values):
    flat = values.reshape(-1)
    return helper.make_tensor(name, TensorProto.UINT4, values.shape, (flat[::2] | flat[1::2] << 4).tobytes(), raw=True)


graph = helper.make_graph(
    [helper.make_node('DequantizeLinear', ['codes', 'scales', 'zeros'], ['B'], axis=0, block_size=SIZE), helper.make_node('MatMul', ['A', 'B'], ['Y'])],
    'product', [helper.make_tensor_value_info('A', TensorProto.FLOAT, [4, K])], [helper.make_tensor_value_info('Y', TensorProto.FLOAT, [4, N])],
    [packed('codes', codes), numpy_helper.from_array(scales, 'scales'), packed('zeros', zeros)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 21)], ir_version=10).SerializeToString()
A = rng.standard_normal((4, K)).astype(np.float32)
expected = A.astype(np.float64) @ ((codes - zeros.repeat(SIZE, 0).astype(np.float64)) * scales.repeat(SIZE, 0))


def error(level):
    options = onnxruntime.SessionOptions()
    if level is not None:
        options.add_session_config_entry('session.qdq_matmulnbits_accuracy_level', level)
    found = onnxruntime.InferenceSession(model, options).run(None, {'A': A})[0]
    return float(np.abs(found - expected).max() / np.abs(expected).max())


as_it_is, exact = error(None), error('0')
print('ONNX Runtime', onnxruntime.__version__)
print(f'relative error: {as_it_is:.1e}; with accuracy level 0: {exact:.1e}')
assert as_it_is > 1e-3 and exact < 1e-5
PYTHON
