#!/usr/bin/env bash
# Two operators have a window of keys to the left of each token. ONNX's Attention (opset 25) has left_window_size, which does not count the
# token itself: with 1, a token reads itself and one before it. The GroupQueryAttention of ONNX Runtime has local_window_size, which its
# documentation calls left_window_size: with 1, a token reads itself alone.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

# All scores are equal, and the values are 1, 2, 4: what comes out says which of them were read.
T, size = 3, 8
zero = np.zeros((1, T, size), np.float32)
values = np.repeat(np.array([1, 2, 4], np.float32), size).reshape(1, T, size)
shape = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, T, size])
whole = lambda name, dims: helper.make_tensor_value_info(name, TensorProto.INT32, dims)
none = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
opsets = [helper.make_opsetid('', 25), helper.make_opsetid('com.microsoft', 1)]

node = helper.make_node('Attention', ['q', 'k', 'v'], ['y'], q_num_heads=1, kv_num_heads=1, is_causal=1, left_window_size=1)
model = helper.make_model(helper.make_graph([node], 'one', [shape(name) for name in 'qkv'], [none('y')]), opset_imports=opsets[:1], ir_version=11)
standard = ReferenceEvaluator(model).run(None, {'q': zero, 'k': zero, 'v': values})[0][0, :, 0].tolist()

node = helper.make_node('GroupQueryAttention', ['q', 'k', 'v', '', '', 'last', 'total'], ['y', 'pk', 'pv'], domain='com.microsoft', num_heads=1, kv_num_heads=1, local_window_size=1)
opsets[0] = helper.make_opsetid('', 20)
model = helper.make_model(helper.make_graph([node], 'one', [*(shape(name) for name in 'qkv'), whole('last', [1]), whole('total', [1])], [none('y'), none('pk'), none('pv')]), opset_imports=opsets, ir_version=9)
feeds = {'q': zero, 'k': zero, 'v': values, 'last': np.array([T - 1], np.int32), 'total': np.array([T], np.int32)}
runtime = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)[0][0, :, 0].tolist()
print(f'ONNX Runtime {onnxruntime.__version__}; means of the values 1, 2, 4 that each token reads')
print("ONNX's Attention, left_window_size = 1:", standard)
print("GroupQueryAttention, local_window_size = 1:", runtime)
assert standard == [1, 1.5, 3] and runtime == [1, 2, 4]
PYTHON
