"""Attention, rotary positions, and what ONNX Runtime's optimizer makes of several nodes: values and derivatives in float64 → data/graph.

Run with /usr/bin/python3 (PyTorch 1.13, NumPy): python3 test/vectors/graph_fused_vectors.py; the form is that of graph_vectors.py, with the domain.
With ONNX Runtime:  PYTHON test/vectors/graph_fused_vectors.py check  compares the kept outputs with what it computes in float32.
"""
import json
import math
import sys

import numpy as np

sys.dont_write_bytecode = True
RUNTIME = 'com.microsoft'


def make():
    import torch
    import torch.nn.functional as F

    import graph_vectors
    from files import write
    from graph_vectors import CASES, ints, rnd

    def case(operator, inputs, function, domain='', **options):
        graph_vectors.case(operator, inputs, function, **{'opset': 1 if domain else 23, **options})
        CASES[-1]['domain'] = domain

    def fused(operator, inputs, function, **options):
        case(operator, inputs, function, RUNTIME, **options)

    def split(x, heads):
        return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)

    def joined(x):
        return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)

    def attend(q, k, v, bias=None, scale=None, cap=0.0):
        """[B, heads, T, S]; gives y and the scores on their way."""
        repeat = q.shape[1] // k.shape[1]
        k, v = k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1)
        raw = (1 / math.sqrt(q.shape[-1]) if scale is None else scale) * q @ k.transpose(-2, -1)
        capped = cap * torch.tanh(raw / cap) if cap else raw
        biased = capped if bias is None else capped + bias
        none = torch.isinf(biased).all(-1, keepdim=True)
        weights = torch.softmax(torch.where(none, torch.zeros(()), biased), -1) * (~none)
        return weights @ v, raw, capped, biased, weights

    def causal(T, L, offset=0, left=-1, right=-1, is_causal=True):
        place = torch.arange(T)[:, None] + offset
        key = torch.arange(L)[None]
        hidden = (key > place) & is_causal
        if left >= 0:
            hidden = hidden | (key < place - left)
        if right >= 0:
            hidden = hidden | (key > place + right)
        return torch.zeros(T, L).masked_fill(hidden, -math.inf)

    def onnx_attention():
        q, k, v = rnd(2, 2, 3, 2), rnd(2, 1, 5, 2), rnd(2, 1, 5, 1)
        case('Attention', [q, k, v], lambda q, k, v: attend(q, k, v)[0])
        case('Attention', [q, k, v], lambda q, k, v: attend(q, k, v, causal(3, 5), 0.25, 0.75)[0], is_causal=1, scale=0.25, softcap=0.75)
        case('Attention', [q, k, v, rnd(2, 3, 5)], lambda q, k, v, m: attend(q, k, v, m)[0])
        case('Attention', [q, k, v, rnd(3, 4)], lambda q, k, v, m: attend(q, k, v, F.pad(m, (0, 1), value=-math.inf))[0])
        hidden = torch.tensor([[True, False, True, True, True], [False] * 5, [True] * 5])
        case('Attention', [q, k, v, hidden], lambda q, k, v, m: attend(q, k, v, torch.zeros(3, 5).masked_fill(~m, -math.inf))[0])
        flat = [rnd(1, 3, 8), rnd(1, 5, 4), rnd(1, 5, 6)]
        case('Attention', flat, lambda q, k, v: joined(attend(split(q, 4), split(k, 2), split(v, 2))[0]), q_num_heads=4, kv_num_heads=2)
        past = [rnd(2, 1, 2, 2), rnd(2, 1, 2, 1)]

        def with_past(q, k, v, _, pk, pv):
            k, v = torch.cat((pk, k), 2), torch.cat((pv, v), 2)
            y, *scores = attend(q, k, v, causal(3, 7, 2))
            return y, k * 1, v * 1, scores[0]
        case('Attention', [q, k, v, None, *past], with_past, is_causal=1)
        for mode in (1, 3):
            def scores(q, k, v, m):
                y, *found = attend(q, k, v, m, cap=0.75)
                return y, k * 1, v * 1, found[mode]
            case('Attention', [q, k, v, rnd(1, 1, 3, 5)], scores, softcap=0.75, qk_matmul_output_mode=mode)
        lengths = ints([4, 2])

        def padded(q, k, v, _, pk, pv, n):
            bias = torch.stack([causal(3, 5, int(each) - 3).masked_fill(torch.arange(5) >= each, -math.inf) for each in n])[:, None]
            return attend(q, k, v, bias)[0]
        case('Attention', [q, k, v, None, None, None, lengths], padded, is_causal=1, opset=24)
        case('Attention', [q, k, v], lambda q, k, v: attend(q, k, v, causal(3, 5, 0, 1, 1, False))[0], left_window_size=1, right_window_size=1, opset=25)
        case('Attention', [rnd(0, 2, 3, 4), rnd(0, 2, 3, 4), rnd(0, 2, 3, 4)], lambda q, k, v: attend(q, k, v)[0])
        case('Attention', [rnd(1, 2, 0, 4), rnd(1, 2, 3, 4), rnd(1, 2, 3, 4)], lambda q, k, v: attend(q, k, v)[0])

    def turned(x, cos, sin, interleaved=False, size=None):
        """x [B, heads, T, S], cosines [B or 1, T, S/2]."""
        size = size or x.shape[-1]
        own, rest = x[..., :size], x[..., size:]
        a, b = (own[..., 0::2], own[..., 1::2]) if interleaved else own.chunk(2, -1)
        cos, sin = cos[:, None], sin[:, None]
        first, second = cos * a - sin * b, sin * a + cos * b
        own = torch.stack((first, second), -1).flatten(-2) if interleaved else torch.cat((first, second), -1)
        return torch.cat((own, rest), -1)

    def rotary():
        x, tables, places = rnd(2, 3, 4, 6), [rnd(7, 3), rnd(7, 3)], ints([[0, 1, 2, 3], [3, 2, 6, 5]])
        case('RotaryEmbedding', [x, *tables, places], lambda x, c, s, p: turned(x, c[p], s[p]))
        case('RotaryEmbedding', [x, *tables, places], lambda x, c, s, p: turned(x, c[p], s[p], True), interleaved=1)
        case('RotaryEmbedding', [x, rnd(2, 4, 2), rnd(2, 4, 2)], lambda x, c, s: turned(x, c, s, False, 4), rotary_embedding_dim=4)
        case('RotaryEmbedding', [rnd(2, 4, 12), *tables, places], lambda x, c, s, p: joined(turned(split(x, 2), c[p], s[p])), num_heads=2)
        case('RotaryEmbedding', [rnd(2, 0, 12), *tables, ints([[], []])], lambda x, c, s, p: x * 1, num_heads=2)
        swap = lambda function: lambda x, p, c, s: function(x, c, s, p)
        fused('RotaryEmbedding', [x, places, *tables], swap(lambda x, c, s, p: turned(x, c[p], s[p])))
        fused('RotaryEmbedding', [rnd(2, 4, 12), ints([2]), *tables], swap(lambda x, c, s, p: joined(turned(split(x, 2), c[None, 2:6], s[None, 2:6], True))), interleaved=1)

    def products():
        a, b = rnd(2, 3, 4), rnd(2, 4, 5)
        fused('FusedMatMul', [a, b], lambda a, b: 0.5 * a @ b, alpha=0.5)
        fused('FusedMatMul', [rnd(2, 4, 3), rnd(5, 4)], lambda a, b: a.transpose(-2, -1) @ b.t(), transA=1, transB=1)
        fused('FusedMatMul', [rnd(0, 4), rnd(4, 5)], lambda a, b: a @ b)
        fused('TransposeMatMul', [rnd(2, 3, 4), rnd(2, 5, 4)], lambda a, b: a @ b.transpose(-2, -1), transB=1)
        gemm = [rnd(3, 4), rnd(4, 2), rnd(2)]
        fused('FusedGemm', gemm, lambda a, b, c: torch.relu(0.5 * a @ b + c), alpha=0.5, activation='Relu')
        fused('FusedGemm', gemm, lambda a, b, c: F.leaky_relu(a @ b + c, 0.25), activation='LeakyRelu', activation_alpha=0.25)
        conv = [rnd(1, 2, 6), rnd(3, 2, 3), rnd(3)]
        fused('FusedConv', conv, lambda x, w, b: torch.relu(F.conv1d(x, w, b, padding=1)), activation='Relu', pads=[1, 1], kernel_shape=[3])
        fused('FusedConv', [*conv, rnd(1, 3, 4)], lambda x, w, b, z: F.conv1d(x, w, b) + z, kernel_shape=[3])

    def activations():
        x = rnd(2, 3)
        fused('Gelu', [x], F.gelu)
        fused('BiasGelu', [x, rnd(3)], lambda x, b: F.gelu(x + b))
        tanh = lambda x: F.gelu(x, approximate='tanh')
        fused('FastGelu', [x], tanh)
        fused('FastGelu', [x, rnd(3)], lambda x, b: tanh(x + b))
        fused('GemmFastGelu', [x, rnd(3, 4), rnd(4)], lambda x, w, b: tanh(x @ w + b))
        fused('QuickGelu', [x], lambda x: x * torch.sigmoid(1.5 * x), alpha=1.5)
        fused('QuickGelu', [rnd(0, 3)], lambda x: x * torch.sigmoid(1.5 * x), alpha=1.5)
        fused('BiasSplitGelu', [rnd(1, 2, 6), rnd(6)], lambda x, b: (x + b)[..., :3] * F.gelu((x + b)[..., 3:]))
        fused('BiasSoftmax', [rnd(2, 3, 4), rnd(1, 3, 4)], lambda x, b: torch.softmax(x + b, -1), axis=2, is_inner_broadcast=0)
        fused('BiasDropout', [x, rnd(3), rnd(2, 3)], lambda x, b, r: x + b + r)
        fused('BiasAdd', [rnd(1, 2, 3), rnd(3), rnd(1, 2, 3)], lambda x, b, r: x + b + r)
        fused('ExpandDims', [x, ints(1)], lambda x, _: x.unsqueeze(1))
        fused('Trilu', [rnd(3, 3), ints(1)], lambda x, k: torch.triu(x, 1), upper=1)
        fused('GatherND', [rnd(2, 3), ints([[0, 1], [1, 2]])], lambda x, i: x[i[:, 0], i[:, 1]])
        fused('Range', [ints(1), ints(6), ints(2)], lambda a, b, c: torch.arange(1, 6, 2))

    def normalizations():
        x, skip, scale, shift, bias = rnd(2, 3, 4), rnd(2, 3, 4), rnd(4), rnd(4), rnd(4)

        def layer(x, scale, shift, epsilon):
            mean = x.mean(-1, keepdim=True)
            inverse = 1 / torch.sqrt(((x - mean) ** 2).mean(-1, keepdim=True) + epsilon)
            y = (x - mean) * inverse * scale
            return y if shift is None else y + shift, mean, inverse

        def rms(x, scale, epsilon):
            inverse = 1 / torch.sqrt((x ** 2).mean(-1, keepdim=True) + epsilon)
            return x * inverse * scale, inverse
        case('SimplifiedLayerNormalization', [x, scale], lambda x, s: rms(x, s, 0.25), opset=1, epsilon=0.25)
        fused('SkipLayerNormalization', [x, skip, scale, shift], lambda x, k, s, b: layer(x + k, s, b, 0.25)[0], epsilon=0.25)
        fused('SkipLayerNormalization', [x, rnd(1, 3, 4), scale, None, bias], lambda x, k, s, b, more: layer(x + k + more, s, b, 0.25)[0], epsilon=0.25)

        def with_sum(x, k, s, b, more):
            total = x + k + more
            return *layer(total, s, b, 0.25), total
        fused('SkipLayerNormalization', [x, skip, scale, shift, bias], with_sum, epsilon=0.25)
        fused('SkipLayerNormalization', [rnd(1, 0, 4), rnd(1, 0, 4), scale, shift], lambda x, k, s, b: layer(x + k, s, b, 0.25)[0], epsilon=0.25)
        fused('SkipSimplifiedLayerNormalization', [x, skip, scale, bias], lambda x, k, s, more: rms(x + k + more, s, 0.25)[0], epsilon=0.25)
        words, places, segments = rnd(6, 4), rnd(5, 4), rnd(2, 4)
        ids, kinds = ints([[1, 5, 0], [2, 2, 3]]), ints([[0, 1, 1], [1, 0, 0]])

        def embedded(ids, kinds, words, places, segments, scale, shift, mask):
            total = words[ids] + places[torch.arange(3)] + segments[kinds]
            return layer(total, scale, shift, 0.25)[0], mask.sum(1), total
        fused('EmbedLayerNormalization', [ids, kinds, words, places, segments, scale, shift, ints([[1, 1, 0], [1, 1, 1]])], embedded, epsilon=0.25)
        fused('EmbedLayerNormalization', [ids, None, words, places, None, scale, shift, None, ints([[4, 0, 1], [1, 2, 3]])],
              lambda ids, _, words, places, __, scale, shift, ___, at: layer(words[ids] + places[at], scale, shift, 0.25)[0], epsilon=0.25)

    def attentions():
        x, w, b = rnd(2, 3, 3), rnd(3, 12), rnd(12)

        def own(x, w, b, mask=None, bias=None, past=None, scale=None, unidirectional=False):
            q, k, v = (split(part, 2) for part in (x @ w + b).chunk(3, -1))
            offset = 0
            if past is not None:
                offset = past.shape[3]
                k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
            total = torch.zeros(1, 1, x.shape[1], k.shape[2])
            if unidirectional:
                total = total + causal(x.shape[1], k.shape[2], offset)
            for part in (mask, bias):
                total = total if part is None else total + part
            return joined(attend(q, k, v, total, scale)[0]), torch.stack((k, v))
        fused('Attention', [x, w, b], lambda x, w, b: own(x, w, b)[0], num_heads=2)
        fused('Attention', [x, w, b], lambda x, w, b: own(x, w, b, unidirectional=True, scale=0.25), num_heads=2, unidirectional=1, scale=0.25)
        fused('Attention', [x, w, b, ints([[1, 1, 0], [1, 0, 1]])], lambda x, w, b, m: own(x, w, b, -10000.0 * (1 - m)[:, None, None])[0], num_heads=2)
        fused('Attention', [x, w, b, ints([2, 3])], lambda x, w, b, n: own(x, w, b, -10000.0 * (torch.arange(3) >= n[:, None])[:, None, None])[0], num_heads=2)
        fused('Attention', [x, w, b, None, rnd(2, 2, 2, 1, 2)], lambda x, w, b, _, past: own(x, w, b, past=past, unidirectional=True), num_heads=2, unidirectional=1)
        fused('Attention', [x[:1], w, b, None, None, rnd(1, 2, 3, 3)], lambda x, w, b, _, __, bias: own(x, w, b, bias=bias)[0], num_heads=2)
        fused('Attention', [x, rnd(3, 10), rnd(10)], lambda x, w, b: joined(attend(*(split(part, 2) for part in (x @ w + b).split([4, 4, 2], -1)))[0]), num_heads=2, qkv_hidden_sizes=[4, 4, 2])

        q, k, v = rnd(2, 3, 4), rnd(2, 5, 4), rnd(2, 5, 6)
        many = lambda q, k, v, bias=None: joined(attend(split(q, 2), split(k, 2), split(v, 2), bias)[0])
        fused('MultiHeadAttention', [q, k, v], many, num_heads=2)
        fused('MultiHeadAttention', [q, rnd(2, 3, 4), rnd(2, 3, 4)], lambda q, k, v: many(q, k, v, causal(3, 3)), num_heads=2, unidirectional=1)
        fused('MultiHeadAttention', [q, k, v, rnd(14), ints([[1, 1, 1, 0, 0], [1, 1, 0, 1, 1]])],
              lambda q, k, v, b, m: many(q + b[:4], k + b[4:8], v + b[8:], -10000.0 * (1 - m)[:, None, None]), num_heads=2)
        fused('MultiHeadAttention', [q, k, v, None, None, rnd(2, 2, 3, 5)], lambda q, k, v, _, __, bias: many(q, k, v, bias), num_heads=2)
        fused('MultiHeadAttention', [rnd(2, 3, 2, 3, 2)], lambda x: many(*(part.reshape(2, 3, 4) for part in x.unbind(3))), num_heads=2)
        fused('MultiHeadAttention', [q, rnd(2, 3, 2, 2, 2)], lambda q, x: many(q, *(part.reshape(2, 3, 4) for part in x.unbind(3))), num_heads=2)
        fused('MultiHeadAttention', [q, rnd(2, 2, 5, 2), rnd(2, 2, 5, 2)], lambda q, k, v: joined(attend(split(q, 2), k, v)[0]), num_heads=2)

        def past(q, k, v, _, __, ___, pk, pv):
            k, v = torch.cat((pk, split(k, 2)), 2), torch.cat((pv, split(v, 2)), 2)
            return joined(attend(split(q, 2), k, v)[0]), k, v
        fused('MultiHeadAttention', [q, rnd(2, 3, 4), rnd(2, 3, 4), None, None, None, rnd(2, 2, 2, 2), rnd(2, 2, 2, 2)], past, num_heads=2)

        # ONNX Runtime wants heads of 8.
        group = dict(num_heads=2, kv_num_heads=1)
        gq, gk, gv = rnd(1, 3, 16), rnd(1, 3, 8), rnd(1, 3, 8)

        def grouped(q, k, v, past_k=None, past_v=None, left=-1, cap=0.0, tables=None, interleaved=False):
            q, k, v = split(q, 2), split(k, 1), split(v, 1)
            earlier = 0 if past_k is None else past_k.shape[2]
            if tables:
                cos, sin = (table[None, earlier:earlier + 3] for table in tables)
                q, k = turned(q, cos, sin, interleaved), turned(k, cos, sin, interleaved)
            if past_k is not None:
                k, v = torch.cat((past_k, k), 2), torch.cat((past_v, v), 2)
            y = attend(q, k, v, causal(3, k.shape[2], earlier, left), cap=cap)[0]
            return joined(y), k * 1, v * 1
        ends = [ints([2]), ints([3])]
        tables = [rnd(8, 4), rnd(8, 4)]
        fused('GroupQueryAttention', [gq, gk, gv, None, None, *ends], lambda q, k, v, *_: grouped(q, k, v), **group)
        fused('GroupQueryAttention', [gq, gk, gv, None, None, *ends], lambda q, k, v, *_: grouped(q, k, v, left=1, cap=0.75)[0], **group, local_window_size=2, softcap=0.75)
        fused('GroupQueryAttention', [gq, gk, gv, None, None, *ends, *tables], lambda q, k, v, a, b, c, d, cos, sin: grouped(q, k, v, tables=(cos, sin)), **group, do_rotary=1)
        fused('GroupQueryAttention', [gq, gk, gv, rnd(1, 1, 2, 8), rnd(1, 1, 2, 8), ints([4]), ints([5]), *tables],
              lambda q, k, v, pk, pv, a, b, cos, sin: grouped(q, k, v, pk, pv, tables=(cos, sin), interleaved=True), **group, do_rotary=1, rotary_interleaved=1)
        fused('GroupQueryAttention', [rnd(1, 3, 32), None, None, None, None, *ends], lambda x, *_: grouped(*x.split([16, 8, 8], -1)), **group)

    for file, parts in (('attention', (onnx_attention, rotary)), ('runtimeAttention', (attentions,)), ('fused', (products, activations, normalizations))):
        CASES.clear()
        for part in parts:
            part()
        write(f'graph/{file}', CASES, 13)
        print(f'{file}: {len(CASES)} cases, {len({each["operator"] for each in CASES})} operators')


