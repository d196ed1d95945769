#!/usr/bin/env python3
"""Files that Backflow has written, in the hands of others:  PYTHON test/vectors/check_written.py MODEL …

MODEL.onnx is checked by onnx.checker with shape inference and run by ONNX Runtime, whole and in two parts with its states fed;
MODEL.safetensors beside it is loaded into PyTorch's own modules, which must give the same logits.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import safe_open
from torch import nn


def with_states(session, ids):
    names = [output.name for output in session.get_outputs()]
    whole = session.run(['logits'], {'ids': ids})[0]
    if any(output.shape[0] == 2 for output in session.get_outputs()[1:]):
        return whole, None
    first = dict(zip(names, session.run(names, {'ids': ids[:5]})))
    states = {name[:-2] + '_0': value for name, value in first.items() if name.endswith('_n')}
    rest = session.run(['logits'], {'ids': ids[5:], **states})[0]
    return whole, np.abs(np.concatenate([first['logits'], rest]) - whole).max()


def by_torch(file, ids):
    with safe_open(file, 'pt') as opened:
        state = {name: opened.get_tensor(name) for name in opened.keys()}
        metadata = opened.metadata()
    layers = len({name.split('_l')[1][0] for name in state if name.startswith('rnn.weight_hh_l')})
    both = any(name.endswith('_reverse') for name in state)
    hidden, inputs = state['rnn.weight_hh_l0'].shape[1], state['rnn.weight_ih_l0'].shape[1]
    kind = {'rnn': nn.RNN, 'lstm': nn.LSTM, 'gru': nn.GRU}[metadata['cell']]
    extra = {'nonlinearity': metadata['activation']} if metadata['cell'] == 'rnn' else {}
    rnn = kind(inputs, hidden, layers, bidirectional=both, **extra)
    rnn.load_state_dict({name[4:]: value for name, value in state.items() if name.startswith('rnn.')})
    embedding = state.get('embedding.weight')
    x = nn.functional.one_hot(ids, inputs).float() if embedding is None else embedding[ids]
    output = state.get('output.weight', embedding)
    return (rnn(x)[0] @ output.T + state['output.bias']).detach().numpy()


for name in sys.argv[1:]:
    path = pathlib.Path(name)
    onnx.checker.check_model(str(path), full_check=True)
    vocabulary = len(json.loads({entry.key: entry.value for entry in onnx.load(str(path)).metadata_props}['backflow.vocabulary']))
    ids = np.random.default_rng(1).integers(0, vocabulary, (12, 3))
    whole, parts = with_states(onnxruntime.InferenceSession(str(path)), ids)
    torch_difference = np.abs(by_torch(str(path.with_suffix('.safetensors')), torch.tensor(ids)) - whole).max()
    print(f'{path.name}: checked; in two parts {"-" if parts is None else f"{parts:.1e}"}; PyTorch {torch_difference:.1e}')
    assert (parts is None or parts < 1e-5) and torch_difference < 1e-5
