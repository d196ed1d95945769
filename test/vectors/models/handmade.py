"""Graphs that no exporter writes in these forms, made with onnx.helper, each checked against ONNX Runtime."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from texts import V, ids_of
from unrolled import GATES, usual

EMBEDDING, HIDDEN, STEPS = 5, 6, 24
OPERATORS = {'rnn': 'RNN', 'gru': 'GRU', 'lstm': 'LSTM'}


class Graph:
    def __init__(self, opset=17, element=np.float32):
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.opset, self.element, self.count = opset, element, 0

    def constant(self, value, name=None):
        self.count += 1
        name = name or f'constant{self.count}'
        value = np.asarray(value)
        self.initializers.append(numpy_helper.from_array(value.astype(self.element) if value.dtype.kind == 'f' else value, name))
        return name

    def node(self, operator, inputs, outputs=1, name=None, **attributes):
        self.count += 1
        names = [f'{operator.lower()}{self.count}_{i}' for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=name or f'{operator}{self.count}', **attributes))
        return names if outputs > 1 else names[0]

    def model(self):
        graph = helper.make_graph(self.nodes, 'model', self.inputs, self.outputs, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid('', self.opset)], ir_version=8 if self.opset > 8 else 4)

    def ids(self, axes=('time', 'batch'), element=TensorProto.INT64, name='ids'):
        self.inputs.append(helper.make_tensor_value_info(name, element, list(axes)))
        return name

    def result(self, name, element=None):
        element = element or helper.np_dtype_to_tensor_dtype(np.dtype(self.element))
        self.outputs.append(helper.make_tensor_value_info(name, element, None))


def draw(seed, cell='lstm', hidden=(HIDDEN,), directions=('forward',), embedding=EMBEDDING, activation='tanh', scale=1.0, **others):
    random = np.random.default_rng(seed)
    uniform = lambda *shape: (random.uniform(-1, 1, shape) * scale).astype(np.float32)
    table = uniform(V, embedding) if embedding else None
    width, layers = embedding or V, []
    for units in hidden:
        rows = GATES[cell] * units
        layers.append({'cell': cell, 'clip': None, 'linear_before_reset': True, 'input_forget': False, 'directions': [
            {'direction': direction, 'W': uniform(rows, width), 'R': uniform(rows, units), 'Wb': uniform(rows), 'Rb': uniform(rows), 'P': None,
             'activations': usual(cell, activation), 'h0': None, 'c0': None} for direction in directions]})
        width = units * len(directions)
    model = {'vocabulary': V, 'embedding': table, 'layers': layers, 'norm': None, 'output': {'W': uniform(V, width), 'b': uniform(V)}, 'tied': False}
    for layer in layers:
        layer.update({key: value for key, value in others.items() if key in layer})
        for own in layer['directions']:
            own.update({key: value for key, value in others.items() if key in own})
    if others.get('initial'):
        for layer in layers:
            for own in layer['directions']:
                own['h0'] = uniform(own['R'].shape[1])
                own['c0'] = uniform(own['R'].shape[1]) if cell == 'lstm' else None
    if others.get('peepholes'):
        for layer in layers:
            for own in layer['directions']:
                own['P'] = uniform(3 * own['R'].shape[1])
    if others.get('norm'):
        model['norm'] = {'gamma': uniform(width), 'beta': uniform(width), 'epsilon': 1e-3}
    return model


def embedded(graph, model, ids):
    if model['embedding'] is not None:
        return graph.node('Gather', [graph.constant(model['embedding']), ids])
    return graph.node('OneHot', [ids, graph.constant(np.array([V])), graph.constant(np.array([0., 1.]))])


def recurrent(graph, layer, x, lengths='', outputs=1, without_bias=False, initial=True, layout=0, **attributes):
    """[time, batch, I] -> Y."""
    of = layer['directions']
    stacked = lambda role: graph.constant(np.stack([own[role] for own in of]))
    bias = '' if without_bias else graph.constant(np.stack([np.concatenate([own['Wb'], own['Rb']]) for own in of]))

    def state(role):
        if not initial or of[0][role] is None:
            return ''
        value = np.stack([own[role] for own in of])[:, None, :]
        return graph.constant(value.transpose(1, 0, 2) if layout else value)

    inputs = [x, stacked('W'), stacked('R'), bias, lengths, state('h0')]
    if layer['cell'] == 'lstm':
        inputs += [state('c0'), '' if of[0]['P'] is None else stacked('P')]
    while inputs[-1] == '':
        inputs.pop()
    directions = [own['direction'] for own in of]
    words = {('forward',): 'forward', ('backward',): 'reverse', ('forward', 'backward'): 'bidirectional'}
    if layer['clip'] is not None:
        attributes['clip'] = layer['clip']
    if layer['input_forget']:
        attributes['input_forget'] = 1
    if layer['cell'] == 'gru':
        attributes.setdefault('linear_before_reset', int(layer['linear_before_reset']))
    if layout:
        attributes['layout'] = 1
    return graph.node(OPERATORS[layer['cell']], inputs, outputs, name=attributes.pop('name', None), hidden_size=of[0]['R'].shape[1], direction=words[tuple(directions)], **attributes)


def joined(graph, Y):
    return graph.node('Reshape', [graph.node('Transpose', [Y], perm=[0, 2, 1, 3]), graph.constant(np.array([0, 0, -1]))])


def scores(graph, model, x):
    W, b = model['output']['W'], model['output']['b']
    return graph.node('Add', [graph.node('MatMul', [x, graph.constant(W.T)]), graph.constant(b)])


def plain(model, opset=17, element=np.float32, **attributes):
    graph = Graph(opset, element)
    x = embedded(graph, model, graph.ids())
    for layer in model['layers']:
        x = joined(graph, recurrent(graph, layer, x, **attributes))
    if model['norm']:
        x = graph.node('LayerNormalization', [x, graph.constant(model['norm']['gamma']), graph.constant(model['norm']['beta'])], epsilon=model['norm']['epsilon'], axis=-1)
    graph.result(scores(graph, model, x))
    return graph.model()


def activations(model, names, alphas=(), betas=()):
    attributes = {'activations': names}
    if alphas:
        attributes['activation_alpha'] = list(alphas)
    if betas:
        attributes['activation_beta'] = list(betas)
    return plain(model, **attributes)


def batch_first(model):
    """layout = 1, which ONNX Runtime does not run."""
    graph = Graph()
    x = embedded(graph, model, graph.ids(('batch', 'time')))
    Y = recurrent(graph, model['layers'][0], x, layout=1)
    graph.result(scores(graph, model, graph.node('Reshape', [Y, graph.constant(np.array([0, 0, -1]))])))
    return graph.model()


def norm_in_steps(model):
    graph = Graph(13)
    y = joined(graph, recurrent(graph, model['layers'][0], embedded(graph, model, graph.ids())))
    centered = graph.node('Sub', [y, graph.node('ReduceMean', [y], axes=[-1])])
    variance = graph.node('ReduceMean', [graph.node('Pow', [centered, graph.constant(np.array(2.))])], axes=[-1])
    deviation = graph.node('Sqrt', [graph.node('Add', [variance, graph.constant(np.array(model['norm']['epsilon']))])])
    standard = graph.node('Div', [centered, deviation])
    x = graph.node('Add', [graph.node('Mul', [standard, graph.constant(model['norm']['gamma'])]), graph.constant(model['norm']['beta'])])
    graph.result(scores(graph, model, x))
    return graph.model()


def lengths(model):
    graph = Graph()
    x = embedded(graph, model, graph.ids())
    graph.inputs.append(helper.make_tensor_value_info('lengths', TensorProto.INT32, ['batch']))
    graph.result(scores(graph, model, joined(graph, recurrent(graph, model['layers'][0], x, lengths='lengths'))))
    return graph.model()


def two_nodes(model, backward_first=False):
    """One layer of both directions as two nodes, put side by side."""
    graph = Graph()
    x = embedded(graph, model, graph.ids())
    layer = model['layers'][0]
    parts = [graph.node('Squeeze', [recurrent(graph, {**layer, 'directions': [own]}, x), graph.constant(np.array([1]))]) for own in layer['directions']]
    W = model['output']['W']
    if backward_first:
        parts.reverse()
        W = np.concatenate(np.split(W, 2, axis=1)[::-1], axis=1)
    graph.result(scores(graph, {**model, 'output': {**model['output'], 'W': W}}, graph.node('Concat', parts, axis=2)))
    return graph.model()


def noisy(model):
    """Everything that moves and computes nothing."""
    graph = Graph(13)
    x = graph.node('Identity', [embedded(graph, model, graph.node('Cast', [graph.ids(element=TensorProto.INT32)], to=TensorProto.INT64))])
    x = graph.node('Dropout', [x, graph.constant(np.array(0.5)), graph.constant(np.array(False))])
    Y = recurrent(graph, model['layers'][0], graph.node('Squeeze', [graph.node('Unsqueeze', [x, graph.constant(np.array([0]))]), graph.constant(np.array([0]))]))
    y = graph.node('Slice', [graph.node('Squeeze', [Y, graph.constant(np.array([1]))]), graph.constant(np.array([0])), graph.constant(np.array([2**31 - 1])), graph.constant(np.array([0]))])
    y = graph.node('Mul', [graph.node('Expand', [y, graph.constant(np.array([1]))]), graph.constant(np.array(1.))])
    halves = graph.node('Split', [graph.node('Reshape', [y, graph.constant(np.array([0, -1, HIDDEN]))]), graph.constant(np.array([HIDDEN]))], outputs=1, axis=2)
    graph.result(graph.node('LogSoftmax', [scores(graph, model, halves)], axis=-1))
    return graph.model()


def typed(model):
    """Initializers in typed fields, some of them as Constant nodes."""
    found = plain(model)
    graph = found.graph
    kept = []
    for number, tensor in enumerate(graph.initializer):
        value = numpy_helper.to_array(tensor)
        again = helper.make_tensor(tensor.name, tensor.data_type, value.shape, value.ravel().tolist())
        if number % 2:
            graph.node.insert(0, helper.make_node('Constant', [], [tensor.name], value=again))
        else:
            kept.append(again)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    return found


def tied(model):
    """The output matrix is the embedding, its bias another."""
    graph = Graph()
    table = graph.constant(model['embedding'])
    y = joined(graph, recurrent(graph, model['layers'][0], graph.node('Gather', [table, graph.ids()])))
    graph.result(graph.node('Add', [graph.node('MatMul', [y, graph.node('Transpose', [table], perm=[1, 0])]), graph.constant(model['output']['b'])]))
    return graph.model()


def cast_from(model, element):
    """Weights kept in another type, cast to float32."""
    found = plain(model)
    graph = found.graph
    for tensor in list(graph.initializer):
        if tensor.data_type == TensorProto.FLOAT:
            graph.node.insert(0, helper.make_node('Cast', [f'{tensor.name}.kept'], [tensor.name], to=TensorProto.FLOAT))
            kept = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(element), f'{tensor.name}.kept')
            graph.initializer.remove(tensor)
            graph.initializer.append(kept)
    return found


def halved(model):
    """The model whose weights are float16's."""
    round = lambda value: None if value is None else value.astype(np.float16).astype(np.float32)
    layers = [{**layer, 'directions': [{key: round(value) if isinstance(value, np.ndarray) else value for key, value in own.items()} for own in layer['directions']]} for layer in model['layers']]
    return {**model, 'embedding': round(model['embedding']), 'layers': layers, 'output': {name: round(value) for name, value in model['output'].items()}}


