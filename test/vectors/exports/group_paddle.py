"""PaddlePaddle by paddle2onnx. Its gates: i f c o (LSTM), r z c (GRU), and matrices [G·H, E] multiplied from the left."""
import contextlib
import io

import numpy as np

import saving
from recurrent_weights import H, draw
from texts import V


def blocks(matrix, order):
    parts = np.split(matrix, len(order), axis=-1)
    return np.concatenate([parts[i] for i in order], -1)


def model_of(kind):
    import paddle
    from paddle import nn
    order = {'rnn': [0], 'lstm': [0, 1, 2, 3], 'gru': [1, 0, 2]}[kind]

    class Model(nn.Layer):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(V, 5)
            self.rnn = {'rnn': nn.SimpleRNN, 'lstm': nn.LSTM, 'gru': nn.GRU}[kind](5, H)
            self.output = nn.Linear(H, V)

        def forward(self, ids):
            return self.output(self.rnn(self.embedding(ids))[0])
    model = Model()
    weights = draw(kind)
    biases = weights['b'] if kind == 'gru' else np.stack([weights['b'], np.zeros_like(weights['b'])])
    model.set_state_dict({
        'embedding.weight': weights['embedding'], 'output.weight': weights['output'], 'output.bias': weights['output_b'],
        **{f'{prefix}{name}{suffix}': value for prefix, suffix in (('rnn.', '_l0'), ('rnn.0.cell.', '')) for name, value in (
            ('weight_ih', blocks(weights['W'], order).T), ('weight_hh', blocks(weights['R'], order).T),
            ('bias_ih', blocks(biases[0], order)), ('bias_hh', blocks(biases[1], order)))},
    })
    model.eval()
    return model


def main():
    import paddle
    for kind in ('rnn', 'lstm', 'gru'):
        file = saving.path(f'plain-{kind}.paddle')
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                paddle.onnx.export(model_of(kind), file[:-len('.onnx')], input_spec=[paddle.static.InputSpec([None, None], 'int64', 'ids')], opset_version=15)
            saving.bare(file)
        except BaseException as error:
            print(f'{kind}: {type(error).__name__}: {str(error).strip().splitlines()[-1][:400]}')
