#!/usr/bin/env python3
"""Writes the models of other tools and what PyTorch says of them in float64, see README.md:  PYTHON test/vectors/onnx_models.py GROUP"""
import contextlib
import io
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE / 'models'))

import onnx

import files
from texts import SYMBOLS

FOLDER = HERE / 'data' / 'onnx'
DIGITS = 8
# Ways that no recurrent operator expresses.
REFUSED = ('unsorted',)


def bare(file):
    """Without what exporters note of the place where they ran."""
    model = onnx.load(file)
    for part in [model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info, *model.graph.initializer]:
        for field in ('doc_string', 'metadata_props'):
            if field in part.DESCRIPTOR.fields_by_name:
                part.ClearField(field)
    onnx.save(model, file)


def export_all(jobs):
    """jobs: (case, way, how)."""
    import torch
    import torch_exports
    torch.set_num_threads(1)
    for case, way, how in jobs:
        kind = 'torch' if str(how).startswith('dynamo') else 'script'
        folder = FOLDER / 'refused' if way in REFUSED else FOLDER
        file = str(folder / f'{case}.{way}-{kind}{str(how).replace("dynamo", "").replace("-", "")}.onnx')
        with contextlib.redirect_stdout(io.StringIO()):
            torch_exports.export(case, way, how, file)
        bare(file)
        print(file)


def script_old():
    """TorchScript-based, PyTorch 1.13: Debian's python3-torch."""
    from torch_exports import CASES
    opsets = [7, 9, 10, 11, 13, 14, 15, 16, 17]
    yield from ((case, 'plain', opsets[i % len(opsets)]) for i, case in enumerate(CASES))
    yield from ((case, way, opset) for case in ('lstm-2', 'gru-2-both') for way, opset in (
        ('time_first', 9), ('zeros', 13), ('states', 9), ('states_out', 11), ('log_softmax', 13), ('softmax', 9), ('flat', 13), ('channels', 11),
        ('permuted', 16), ('unbatched', 13), ('one_text', 9), ('one_text_zeros', 13), ('dropout', 9), ('argmax', 13), ('two_outputs', 11), ('fixed', 9)))
    yield from (('lstm-2', way, 13) for way in ('last', 'last_hidden', 'single_step', 'packed'))
    yield 'lstm-2', 'unsorted', 13
    yield from (('lstm-1-onehot', way, opset) for way, opset in (('eye', 9), ('scatter', 9), ('scatter', 16), ('equal', 11), ('rows_in', 13)))
    yield from ((case, 'plain', 12) for case in ('lstm-temperature', 'lstm-scaled', 'lstm-nonlinear'))


def torch_new():
    """Both exporters of a current PyTorch."""
    from torch_exports import CASES
    yield from ((case, 'plain', 18 + 2 * (i % 2)) for i, case in enumerate(CASES) if i % 2 == 0)
    yield from ((case, 'plain', 'dynamo') for case in CASES if not case.startswith('rnn') and case != 'lstm-long')
    yield from (('lstm-2', way, 'dynamo') for way in (
        'time_first', 'zeros', 'states', 'states_out', 'log_softmax', 'flat', 'channels', 'unbatched', 'one_text', 'last', 'last_hidden', 'single_step', 'argmax'))
    # It writes nn.RNN out step by step, for a fixed number of steps.
    yield from ((case, 'fixed', 'dynamo') for case in CASES if case.startswith('rnn'))
    yield from (('gru-2-both', way, 'dynamo') for way in ('states', 'softmax', 'one_text_zeros', 'fixed'))
    yield from (('lstm-1-onehot', way, 'dynamo') for way in ('eye', 'scatter', 'equal', 'rows_in'))


def references():
    """What every text comes to, in float64."""
    import torch
    import torch_exports
    from unrolled import reference
    torch.set_num_threads(1)
    files.write('onnx/vocabulary', SYMBOLS)
    for case in torch_exports.CASES:
        model, ids = torch_exports.reference_model(case)
        torch_exports.check(case)
        is_long = len(ids) > 100
        files.write(f'onnx/{case}', {'ids': ids, **reference(model, ids, with_states=not is_long, with_matrix=not is_long)}, DIGITS)
        print(case)


def keras():
    import keras_exports
    keras_exports.export_all(FOLDER, bare)


def keras_references():
    import keras_exports
    for name, ids, found in keras_exports.references(FOLDER):
        files.write(f'onnx/{name}', {'ids': ids, **found}, DIGITS)
        print(name)


def handmade():
    import handmade as made
    for name, ids, found in made.make_all(FOLDER):
        if found:
            files.write(f'onnx/{name}', {'ids': ids, **found}, DIGITS)
        print(name)


def weights():
    """Bare weights as PyTorch users save them, under the names of their module, also in halves."""
    import torch
    import torch_exports
    from safetensors.torch import save_file
    for case, kind, dtype in (('lstm-2', 'float32', torch.float32), ('gru-2-both', 'float32', torch.float32), ('rnn-relu-1', 'float32', torch.float32), ('lstm-tied', 'float32', torch.float32),
                              ('lstm-nobias', 'float64', torch.float64), ('lstm-2', 'float16', torch.float16), ('lstm-2', 'bfloat16', torch.bfloat16)):
        module = torch_exports.CharRnn(**torch_exports.CASES[case][0])
        # A tied matrix is one tensor, which safetensors keeps once.
        state = {f'model.{name}': value.to(dtype).contiguous() for name, value in module.state_dict().items() if not (module.tied and name == 'out.weight')}
        save_file(state, str(FOLDER / f'{case}.{kind}.safetensors'))


def refused():
    import refused as made
    made.make_all(FOLDER / 'refused')


GROUPS = {
    'script': lambda: export_all(script_old()),
    'torch': lambda: export_all(torch_new()),
    'references': references,
    'keras': keras,
    'keras-references': keras_references,
    'handmade': handmade,
    'refused': refused,
    'weights': weights,
}

if __name__ == '__main__':
    (FOLDER / 'refused').mkdir(parents=True, exist_ok=True)
    for group in sys.argv[1:]:
        GROUPS[group]()
