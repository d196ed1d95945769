"""Both exporters of a current PyTorch."""
import contextlib
import io
import sys
import traceback
import warnings

import torch

import saving
from models import H, OneToken, Scripted, fill, made, MODELS

STEPS = 12
NAMES = dict(input_names=['ids'], output_names=['logits'])
AXES = {'ids': {0: 'batch', 1: 'time'}, 'logits': {0: 'batch', 1: 'time'}}


def ids(batch=2, steps=STEPS):
    return torch.arange(batch * steps).reshape(batch, steps) % 12


def export(module, args, file, **how):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        torch.onnx.export(module, args, file, verbose=False, **how)
    saving.bare(file)


def script(name, opset, module=None, batch=2, axes=AXES):
    """The exporter that traces, dynamic axes declared as tutorials have it."""
    file = saving.path(f'{name}.script{opset}')
    export(module or made(name), (ids(batch),), file, opset_version=opset, dynamic_axes=axes, **NAMES, **({} if torch.__version__ < '2' else {'dynamo': False}))


def dynamo(name, opset=None, module=None, fixed=False, way=None):
    """The one that is the default from PyTorch 2.9 on."""
    file = saving.path(f'{name}.dynamo{opset or ""}{way or ""}')
    dynamic = {} if fixed else {'dynamic_shapes': ({0: torch.export.Dim('batch'), 1: torch.export.Dim('time')},)}
    export(module or made(name), (ids(1 if fixed else 2),), file, dynamo=True, external_data=False, **({'opset_version': opset} if opset else {}), **dynamic, **NAMES)


def scripted():
    module = torch.jit.script(fill(Scripted(), MODELS['matrices'][1]))
    script('matrices-scripted', 17, module)


def one_token(way, **how):
    names = dict(input_names=['token', 'hidden'], output_names=['logits', 'next'])
    export(OneToken(made('step')), (torch.tensor([3]), torch.zeros(1, H)), saving.path(f'step.{way}'), **names, **how)


JOBS = {
    **{f'{kind}-script': lambda kind=kind: script(kind, 18) for kind in ('rnn', 'lstm', 'gru')},
    **{f'{kind}-dynamo': lambda kind=kind: dynamo(kind) for kind in ('lstm', 'gru')},
    'rnn-dynamo': lambda: dynamo('rnn', fixed=True),
    **{f'{kind}-script': lambda kind=kind: script(kind, 17, axes={}, batch=1) for kind in ('lstmcell',)},
    **{f'{kind}-dynamo': lambda kind=kind: dynamo(kind, fixed=True) for kind in ('rnncell', 'lstmcell', 'grucell')},
    'scripted': scripted,
    'step-script': lambda: one_token('script17', dynamo=False, opset_version=17),
    'step-dynamo': lambda: one_token('dynamo', dynamo=True, external_data=False),
    'gpt-dynamo': lambda: dynamo('gpt'),
    'gpt-sdpa-script': lambda: script('gpt-sdpa', 20),
    'gpt-sdpa-dynamo': lambda: dynamo('gpt-sdpa'),
    'gpt-sdpa-dynamo23': lambda: dynamo('gpt-sdpa', 23),
    'llama-dynamo': lambda: dynamo('llama', 20),
    'llama-dynamo23': lambda: dynamo('llama', 23),
    'ssm-dynamo': lambda: dynamo('ssm', fixed=True),
    'encoder-script': lambda: script('encoder', 18),
    'encoder-dynamo': lambda: dynamo('encoder'),
}


def main(*names):
    torch.set_num_threads(1)
    for name in names or JOBS:
        try:
            JOBS[name]()
        except Exception as error:
            traceback.print_exc(limit=-3, file=sys.stderr)
            print(f'{name}: {type(error).__name__}: {str(error).strip().splitlines()[0][:300]}')
