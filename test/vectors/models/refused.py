"""Graphs that look like a recurrent language model and are none of the form that can be read: the node in the way is named `culprit`."""
import numpy as np
import onnx
from onnx import TensorProto, helper

from handmade import EMBEDDING, HIDDEN, Graph, draw, embedded, joined, recurrent, scores
from texts import V

CULPRIT = 'culprit'
number = lambda graph, *values: graph.constant(np.array(values))


def between(change, cell='lstm', **second):
    """Two layers and what stands between them."""
    def make(graph, ids):
        model = draw(1, cell, hidden=(HIDDEN, HIDDEN))
        y = joined(graph, recurrent(graph, model['layers'][0], embedded(graph, model, ids)))
        return scores(graph, model, joined(graph, recurrent(graph, model['layers'][1], change(graph, y), **second)))
    return make


def below(change):
    """What stands between the embedding and the layer."""
    def make(graph, ids):
        model = draw(2)
        return scores(graph, model, joined(graph, recurrent(graph, model['layers'][0], change(graph, embedded(graph, model, ids), ids))))
    return make


def above(change):
    """What comes after the layer, from its states; and x, what it read."""
    def make(graph, ids):
        model = draw(3, embedding=HIDDEN)
        x = embedded(graph, model, ids)
        return change(graph, model, joined(graph, recurrent(graph, model['layers'][0], x)), x, ids)
    return make


def attention(graph, model, y, x, ids):
    batch = graph.node('Transpose', [y], perm=[1, 0, 2])
    weights = graph.node('Softmax', [graph.node('MatMul', [batch, graph.node('Transpose', [batch], perm=[0, 2, 1])], name=CULPRIT)], axis=-1)
    return scores(graph, model, graph.node('Transpose', [graph.node('MatMul', [weights, batch])], perm=[1, 0, 2]))


def parallel(graph, ids):
    one, other = draw(4), draw(5, 'gru')
    x = embedded(graph, one, ids)
    y = graph.node('Concat', [joined(graph, recurrent(graph, one['layers'][0], x, name=CULPRIT)), joined(graph, recurrent(graph, other['layers'][0], x))], axis=2)
    return scores(graph, draw(6, hidden=(2 * HIDDEN,)), y)


def other_axis(graph, y):
    return graph.node('Transpose', [y], perm=[1, 0, 2])


def second_reads_batch(graph, ids):
    model = draw(7, hidden=(HIDDEN, HIDDEN))
    y = joined(graph, recurrent(graph, model['layers'][0], embedded(graph, model, ids)))
    y = joined(graph, recurrent(graph, model['layers'][1], graph.node('Transpose', [y], perm=[1, 0, 2]), name=CULPRIT))
    return scores(graph, model, graph.node('Transpose', [y], perm=[1, 0, 2]))


def mixed_axes(graph, y):
    """A view that swaps time and batch without moving a number."""
    shape = graph.node('Shape', [y])
    turned = graph.node('Gather', [shape, graph.constant(np.array([1, 0, 2]))])
    return graph.node('Reshape', [graph.node('Reshape', [y, turned], name=CULPRIT), shape])


def summed_directions(graph, ids):
    model = draw(8, directions=('forward', 'backward'))
    Y = recurrent(graph, model['layers'][0], embedded(graph, model, ids))
    forward, backward = graph.node('Split', [Y, number(graph, 1, 1)], outputs=2, axis=1)
    y = graph.node('Squeeze', [graph.node('Add', [forward, backward], name=CULPRIT), number(graph, 1)])
    return scores(graph, draw(9), y)


def cell_state(graph, ids):
    model = draw(10)
    _, _, c = recurrent(graph, model['layers'][0], embedded(graph, model, ids), outputs=3)
    W = graph.constant(model['output']['W'].T)
    return graph.node('MatMul', [graph.node('Squeeze', [c, number(graph, 0)]), W], name=CULPRIT)


def handed_on(graph, ids):
    """The second layer begins where the first has ended."""
    one = draw(11, 'gru', hidden=(HIDDEN, HIDDEN))
    Y, last = recurrent(graph, one['layers'][0], embedded(graph, one, ids), outputs=2)
    second = one['layers'][1]['directions'][0]
    B = np.concatenate([second['Wb'], second['Rb']])[None]
    Z = graph.node('GRU', [joined(graph, Y), graph.constant(second['W'][None]), graph.constant(second['R'][None]), graph.constant(B), '', last], name=CULPRIT, hidden_size=HIDDEN, linear_before_reset=1)
    return scores(graph, one, joined(graph, Z))


def cells_handed_on(graph, ids):
    one = draw(12, hidden=(HIDDEN, HIDDEN))
    Y, last, c = recurrent(graph, one['layers'][0], embedded(graph, one, ids), outputs=3)
    second = one['layers'][1]['directions'][0]
    B = np.concatenate([second['Wb'], second['Rb']])[None]
    Z = graph.node('LSTM', [joined(graph, Y), graph.constant(second['W'][None]), graph.constant(second['R'][None]), graph.constant(B), '', '', c], name=CULPRIT, hidden_size=HIDDEN)
    return scores(graph, one, joined(graph, Z))


def random_state(graph, ids):
    model = draw(13, 'gru')
    own = model['layers'][0]['directions'][0]
    B = np.concatenate([own['Wb'], own['Rb']])[None]
    state = graph.node('RandomNormal', [], shape=[1, 1, HIDDEN], name=CULPRIT)
    Y = graph.node('GRU', [embedded(graph, model, ids), graph.constant(own['W'][None]), graph.constant(own['R'][None]), graph.constant(B), '', state], hidden_size=HIDDEN, linear_before_reset=1)
    return scores(graph, model, joined(graph, Y))


