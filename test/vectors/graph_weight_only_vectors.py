"""Products and tables of ONNX Runtime's whose weights are whole numbers of few bits: values and derivatives in float64 → data/graph/weightOnly.json.

Run with PyTorch and NumPy: python3 test/vectors/graph_weight_only_vectors.py; the form is that of graph_vectors.py, with the domain.
With ONNX Runtime:  PYTHON test/vectors/graph_weight_only_vectors.py check  compares the kept outputs with what it computes in float32.
The numbers are chosen first and packed afterwards, so what they stand for is not read from the bytes.
"""
import json
import sys

import numpy as np

sys.dont_write_bytecode = True
RUNTIME = 'com.microsoft'


def packed(codes, bits):
    """Rows of numbers [rows, n] as bytes, the first of each in the lower bits, each row filled up to whole bytes."""
    per_byte = 8 // bits
    filled = np.pad(codes, ((0, 0), (0, -codes.shape[1] % per_byte)))
    return sum(filled[:, i::per_byte].astype(np.int64) << (bits * i) for i in range(per_byte))


def make():
    import torch

    import graph_vectors
    from files import write
    from graph_vectors import CASES, RANDOM, ints, rnd

    def case(operator, inputs, function, domain=RUNTIME, opset=1, **options):
        graph_vectors.case(operator, inputs, function, opset=opset, **options)
        CASES[-1]['domain'] = domain
        # What is dequantized is a constant of the file; its scales and zero points are, too.
        CASES[-1]['gradients'] = [gradient if place in (0, 5) else None for place, gradient in enumerate(CASES[-1]['gradients'])]

    def per_element(values, size, length, axis):
        return values.repeat(size, axis=axis).take(range(length), axis=axis)

    for bits, K, N, size, zeros, bias in ((4, 32, 3, 16, 'packed', True), (4, 40, 2, 16, None, False), (8, 20, 3, 16, 'packed', False), (2, 36, 3, 16, 'packed', False), (4, 24, 2, 16, 'floats', False)):
        blocks = -(-K // size)
        codes = RANDOM.integers(0, 2 ** bits, (N, K))
        zero = np.full((N, blocks), 2 ** (bits - 1)) if zeros is None else RANDOM.integers(0, 2 ** bits, (N, blocks))
        if zeros == 'floats':
            zero = zero + 0.25
        scale = rnd(N, blocks, low=0.25)
        W = torch.tensor(codes - per_element(zero, size, K, 1), dtype=torch.float64) * torch.tensor(per_element(scale.numpy(), size, K, 1))
        bytes_of = packed(np.pad(codes, ((0, 0), (0, blocks * size - K))), bits).reshape(N, blocks, size * bits // 8)
        given = None if zeros is None else ints(packed(zero, bits)) if zeros == 'packed' else torch.tensor(zero)
        inputs = [rnd(2, 2, K), ints(bytes_of), scale, given, None, rnd(N)]
        if not bias:
            inputs = inputs[:4]
        case('MatMulNBits', inputs, lambda a, _b, _s, _z=None, _g=None, c=0, W=W: a @ W.T + c, K=K, N=N, bits=bits, block_size=size)

    indices = ints([[2, 0, -1], [4, 4, 1]])
    for bits, is_packed, has_zeros in ((4, False, True), (4, False, False), (4, True, True), (4, True, False), (8, False, False)):
        rows, width, size = 5, 32, 16
        codes = RANDOM.integers(0, 2 ** bits, (rows, width))
        default = 0 if bits == 4 and not is_packed else 2 ** (bits - 1)
        zero = RANDOM.integers(0, 2 ** bits, (rows, 2)) if has_zeros else np.full((rows, 2), default)
        scale = rnd(rows, 2, low=0.25)
        table = torch.tensor((codes - per_element(zero, size, width, 1)) * per_element(scale.numpy(), size, width, 1))
        pack = (lambda values: packed(values, bits)) if is_packed else (lambda values: values)
        inputs = [ints(pack(codes)), indices, scale, ints(pack(zero)) if has_zeros else None]
        case('GatherBlockQuantized', inputs, lambda *_, table=table: table[indices], bits=bits, block_size=size, gather_axis=0, quantize_axis=1)

    codes, zero, scale = RANDOM.integers(-8, 8, (5, 3)), RANDOM.integers(-8, 8, (3, 3)), rnd(3, 3, low=0.25)
    values = torch.tensor((codes - per_element(zero, 2, 5, 0)) * per_element(scale.numpy(), 2, 5, 0))
    case('DequantizeLinear', [ints(codes), scale, ints(zero)], lambda *_: values, domain='', opset=21, axis=0, block_size=2)
    write('graph/weightOnly', CASES, 15)


def check():
    """Of ONNX Runtime only what it computes on a processor: blocks of sixteen and more."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    for each in json.load(open('test/vectors/data/graph/weightOnly.json', encoding='utf8')):
        if each['operator'] == 'DequantizeLinear':
            continue
        feeds, names, constants = {}, [], []
        is_small = each['operator'] == 'GatherBlockQuantized' and each['attributes']['bits'] == 4 and each['inputs'][0]['shape'][1] == 32
        for place, tensor in enumerate(each['inputs']):
            names.append(f'x{place}' if tensor else '')
            if not tensor:
                continue
            values = np.array(tensor['data']).reshape(tensor['shape'])
            if each['operator'] == 'GatherBlockQuantized' and place == 1:
                constants.append(onnx.numpy_helper.from_array(values.astype(np.int64), names[-1]))
            elif tensor['kind'] == 'integer' and is_small:
                flat = values.astype(np.uint8).reshape(-1)
                flat = np.pad(flat, (0, len(flat) % 2))
                constants.append(helper.make_tensor(names[-1], TensorProto.UINT4, values.shape, (flat[::2] | flat[1::2] << 4).tobytes(), raw=True))
            elif place == 0 and each['operator'] == 'MatMulNBits':
                feeds[names[-1]] = values.astype(np.float32)
            else:
                constants.append(onnx.numpy_helper.from_array(values.astype(np.uint8 if tensor['kind'] == 'integer' else np.float32), names[-1]))
        graph = helper.make_graph(
            [helper.make_node(each['operator'], names, ['y'], domain=RUNTIME, **each['attributes'])], 'one',
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(value.shape)) for name, value in feeds.items()],
            [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)], constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 21), helper.make_opsetid(RUNTIME, 1)], ir_version=10)
        try:
            found = onnxruntime.InferenceSession(model.SerializeToString()).run(None, feeds)[0]
        except Exception as error:  # Some forms run on other processors only.
            print(each['operator'], each['attributes'], 'is not run:', str(error)[:160])
            continue
        expected = np.array(each['outputs'][0]['data']).reshape(each['outputs'][0]['shape'])
        error = np.abs(found - expected).max() / np.abs(expected).max()
        print(each['operator'], each['attributes'], f'{error:.1e}')
        assert error < 1e-5


if __name__ == '__main__':
    check() if sys.argv[1:] == ['check'] else make()