FLOATS = {'alpha', 'beta', 'epsilon', 'scale', 'softcap', 'activation_alpha', 'mask_filter_value'}


def check():
    """What ONNX Runtime computes of the same nodes; some it has on other processors only, and says so."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    from files import DATA
    onnxruntime.set_default_logger_severity(4)
    types = {'float': (TensorProto.FLOAT, np.float32), 'boolean': (TensorProto.BOOL, np.bool_)}
    files = ('attention', 'runtimeAttention', 'fused')
    for number, each in enumerate(case for file in files for case in json.loads((DATA / 'graph' / f'{file}.json').read_text())):
        what = f'{number} {each["domain"]}.{each["operator"]} {each["attributes"]}'
        whole = (TensorProto.INT32, np.int32) if each['domain'] and each['operator'] not in ('RotaryEmbedding', 'GatherND', 'Trilu', 'Range') else (TensorProto.INT64, np.int64)
        inputs = [(f'x{i}', *types.get(of['kind'], whole), of) for i, of in enumerate(each['inputs']) if of]
        names = [f'x{i}' if of else '' for i, of in enumerate(each['inputs'])]
        outputs = [f'y{i}' for i in range(len(each['outputs']))]
        attributes = {key: float(value) if key in FLOATS else value for key, value in each['attributes'].items()}
        node = helper.make_node(each['operator'], names, outputs, domain=each['domain'], **attributes)
        graph = helper.make_graph([node], 'one', [helper.make_tensor_value_info(name, kind, of['shape']) for name, kind, _, of in inputs],
                                  [helper.make_empty_tensor_value_info(name) for name in outputs])
        opset = each['opset'] if not each['domain'] and each['opset'] > 1 else 23
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset), helper.make_opsetid(RUNTIME, 1)], ir_version=10)
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString())
            found = session.run(None, {name: np.array(of['data'], dtype=dtype).reshape(of['shape']) for name, _, dtype, of in inputs})
        except Exception as error:
            print(f'{what}: not run: {str(error).splitlines()[0][:200]}')
            continue
        apart = [float(np.abs(own.reshape(-1) - np.array(of['data'])).max(initial=0)) if own.size == len(of['data']) else f'{own.shape} for {of["shape"]}' for own, of in zip(found, each['outputs'])]
        if not all(isinstance(value, float) and value < 1e-5 for value in apart):
            print(f'{what}: APART {apart}')
    print('checked')


if __name__ == '__main__':
    check() if sys.argv[1:] == ['check'] else make()
