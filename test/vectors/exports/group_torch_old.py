"""The exporter of PyTorch 1.13, Debian's python3-torch: it traces. The name of a file has the opset."""
import contextlib
import io
import warnings

import torch

import saving
from group_torch_new import AXES, NAMES, ids
from models import MODELS, Scripted, fill, made

# Name, opset, whether time is declared to be free. Traced loops have only the steps of the trace all the same.
JOBS = [('rnn', 9, True), ('lstm', 13, True), ('gru', 14, True), ('grucell', 13, True), ('gpt', 13, True), ('encoder', 14, True), ('ssm', 16, False)]


def main():
    torch.set_num_threads(1)
    assert torch.__version__.startswith('1.13'), torch.__version__
    jobs = [(name, opset, is_free, made(name)) for name, opset, is_free in JOBS]
    jobs.append(('matrices-scripted', 11, True, torch.jit.script(fill(Scripted(), MODELS['matrices'][1]))))
    for name, opset, is_free, module in jobs:
        file = saving.path(f'{name}.torch113-{opset}')
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter('ignore')
            torch.onnx.export(module, (ids(2 if is_free else 1),), file, opset_version=opset, **NAMES, **({'dynamic_axes': AXES} if is_free else {}))
        saving.bare(file)