def gated_by_input(graph, y):
    graph.inputs.append(helper.make_tensor_value_info('gate', TensorProto.FLOAT, ['time', 'batch', HIDDEN]))
    return graph.node('Mul', [y, 'gate'], name=CULPRIT)


def normalized_by_others(graph, ids):
    model = draw(14, hidden=(HIDDEN, HIDDEN))
    low = joined(graph, recurrent(graph, model['layers'][0], embedded(graph, model, ids)))
    y = joined(graph, recurrent(graph, model['layers'][1], low))
    centered = graph.node('Sub', [y, graph.node('ReduceMean', [low, number(graph, -1)])], name=CULPRIT)
    variance = graph.node('ReduceMean', [graph.node('Mul', [centered, centered]), number(graph, -1)])
    standard = graph.node('Div', [centered, graph.node('Sqrt', [graph.node('Add', [variance, graph.constant(np.array(1e-5))])])])
    return scores(graph, model, standard)


def shifted_pair(graph, x, ids):
    """Each token beside the one before it."""
    before = graph.node('Pad', [graph.node('Slice', [x, number(graph, 0), number(graph, -1), number(graph, 0)], name=CULPRIT), number(graph, 1, 0, 0, 0, 0, 0)])
    return graph.node('Add', [x, before])


def active_dropout(graph, y):
    return graph.node('Dropout', [y, graph.constant(np.array(0.5)), graph.constant(np.array(True))], name=CULPRIT)


CASES = {
    'scaled-states': between(lambda graph, y: graph.node('Mul', [y, graph.constant(np.array(0.5))], name=CULPRIT)),
    'shifted-states': between(lambda graph, y: graph.node('Add', [y, graph.constant(np.full(HIDDEN, 0.5))], name=CULPRIT)),
    'activation-between': between(lambda graph, y: graph.node('Relu', [y], name=CULPRIT)),
    'norm-between': between(lambda graph, y: graph.node('LayerNormalization', [y, graph.constant(np.ones(HIDDEN)), graph.constant(np.zeros(HIDDEN))], name='norm'), name=CULPRIT),
    'view-between': between(mixed_axes),
    'gated-by-input': between(gated_by_input),
    'dropout-active': between(active_dropout),
    'residual': above(lambda graph, model, y, x, ids: scores(graph, model, graph.node('Add', [x, y], name=CULPRIT))),
    'skip': above(lambda graph, model, y, x, ids: scores(graph, draw(15, hidden=(2 * HIDDEN,)), graph.node('Concat', [x, y], axis=2, name=CULPRIT))),
    'attention': above(attention),
    'bigram': above(lambda graph, model, y, x, ids: graph.node('Add', [scores(graph, model, y), graph.node('Gather', [graph.constant(np.random.default_rng(1).normal(size=(V, V))), ids])], name=CULPRIT)),
    'clipped-scores': above(lambda graph, model, y, x, ids: graph.node('Clip', [scores(graph, model, y), graph.constant(np.array(-1.)), graph.constant(np.array(1.))], name=CULPRIT)),
    'softmax-over-time': above(lambda graph, model, y, x, ids: graph.node('Softmax', [scores(graph, model, y)], axis=0, name=CULPRIT)),
    'hidden-layer': above(lambda graph, model, y, x, ids: scores(graph, model, graph.node('Tanh', [graph.node('MatMul', [y, graph.constant(np.eye(HIDDEN) * 2)])], name=CULPRIT))),
    'states-turned': above(lambda graph, model, y, x, ids: scores(graph, model, graph.node('Slice', [y, number(graph, -1), number(graph, -2**31), number(graph, 0), number(graph, -1)], name=CULPRIT))),
    'half-the-units': above(lambda graph, model, y, x, ids: scores(graph, draw(16, hidden=(3,)), graph.node('Slice', [y, number(graph, 0), number(graph, 3), number(graph, 2)], name=CULPRIT))),
    'mean-over-time': above(lambda graph, model, y, x, ids: scores(graph, model, graph.node('ReduceMean', [y, number(graph, 0)], keepdims=0, name=CULPRIT))),
    'tokens-turned': below(lambda graph, x, ids: graph.node('Slice', [x, number(graph, -1), number(graph, -2**31), number(graph, 0), number(graph, -1)], name=CULPRIT)),
    'rounded': below(lambda graph, x, ids: graph.node('Cast', [graph.node('Cast', [x], to=TensorProto.INT32, name=CULPRIT)], to=TensorProto.FLOAT)),
    'token-before': below(shifted_pair),
    'positions': below(lambda graph, x, ids: graph.node('Add', [x, graph.constant(np.random.default_rng(2).normal(size=(7, 1, EMBEDDING)))], name=CULPRIT)),
    'parallel': parallel,
    'second-reads-batch': second_reads_batch,
    'summed-directions': summed_directions,
    'cell-state': cell_state,
    'state-handed-on': handed_on,
    'cell-handed-on': cells_handed_on,
    'random-state': random_state,
    'norm-by-others': normalized_by_others,
}


def make_all(folder):
    for name, make in CASES.items():
        graph = Graph(18)
        graph.result(make(graph, graph.ids()))
        onnx.save(graph.model(), str(folder / f'{name}.onnx'))
        print(name)
