"""A graph made by hand with onnx.helper: functions of its own, one with an attribute of its caller and two overloads, a Scan, and a sparse constant."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import saving
from recurrent_weights import H, draw
from texts import V


def scan_with_functions():
    w = draw('rnn')
    opsets = [helper.make_opsetid('', 21)]
    activation = helper.make_node('ThresholdedRelu', ['a'], ['cut'])
    activation.attribute.append(onnx.AttributeProto(name='alpha', ref_attr_name='bound', type=onnx.AttributeProto.FLOAT))
    # x where it is above the bound, and itself below: the bound changes nothing, but has to be found.
    bounded = helper.make_function('own', 'Bounded', ['a'], ['y'], [activation, helper.make_node('Sub', ['a', 'cut'], ['rest']), helper.make_node('Add', ['cut', 'rest'], ['y'])], opsets, ['bound'])
    cell = helper.make_function('own', 'Cell', ['x', 'h', 'R'], ['next'], [
        helper.make_node('MatMul', ['h', 'R'], ['hR']), helper.make_node('Add', ['x', 'hR'], ['sum']),
        helper.make_node('Bounded', ['sum'], ['same'], domain='own', bound=0.25), helper.make_node('Tanh', ['same'], ['next'])],
        [*opsets, helper.make_opsetid('own', 1)])
    output = helper.make_function('own', 'Output', ['h', 'W', 'b'], ['y'], [helper.make_node('MatMul', ['h', 'W'], ['hW']), helper.make_node('Add', ['hW', 'b'], ['y'])], opsets)
    cell.overload, output.overload = 'state', 'biased'
    plain = helper.make_function('own', 'Output', ['h', 'W'], ['y'], [helper.make_node('MatMul', ['h', 'W'], ['y'])], opsets)
    plain.overload = 'plain'

    def call(name, overload, inputs, outputs):
        node = helper.make_node(name, inputs, outputs, domain='own')
        node.overload = overload
        return node
    value = helper.make_tensor_value_info
    body = helper.make_graph([call('Cell', 'state', ['h', 'x', ], ['next']), helper.make_node('Identity', ['next'], ['shown'])], 'step',
                             [value('h', TensorProto.FLOAT, ['B', H]), value('x', TensorProto.FLOAT, ['B', H])],
                             [value('next', TensorProto.FLOAT, ['B', H]), value('shown', TensorProto.FLOAT, ['B', H])])
    body.node[0].input[:] = ['x', 'h', 'R']
    nodes = [
        helper.make_node('Gather', ['embedding', 'ids'], ['embedded']), call('Output', 'biased', ['embedded', 'W', 'b'], ['inputs']),
        helper.make_node('Shape', ['ids'], ['batch'], start=0, end=1), helper.make_node('Concat', ['batch', 'H'], ['size'], axis=0),
        helper.make_node('ConstantOfShape', ['size'], ['h0']),
        helper.make_node('Scan', ['h0', 'inputs'], ['last', 'states'], body=body, num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[1]),
        call('Output', 'plain', ['states', 'output'], ['scores']), helper.make_node('Add', ['scores', 'output_b'], ['logits']),
    ]
    tensor = lambda name, array: numpy_helper.from_array(np.asarray(array), name)
    flat = w['output_b']
    kept = np.nonzero(flat)[0]
    sparse = helper.make_sparse_tensor(tensor('output_b', flat[kept]), tensor('', kept.astype(np.int64)), [V])
    graph = helper.make_graph(nodes, 'language model', [value('ids', TensorProto.INT64, ['B', 'T'])], [value('logits', TensorProto.FLOAT, ['B', 'T', V])],
                              [tensor(name, w[name]) for name in ('embedding', 'W', 'R', 'b', 'output')] + [tensor('H', np.array([H], dtype=np.int64))])
    graph.sparse_initializer.append(sparse)
    model = helper.make_model(graph, opset_imports=[*opsets, helper.make_opsetid('own', 1)], functions=[bounded, cell, output, plain], ir_version=10)
    onnx.checker.check_model(model)
    return model


def main():
    file = saving.path('plain-rnn.helper')
    onnx.save(scan_with_functions(), file)
    saving.bare(file)
