#!/usr/bin/env bash
# onnx.reference is ONNX's own evaluator, and one expects that it computes what ONNX's text says. Of the RNN operator it reads neither the
# input sequence_lens nor the attribute clip, and says nothing: steps behind the end of a sequence are computed like all others.
# ONNX Runtime computes both.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

x = np.full((3, 1, 1), 2, dtype=np.float32)
one, none = np.ones((1, 1, 1), np.float32), np.zeros((1, 1, 1), np.float32)


def both(inputs, **attributes):
    node = helper.make_node('RNN', ['x', 'W', 'R', *inputs], ['y'], hidden_size=1, **attributes)
    feeds = {'x': x, 'W': one, 'R': none, **({'lengths': np.array([1], dtype=np.int32)} if inputs else {})}
    graph = helper.make_graph([node], 'one', [helper.make_tensor_value_info(key, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape) for key, value in feeds.items()],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, ['T', 1, 1, 1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 22)], ir_version=10)
    onnx.checker.check_model(model)
    return [np.round(run(None, feeds)[0].ravel().astype(float), 4).tolist() for run in (ReferenceEvaluator(model).run, onnxruntime.InferenceSession(model.SerializeToString()).run)]


lengths, clip = both(['', 'lengths']), both([], clip=0.5)
print(f'onnx {onnx.__version__}, ONNX Runtime {onnxruntime.__version__}')
print('three steps of tanh(2), the sequence ends behind the first: reference', lengths[0], 'runtime', lengths[1])
print('tanh(2) with clip = 0.5, which is tanh(0.5) = 0.4621: reference', clip[0], 'runtime', clip[1])
assert lengths[0] == [0.964] * 3 and lengths[1][1:] == [0, 0]
assert clip[0] == [0.964] * 3 and clip[1] == [0.4621] * 3
PYTHON
