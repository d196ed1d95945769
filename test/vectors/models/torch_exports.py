"""Real exports of both of PyTorch's exporters."""
import warnings

import torch

import torch_modules as uses
from texts import V, ids_of
from torch_modules import CharRnn, Use, model_of

# name -> the module's arguments, tokens of the text, and what of the reference is left out.
CASES = {
    'rnn-tanh-1': (dict(cell='rnn', scale=0.6, seed=11), 24),
    'rnn-tanh-2': (dict(cell='rnn', layers=2, seed=12), 24),
    'rnn-tanh-3': (dict(cell='rnn', layers=3, bidirectional=True, hidden=4, seed=13), 24),
    'rnn-relu-1': (dict(cell='rnn', activation='relu', embedding=None, scale=1.8, seed=14), 24),
    'rnn-relu-3': (dict(cell='rnn', activation='relu', layers=3, seed=15), 24),
    'rnn-exploding': (dict(cell='rnn', activation='relu', hidden=8, scale=4, seed=16), 60),
    'rnn-chaotic': (dict(cell='rnn', hidden=16, scale=5, seed=17), 60),
    'lstm-1': (dict(cell='lstm', seed=21), 24),
    'lstm-1-onehot': (dict(cell='lstm', embedding=None, seed=22), 24),
    'lstm-2': (dict(cell='lstm', layers=2, seed=23), 24),
    'lstm-3': (dict(cell='lstm', layers=3, hidden=4, seed=24), 24),
    'lstm-2-both': (dict(cell='lstm', layers=2, bidirectional=True, hidden=4, seed=25), 24),
    'lstm-tied': (dict(cell='lstm', embedding=6, tied=True, seed=26), 24),
    'lstm-nobias': (dict(cell='lstm', bias=False, seed=27), 24),
    'lstm-norm': (dict(cell='lstm', norm=True, seed=28), 24),
    'lstm-long': (dict(cell='lstm', hidden=4, seed=29), 1001),
    'lstm-short': (dict(cell='lstm', seed=30), 2),
    'lstm-temperature': (dict(cell='lstm', quirk='temperature', seed=41), 24),
    'lstm-scaled': (dict(cell='lstm', quirk='scaled', seed=42), 24),
    'lstm-nonlinear': (dict(cell='lstm', quirk='nonlinear', seed=43), 24),
    'gru-1': (dict(cell='gru', seed=31), 24),
    'gru-2': (dict(cell='gru', layers=2, seed=32), 24),
    'gru-3': (dict(cell='gru', layers=3, hidden=4, seed=33), 24),
    'gru-2-both': (dict(cell='gru', layers=2, bidirectional=True, hidden=4, seed=34), 24),
    'gru-nobias': (dict(cell='gru', bias=False, embedding=None, seed=35), 24),
    'gru-norm-both': (dict(cell='gru', norm=True, bidirectional=True, hidden=4, seed=36), 24),
}

IDS = 'ids'
# Ways of using any module: name -> (function, dummy inputs by name, their dynamic axes).
BATCHED = (torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]), {0: 'batch', 1: 'time'})


def inputs_of(way, module):
    ids, axes = BATCHED
    zero = module.zero_state(1 if way in ('single_step', 'unbatched') else 2)
    state = {f'state{i}': (value, {1: 'batch'}) for i, value in enumerate(zero if module.cell == 'lstm' else (zero,))}
    if way == 'time_first':
        return {IDS: (ids, {0: 'time', 1: 'batch'})}
    if way == 'states':
        return {IDS: (ids, axes), **state}
    if way == 'single_step':
        return {'token': (torch.tensor([3]), {}), **{name: (value, {}) for name, (value, _) in state.items()}}
    if way == 'rows_in':
        return {'x': (torch.nn.functional.one_hot(ids, V).float(), axes)}
    if way in ('packed', 'unsorted'):
        return {IDS: (ids, axes), 'lengths': (torch.tensor([4, 4]), {0: 'batch'})}
    if way in ('unbatched', 'one_text', 'one_text_zeros'):
        return {IDS: (ids[0], {0: 'time'})}
    if way == 'fixed':
        return {IDS: (ids, {})}
    return {IDS: (ids, axes)}


def export(name, way, how, file):
    """how: an opset of the TorchScript-based exporter, or 'dynamo', or 'dynamo-N'."""
    arguments, _ = CASES[name]
    module = CharRnn(**arguments)
    inputs = inputs_of(way, module)
    use = Use(module, getattr(uses, 'plain' if way == 'fixed' else way)).eval()
    args = tuple(value for value, _ in inputs.values())
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        if str(how).startswith('dynamo'):
            shapes = tuple({axis: torch.export.Dim.DYNAMIC for axis in axes} for _, axes in inputs.values())
            opset = {} if how == 'dynamo' else {'opset_version': int(how.split('-')[1])}
            torch.onnx.export(use, args, file, dynamo=True, input_names=list(inputs), dynamic_shapes=(shapes,), external_data=False, verbose=False, **opset)
        else:
            kind = {'dynamo': False} if torch.__version__ >= '2' else {}
            torch.onnx.export(use, args, file, opset_version=how, input_names=list(inputs), output_names=['output'],
                              dynamic_axes={key: axes for key, (_, axes) in inputs.items()}, **kind)


def check(name):
    """PyTorch's own module in float64 and the unrolled model agree on every prediction."""
    from unrolled import leaves, run
    model, ids = reference_model(name)
    _, _, logits = run(leaves(model)[0], ids)
    module = CharRnn(**CASES[name][0]).double()
    if module.embed is None:
        expected = module.top(module.rnn(torch.eye(V, dtype=torch.float64)[torch.tensor([ids[:-1]])])[0])
    else:
        expected = uses.plain(module, torch.tensor([ids[:-1]]))
    difference = float((expected[0] - torch.stack(logits)).abs().max() / expected.abs().max())
    # Chaos amplifies a difference in the last digit without bound.
    assert difference < (1e-5 if name == 'rnn-chaotic' else 1e-11), (name, difference)


def reference_model(name):
    arguments, length = CASES[name]
    return model_of(CharRnn(**arguments)), ids_of(length, arguments['seed'])
