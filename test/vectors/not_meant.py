#!/usr/bin/env python3
"""Writes files that are not what was trained, as PyTorch 2.15 exports them, into data/onnx/notMeant:  PYTHON test/vectors/not_meant.py

projection-N.onnx   nn.LSTM(proj_size=4) of N layers: the exporter leaves the projection's matrix out and cuts the gates
training.onnx       two layers with dropout, exported in training mode; training.json has its loss in evaluation mode, in float64
"""
import json
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE / 'models'))

import onnx
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from texts import V

FOLDER = HERE / 'data' / 'onnx' / 'notMeant'
# What the exporter notes of where a node comes from; the other notes name places of the machine.
KEPT = 'pkg.torch.onnx.fx_node'


class Model(nn.Module):
    def __init__(self, **how):
        super().__init__()
        self.embedding = nn.Embedding(V, 5)
        self.rnn = nn.LSTM(5, 6, batch_first=True, **how)
        self.dropout = nn.Dropout(0.3)
        self.output = nn.Linear(how.get('proj_size') or 6, V)

    def forward(self, ids):
        return self.output(self.dropout(self.rnn(self.embedding(ids))[0]))


def export(model, name):
    file = str(FOLDER / f'{name}.onnx')
    torch.onnx.export(model, (torch.zeros(2, 8, dtype=torch.int64),), file, dynamo=True, external_data=False, input_names=['ids'], output_names=['logits'],
                      dynamic_shapes={'ids': {0: 'batch', 1: 'time'}},
                      training=torch.onnx.TrainingMode.PRESERVE)
    written = onnx.load(file)
    for part in [written, written.graph, *written.graph.node, *written.graph.input, *written.graph.output, *written.graph.value_info, *written.graph.initializer]:
        for field in ('doc_string', 'metadata_props'):
            notes = {p.key: p.value for p in part.metadata_props} if field == 'metadata_props' else {}
            part.ClearField(field)
            if KEPT in notes and part.op_type == 'LSTM':
                part.metadata_props.add(key=KEPT, value=notes[KEPT])
    del written.functions[:]
    onnx.save(written, file)
    print(file)


FOLDER.mkdir(exist_ok=True)
for layers in (1, 2):
    torch.manual_seed(layers)
    export(Model(proj_size=4, num_layers=layers).eval(), f'projection-{layers}')
torch.manual_seed(3)
trained = Model(num_layers=2, dropout=0.2).train()
export(trained, 'training')
ids = torch.randint(V, (1, 20), generator=torch.Generator().manual_seed(4))
loss = cross_entropy(trained.double().eval()(ids[:, :-1])[0], ids[0, 1:])
(FOLDER / 'training.json').write_text(json.dumps({'ids': ids[0].tolist(), 'loss': round(loss.item(), 12)}) + '\n')