def gemm_end(model):
    graph = Graph(9)
    y = joined(graph, recurrent(graph, model['layers'][0], embedded(graph, model, graph.ids())))
    rows = graph.node('Reshape', [y, graph.constant(np.array([-1, HIDDEN]))])
    graph.result(graph.node('Softmax', [graph.node('Gemm', [rows, graph.constant(model['output']['W'] / 2), graph.constant(model['output']['b'] * 4)], alpha=2.0, beta=0.25, transB=1)], axis=1))
    return graph.model()


def projected(model, A, c):
    """The embedding through a linear layer."""
    graph = Graph()
    x = graph.node('Add', [graph.node('MatMul', [embedded(graph, model, graph.ids()), graph.constant(A)]), graph.constant(c)])
    graph.result(scores(graph, model, joined(graph, recurrent(graph, model['layers'][0], x))))
    return graph.model()


def biases_gone(model):
    for layer in model['layers']:
        for own in layer['directions']:
            own['Wb'], own['Rb'] = np.zeros_like(own['Wb']), np.zeros_like(own['Rb'])
    return model


def cases():
    """name -> (graph, model, tokens, whether ONNX Runtime runs it)."""
    gru0 = draw(101, 'gru', linear_before_reset=False)
    yield 'made-gru-before-reset', plain(gru0), gru0
    gru0both = draw(102, 'gru', hidden=(4, 4), directions=('forward', 'backward'), linear_before_reset=False)
    yield 'made-gru-before-reset-both', plain(gru0both), gru0both
    for cell in ('rnn', 'gru', 'lstm'):
        clipped = draw(103, cell, clip=0.7, scale=0.7)
        yield f'made-{cell}-clip', plain(clipped), clipped
    forget = draw(104, input_forget=True)
    yield 'made-lstm-input-forget', plain(forget), forget
    peep = draw(105, peepholes=True)
    yield 'made-lstm-peepholes', plain(peep), peep
    for cell in ('rnn', 'gru', 'lstm'):
        begun = draw(106, cell, initial=True)
        yield f'made-{cell}-initial', plain(begun), begun
    nobias = biases_gone(draw(107))
    yield 'made-lstm-nobias', plain(nobias, without_bias=True), nobias
    for name, forms, arguments in [
        ('affine', [('affine', 0.5, 0.1)], (['Affine'], [0.5], [0.1])), ('leakyrelu', [('leakyrelu', 0.2, 0)], (['LeakyRelu'], [0.2])),
        ('thresholdedrelu', [('thresholdedrelu', 0.3, 0)], (['ThresholdedRelu'], [0.3])), ('scaledtanh', [('scaledtanh', 0.9, 0.7)], (['ScaledTanh'], [0.9], [0.7])),
        ('elu', [('elu', 0.8, 0)], (['Elu'], [0.8])), ('softsign', [('softsign', 0, 0)], (['Softsign'],)), ('softplus', [('softplus', 0, 0)], (['Softplus'],)),
        ('sigmoid', [('sigmoid', 0, 0)], (['Sigmoid'],)),
    ]:
        model = draw(108, 'rnn', scale=0.5, activations=forms)
        yield f'made-rnn-{name}', activations(model, *arguments), model
    mixed = draw(109, 'lstm', activations=[('hardsigmoid', 0.3, 0.4), ('softsign', 0, 0), ('scaledtanh', 1.2, 0.6)])
    yield 'made-lstm-mixed', activations(mixed, ['HardSigmoid', 'Softsign', 'ScaledTanh'], [0.3, 1.2], [0.4, 0.6]), mixed
    other = draw(110, 'gru', activations=[('hardsigmoid', 0.25, 0.5), ('leakyrelu', 0.1, 0)])
    yield 'made-gru-mixed', activations(other, ['HardSigmoid', 'LeakyRelu'], [0.25, 0.1], [0.5]), other
    layered = draw(111, 'lstm', hidden=(6, 4, 5))
    yield 'made-lstm-sizes', plain(layered), layered
    batch = draw(112)
    yield 'made-lstm-layout', batch_first(batch), batch
    norm = draw(113, norm=True)
    yield 'made-lstm-norm', plain(norm), norm
    yield 'made-lstm-norm-steps', norm_in_steps(norm), norm
    long = draw(114)
    yield 'made-lstm-lengths', lengths(long), long
    both = draw(115, hidden=(4,), directions=('forward', 'backward'))
    yield 'made-lstm-two-nodes', two_nodes(both), both
    yield 'made-lstm-two-nodes-turned', two_nodes(both, True), both
    noise = draw(116)
    yield 'made-lstm-noise', noisy(noise), noise
    some = draw(117)
    yield 'made-lstm-typed', typed(some), some
    half = halved(draw(118))
    yield 'made-lstm-half', cast_from(half, np.float16), half
    double = draw(119, 'gru')
    yield 'made-gru-double', cast_from(double, np.float64), double
    end = draw(120)
    yield 'made-lstm-gemm', gemm_end(end), end
    base = draw(121)
    random = np.random.default_rng(121)
    A, c = random.uniform(-1, 1, (EMBEDDING, EMBEDDING)).astype(np.float32), random.uniform(-1, 1, EMBEDDING).astype(np.float32)
    yield 'made-lstm-projected', projected(base, A, c), {**base, 'embedding': base['embedding'].astype(np.float64) @ A + c}
    shared = draw(125, embedding=HIDDEN)
    shared = {**shared, 'output': {**shared['output'], 'W': shared['embedding']}, 'tied': True}
    yield 'made-lstm-tied', tied(shared), shared
    backward = draw(122, directions=('backward',))
    yield 'made-lstm-backward', plain(backward), backward
    for opset in (7, 11, 21):
        model = draw(123)
        yield f'made-lstm-opset{opset}', plain(model, opset) if opset > 8 else old(model), model


