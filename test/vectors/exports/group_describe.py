"""What is in the files: runs each on ONNX Runtime beside its reference, and writes manifest.json."""
import json

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto

import files
import saving
from recurrent_weights import draw
from texts import V

STEPS = 12
MAKERS = {
    'torch113': 'PyTorch 1.13.0, torch.onnx.export', 'script': 'PyTorch 2.15.0, torch.onnx.export(dynamo=False)', 'dynamo': 'PyTorch 2.15.0, torch.onnx.export(dynamo=True)',
    'keras3-tensorflow': 'Keras 3.15.1 on TensorFlow 2.21.0, model.export(format="onnx")', 'keras3-jax': 'Keras 3.15.1 on JAX 0.10.2, model.export(format="onnx")',
    'keras3-torch': 'Keras 3.15.1 on PyTorch 2.15.0, model.export(format="onnx")', 'keras2': 'Keras 2.15.0, tf2onnx 1.17.0', 'jax2onnx': 'JAX 0.10.2, jax2onnx 0.17.1',
    'paddle': 'PaddlePaddle 3.3.1, paddle2onnx 2.1.0', 'helper': 'onnx.helper 1.23.2',
}
# What Backflow's own reading of stacks of RNN, LSTM and GRU layers takes; the rest is for graph mode, but for these.
STACKS = ('rnn.', 'lstm.', 'gru.', 'plain-gru.keras2', 'plain-gru-before.keras2', 'plain-gru.paddle', 'plain-lstm.keras2', 'plain-lstm-sequential.keras2', 'plain-lstm.paddle', 'plain-rnn.keras2')
REFUSED = {
    'plain-rnn.paddle': 'reads “p2o.pd_op.rnn.0.0”, which nothing gives: the exporter left the RNN out',
    'plain-rnn.keras3-torch': 'only a single token can be read: the exporter traced one step, and splits the time into one',
    'plain-lstm.keras3-torch': 'gives one prediction for any text: the exporter traced one step',
}
TYPES = {TensorProto.INT64: np.int64, TensorProto.INT32: np.int32, TensorProto.FLOAT: np.float32}


def maker_of(ways):
    first, *then = ways
    key = max((key for key in MAKERS if first.startswith(key)), key=len)
    return MAKERS[key] + ''.join(f', optimized by ONNX Runtime 1.32.0 ({way[4:]})' for way in then)


def reference_of(name):
    return name.removesuffix('-scripted').removesuffix('-sequential')


class File:
    def __init__(self, file):
        self.model = onnx.load(str(file))
        self.inputs = list(self.model.graph.input)
        self.types = [TYPES[each.type.tensor_type.elem_type] for each in self.inputs]

    def run(self, ids, outputs=None):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        model = self.model
        if outputs:
            model = onnx.ModelProto()
            model.CopyFrom(self.model)
            known = {output.name for output in model.graph.output}
            model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in outputs if name not in known)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])
        if len(self.inputs) == 1:
            return session.run(outputs, {self.inputs[0].name: np.array([ids], dtype=self.types[0])})
        # One token a call, its state carried by Python.
        state = np.zeros([each.dim_value or 1 for each in self.inputs[1].type.tensor_type.shape.dim], dtype=np.float32)
        rows = []
        for token in ids:
            scores, state = session.run(None, {self.inputs[0].name: np.array([token], dtype=self.types[0]), self.inputs[1].name: state})
            rows.append(scores)
        return [np.concatenate(rows)]


def losses_of(scores, targets):
    rows = scores.reshape(-1, scores.shape[-1]).astype(np.float64)
    is_probability = bool((rows >= 0).all() and np.abs(rows.sum(1) - 1).max() < 1e-4)
    logarithms = np.log(rows) if is_probability else rows - np.log(np.exp(rows).sum(1, keepdims=True))
    return 'probabilities' if is_probability else 'scores', [-logarithms[t, target] for t, target in enumerate(targets[:len(rows)])]


def embedding_in(file, ids, table):
    """The tensor that has the rows of the embedding's matrix, as the graph calls it."""
    names = [name for node in file.model.graph.node for name in node.output if name]
    expected = table[np.array(ids)].reshape(-1)
    for name in names:
        try:
            found, = file.run(ids, [name])
        except Exception:
            continue
        if isinstance(found, np.ndarray) and found.size == expected.size and found.dtype == np.float32 and np.array_equal(found.reshape(-1), expected):
            return name
    return None


def table_of(reference):
    if reference.startswith(('plain', 'masked')):
        kind = reference.split('-')[1]
        return draw(kind)['embedding']
    from models import made
    return made(reference).embedding.weight.detach().numpy()


def described(path):
    name, *ways = path.name.removesuffix('.onnx').split('.')
    reference = reference_of(name)
    expected = json.loads((saving.FOLDER / 'references' / f'{reference}.json').read_text())
    ids = expected['ids']
    model = onnx.load(str(path))
    refused = next((words for start, words in REFUSED.items() if path.name.startswith(start)), None)
    entry = {
        'file': path.name, 'reference': reference, 'maker': maker_of(ways), 'opset': next(each.version for each in model.opset_import if each.domain in ('', 'ai.onnx')),
        'opens': 'refused' if refused else 'stack' if path.name.startswith(STACKS) else 'graph', **({'because': refused} if refused else {}),
    }
    try:
        file = File(path)
        entry['ids'] = {np.int64: 'int64', np.int32: 'int32', np.float32: 'float'}[file.types[0]]
        scores, *_ = file.run(ids[:-1])
    except Exception as error:
        assert refused, (path, error)
        return {**entry, 'rows': None}
    kind, losses = losses_of(scores, ids[1:])
    entry['gives'] = kind
    apart = float(np.abs(np.array(losses) - expected['losses'][:len(losses)]).max())
    assert apart < 1e-5, (path, apart)
    if len(file.inputs) > 1:
        return {**entry, 'rows': {'1': 1}, 'state': [file.inputs[1].name, file.model.graph.output[1].name]}
    # Predictions that a text of so many tokens gets; null where ONNX Runtime refuses it.
    rows = {}
    for length in (5, STEPS, 20):
        try:
            found, *_ = file.run((ids[:-1] + ids)[:length])
            rows[length] = found.size // found.shape[-1]
        except Exception:
            rows[length] = None
    assert refused or rows[STEPS] == STEPS, (path, rows)
    return {**entry, 'rows': rows, 'embedding': embedding_in(file, ids[:-1], table_of(reference))}


def main():
    found = [described(path) for path in sorted(saving.FOLDER.glob('*.onnx'))]
    files.write('exports/manifest', {'vocabulary_size': V, 'files': found})
    print(f'{len(found)} files, {sum((saving.FOLDER / each["file"]).stat().st_size for each in found)} bytes')
