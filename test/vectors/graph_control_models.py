"""Graphs whose control flow depends on the text, and lists of tensors, made by hand; what PyTorch computes of them in float64: data/graphModels.

Run with PyTorch and onnx: python3 test/vectors/graph_control_models.py. The weights in the files are float64.
"""
import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper

from files import write
from graph_models import FOLDER, H, IDS, V, expected

node = helper.make_node
WEIGHTS = {}


def value(name, shape=None, kind=TensorProto.DOUBLE):
    return helper.make_tensor_value_info(name, kind, shape)


def model(name, nodes, **constants):
    tensors = {key: tensor.numpy() for key, tensor in WEIGHTS.items()} | {key: np.array(each) for key, each in constants.items()}
    graph = helper.make_graph(
        nodes, name, [value('ids', [1, 'time'], TensorProto.INT64)], [value('logits', [1, 'time', V])],
        [numpy_helper.from_array(tensor, key) for key, tensor in tensors.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8, producer_name='by hand')


def states(step):
    """@param step from the embedded token and the state before it to the next"""
    def whole(ids, tracked):
        weights = {name: tensor.clone() for name, tensor in WEIGHTS.items()}
        table = weights['E'].requires_grad_()
        h = torch.zeros(1, H, dtype=torch.float64)
        out = []
        for token in ids:
            h = tracked.note('h', step(tracked.note('embedding', table[token][None]), h, weights))
            out.append(h @ weights['O'])
        return torch.cat(out)

    return whole


def chosen_by_state():
    """A Scan with an If in it: the sign of the state's sum decides what the next one is made by."""
    tanh = helper.make_graph([node('Tanh', ['pre'], ['by_tanh'])], 'tanh', [], [value('by_tanh')])
    sigmoid = helper.make_graph([node('Sigmoid', ['pre'], ['by_sigmoid'])], 'sigmoid', [], [value('by_sigmoid')])
    body = helper.make_graph([
        node('MatMul', ['x_t', 'W'], ['a']), node('MatMul', ['h', 'U'], ['b']), node('Add', ['a', 'b'], ['pre']), node('ReduceSum', ['h'], ['sum'], keepdims=0),
        node('Greater', ['sum', 'zero'], ['is_positive']), node('If', ['is_positive'], ['next'], then_branch=tanh, else_branch=sigmoid), node('Identity', ['next'], ['y']),
    ], 'step', [value('h', [1, H]), value('x_t', [1, H])], [value('next', [1, H]), value('y', [1, H])])
    nodes = [
        node('Gather', ['E', 'ids'], ['x']), node('Scan', ['h0', 'x'], ['last', 'ys'], body=body, num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[1]),
        node('MatMul', ['ys', 'O'], ['logits'])]

    def step(x, h, w):
        pre = x @ w['W'] + h @ w['U']
        return torch.tanh(pre) if h.sum() > 0 else torch.sigmoid(pre)

    return model('chosen by state', nodes, h0=np.zeros((1, H)), zero=0.0), step


def as_often_as_needed():
    """A Loop in a Loop: each token is worked on up to three times, until an element of the state is large."""
    inner = helper.make_graph([
        node('MatMul', ['g', 'U'], ['u']), node('Add', ['u', 'xw'], ['pre']), node('Tanh', ['pre'], ['g_next']),
        node('ReduceMax', ['g_next'], ['largest'], keepdims=0), node('Less', ['largest', 'limit'], ['goes_on']),
    ], 'again', [value('k', [], TensorProto.INT64), value('went_on', [], TensorProto.BOOL), value('g', [1, H])], [value('goes_on', [], TensorProto.BOOL), value('g_next', [1, H])])
    outer = helper.make_graph([
        node('Gather', ['x', 't'], ['x_t'], axis=1), node('MatMul', ['x_t', 'W'], ['xw']), node('Loop', ['three', 'true', 'h'], ['next'], body=inner),
        node('Identity', ['next'], ['y']), node('Identity', ['go'], ['go_on']),
    ], 'step', [value('t', [], TensorProto.INT64), value('go', [], TensorProto.BOOL), value('h', [1, H])], [value('go_on', [], TensorProto.BOOL), value('next', [1, H]), value('y', [1, H])])
    nodes = [
        node('Gather', ['E', 'ids'], ['x']), node('Shape', ['ids'], ['shape']), node('Gather', ['shape', 'one'], ['T'], axis=0), node('Loop', ['T', 'true', 'h0'], ['last', 'ys'], body=outer),
        node('Transpose', ['ys'], ['turned'], perm=[1, 0, 2]), node('MatMul', ['turned', 'O'], ['logits'])]

    def step(x, h, w):
        for _ in range(3):
            h = torch.tanh(h @ w['U'] + x @ w['W'])
            if not h.max() < 0.7:
                break
        return h

    return model('as often as needed', nodes, h0=np.zeros((1, H)), one=1, true=True, three=3, limit=0.7), step


def in_a_list():
    """All states in one list that a Loop makes longer; each reads its last one."""
    body = helper.make_graph([
        node('SequenceAt', ['xs', 't'], ['x_t']), node('MatMul', ['x_t', 'W'], ['a']), node('SequenceAt', ['hs', 'last'], ['h']), node('MatMul', ['h', 'U'], ['b']),
        node('Add', ['a', 'b'], ['pre']), node('Tanh', ['pre'], ['next']), node('SequenceInsert', ['hs', 'next'], ['longer']), node('Identity', ['go'], ['go_on']),
    ], 'step', [value('t', [], TensorProto.INT64), value('go', [], TensorProto.BOOL), helper.make_tensor_sequence_value_info('hs', TensorProto.DOUBLE, None)],
        [value('go_on', [], TensorProto.BOOL), helper.make_tensor_sequence_value_info('longer', TensorProto.DOUBLE, None)])
    nodes = [
        node('Gather', ['E', 'ids'], ['x']), node('SplitToSequence', ['x'], ['xs'], axis=1, keepdims=0), node('SequenceLength', ['xs'], ['T']),
        node('SequenceConstruct', ['h0'], ['begun']), node('Loop', ['T', 'true', 'begun'], ['all'], body=body), node('SequenceErase', ['all', 'zero'], ['own']),
        node('ConcatFromSequence', ['own'], ['ys'], axis=1, new_axis=1), node('MatMul', ['ys', 'O'], ['logits'])]
    return model('in a list', nodes, h0=np.zeros((1, H)), true=True, last=-1, zero=0), lambda x, h, w: torch.tanh(x @ w['W'] + h @ w['U'])


def main():
    torch.manual_seed(8)
    WEIGHTS.update({name: torch.randn(*shape, dtype=torch.float64) / 2 for name, shape in (('E', (V, H)), ('W', (H, H)), ('U', (H, H)), ('O', (H, V)))})
    for name, make in (('chosen-by-state', chosen_by_state), ('as-often-as-needed', as_often_as_needed), ('in-a-list', in_a_list)):
        own, step = make()
        (FOLDER / f'{name}.onnx').write_bytes(own.SerializeToString())
        case = expected(states(step), IDS)
        write(f'graphModels/{name}', case, 15)
        print(name, case['loss'])


if __name__ == '__main__':
    main()