def old(model):
    """As opset 7 has it: axes are attributes, and there is no OneHot."""
    graph = Graph(7)
    x = embedded(graph, model, graph.ids())
    y = graph.node('Squeeze', [recurrent(graph, model['layers'][0], x)], axes=[1])
    graph.result(graph.node('Softmax', [scores(graph, model, y)], axis=2))
    return graph.model()


def make_all(folder):
    import onnxruntime
    import torch
    from unrolled import leaves, reference, run
    for name, graph, model in cases():
        ids = ids_of(STEPS, 7)
        tensors, _ = leaves(model)
        _, _, logits = run(tensors, ids)
        expected = torch.stack(logits).detach().numpy()
        if name != 'made-lstm-layout':
            session = onnxruntime.InferenceSession(graph.SerializeToString())
            feeds = {}
            for item in session.get_inputs():
                kind = np.int32 if item.type == 'tensor(int32)' else np.int64
                feeds[item.name] = np.array(ids[:-1], dtype=kind)[:, None] if item.name == 'ids' else np.array([STEPS - 1], dtype=kind)
            found = session.run(None, feeds)[0].reshape(STEPS - 1, V).astype(np.float64)
            normal = lambda x: x - np.log(np.exp(x).sum(1, keepdims=True))
            last = graph.graph.node[-1].op_type
            found = np.log(found) if last == 'Softmax' else normal(found)
            difference = np.abs(found - normal(expected)).max()
            if difference > 2e-4:
                print('DIFFERS', name, difference)
        onnx.save(graph, str(folder / f'{name}.onnx'))
        yield name, ids, reference(model, ids)
    # The same model with its data in another file.
    external = onnx.load(str(folder / 'made-lstm-typed.onnx'))
    onnx.save(external, str(folder / 'made-lstm-typed.external.onnx'), save_as_external_data=True, all_tensors_to_one_file=True, location='made-lstm-typed.data', size_threshold=0, convert_attribute=True)
    yield 'made-lstm-typed.external', None, None
