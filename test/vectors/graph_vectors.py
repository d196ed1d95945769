"""Operators of graph mode: values and vector–Jacobian products by PyTorch's autograd in float64 → data/graph/operators.json.

Run with /usr/bin/python3 (PyTorch 1.13, NumPy): python3 test/vectors/graph_vectors.py. Seeds are fixed.
A case has the node (operator, opset, attributes), its inputs (null: absent), its outputs, a seed gradient for each differentiable output (null: none), and the
gradients by the inputs (null: none flows there).
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

from files import write

torch.set_default_dtype(torch.float64)
CASES = []
RANDOM = np.random.default_rng(7)


def rnd(*shape, low=-2.0, high=2.0):
    """Multiples of 1/64, away from each other's kinks; the same digits in JSON."""
    return torch.tensor(np.round(RANDOM.uniform(low, high, shape) * 64) / 64 + 1 / 256)


def ints(values):
    return torch.tensor(values, dtype=torch.int64)


def plain(tensor):
    if tensor is None:
        return None
    kind = 'float' if tensor.dtype.is_floating_point else 'boolean' if tensor.dtype == torch.bool else 'integer'
    return {'kind': kind, 'shape': list(tensor.shape), 'data': tensor.detach().to(torch.float64).reshape(-1).tolist()}


def case(operator, inputs, function, opset=18, outputs=None, only=None, **attributes):
    """@param function of the inputs; gives one tensor or a tuple  @param only the outputs that are differentiated"""
    own = [tensor.clone().requires_grad_() if tensor is not None and tensor.dtype.is_floating_point else tensor for tensor in inputs]
    result = function(*own)
    result = result if isinstance(result, (tuple, list)) else (result,)
    seeds = [rnd(*tensor.shape) if tensor.requires_grad and (only is None or i in only) else None for i, tensor in enumerate(result)]
    total = sum(((tensor * seed).sum() for tensor, seed in zip(result, seeds) if seed is not None), torch.zeros(()))
    if total.requires_grad:
        total.backward()
    gradients = [tensor.grad if tensor is not None and tensor.dtype.is_floating_point else None for tensor in own]
    assert not any(tensor is not None and bool(torch.isnan(tensor).any()) for tensor in gradients), (operator, attributes)
    CASES.append({
        'operator': operator, 'opset': opset, 'attributes': attributes, 'inputs': [plain(tensor) for tensor in inputs],
        'outputs': [plain(tensor) for tensor in result], 'seeds': [plain(seed) for seed in seeds],
        'gradients': [plain(gradient) for gradient in gradients],
    })


def elementwise():
    x = rnd(2, 3)
    smooth = {
        'Neg': torch.neg, 'Abs': torch.abs, 'Exp': torch.exp, 'Sin': torch.sin, 'Cos': torch.cos, 'Tan': torch.tan, 'Atan': torch.atan, 'Sinh': torch.sinh,
        'Cosh': torch.cosh, 'Asinh': torch.asinh, 'Erf': torch.erf, 'Sigmoid': torch.sigmoid, 'Tanh': torch.tanh, 'Relu': torch.relu, 'Softplus': F.softplus,
        'Softsign': F.softsign, 'HardSwish': F.hardswish, 'Mish': F.mish, 'Identity': lambda a: a * 1, 'Reciprocal': torch.reciprocal,
        'Elu': F.elu, 'Celu': F.celu, 'Selu': lambda a: 1.05070102214813232421875 * F.elu(a, 1.67326319217681884765625), 'LeakyRelu': F.leaky_relu, 'Floor': torch.floor, 'Ceil': torch.ceil, 'Round': torch.round, 'Sign': torch.sign,
    }
    for name, function in smooth.items():
        case(name, [x], function)
    case('Tanh', [rnd(0, 3)], torch.tanh)
    case('Sigmoid', [torch.tensor([-700.0, -40, 40, 700])], torch.sigmoid)
    case('Erf', [torch.tensor([-6, -3.2, -1.4, -1e-9, 0.3, 1.6, 2.7, 9])], torch.erf)
    for name, function in {'Sqrt': torch.sqrt, 'Log': torch.log}.items():
        case(name, [rnd(3, 2, low=0.1)], function)
    for name, function in {'Asin': torch.asin, 'Acos': torch.acos, 'Atanh': torch.atanh}.items():
        case(name, [rnd(4, low=-0.9, high=0.9)], function)
    case('Acosh', [rnd(4, low=1.1, high=3)], torch.acosh)
    case('Elu', [x], lambda a: F.elu(a, 0.5), alpha=0.5)
    case('Celu', [x], lambda a: F.celu(a, 0.5), alpha=0.5)
    case('LeakyRelu', [x], lambda a: F.leaky_relu(a, 0.25), alpha=0.25)
    case('ThresholdedRelu', [x], lambda a: F.threshold(a, 0.5, 0), alpha=0.5)
    case('HardSigmoid', [x], lambda a: torch.clamp(0.25 * a + 0.5, 0, 1), alpha=0.25, beta=0.5)
    case('Shrink', [x], lambda a: F.softshrink(a, 0.5), lambd=0.5, bias=0.5)
    case('Shrink', [x], lambda a: F.hardshrink(a, 0.75), lambd=0.75)
    case('Gelu', [torch.tensor([-9.0, -3, -1, -0.2, 0.3, 1, 4])], F.gelu, opset=20)
    case('Gelu', [x], lambda a: F.gelu(a, approximate='tanh'), opset=20, approximate='tanh')
    case('Swish', [x], F.silu, opset=24)
    case('Swish', [x], lambda a: a * torch.sigmoid(0.5 * a), opset=24, alpha=0.5)
    case('SwiGLU', [x, rnd(2, 3)], lambda a, b: a * torch.sigmoid(0.5 * a) * b, opset=28, alpha=0.5)
    case('Clip', [x], lambda a: torch.clamp(a, -0.5, 1), opset=6, min=-0.5, max=1.0)
    case('Clip', [x, torch.tensor(-0.5), torch.tensor(1.0)], torch.clamp)
    case('Clip', [x, None, torch.tensor(1.0)], lambda a, _, high: torch.minimum(a, high))
    case('Not', [torch.tensor([True, False])], torch.logical_not)


def pairs():
    a, b = rnd(2, 3), rnd(2, 3, low=0.5)
    shapes = [(a, b), (rnd(2, 1, 3), rnd(4, 1, low=0.5)), (rnd(2, 3), rnd(low=0.5)), (rnd(0, 3), rnd(3, low=0.5)), (rnd(3), rnd(2, 0, 3, low=0.5))]
    for left, right in shapes:
        for name, function in {'Add': torch.add, 'Sub': torch.sub, 'Mul': torch.mul, 'Div': torch.div}.items():
            case(name, [left, right], function)
        for name, function in {'Max': torch.maximum, 'Min': torch.minimum}.items():
            case(name, [left, right], function)
    case('Pow', [rnd(2, 3, low=0.2), rnd(3)], torch.pow)
    case('Pow', [rnd(2, 3), ints(3)], torch.pow)
    case('Pow', [rnd(2, 3), ints([2, 0, 1])], torch.pow)
    case('Max', [torch.tensor([1.0, 2, 3]), torch.tensor([1.0, 5, 0])], torch.maximum)
    case('Mod', [rnd(2, 3), rnd(3, low=0.5)], torch.fmod, fmod=1)
    case('Mod', [rnd(2, 3), torch.tensor([0.7, -0.7, 1.3])], torch.remainder)
    case('Mod', [ints([-7, 7, 5]), ints([3, -3, 5])], torch.remainder)
    case('Div', [ints([-7, 7, 5]), ints([3, -3, 5])], lambda x, y: torch.div(x, y, rounding_mode='trunc'))
    case('PRelu', [rnd(2, 3), rnd(3)], lambda x, s: torch.where(x > 0, x, s * x))
    case('PRelu', [rnd(2, 3), rnd(1)], lambda x, s: torch.where(x > 0, x, s * x))
    case('Where', [torch.tensor([[True], [False]]), rnd(2, 3), rnd(3)], torch.where)
    case('Sum', [rnd(2, 1), rnd(3), rnd(2, 3)], lambda x, y, z: x + y + z)
    case('Mean', [rnd(2, 1), rnd(3), rnd(2, 3)], lambda x, y, z: (x + y + z) / 3)
    case('Sum', [rnd(2)], lambda x: x * 1)
    for name, function in {'Equal': torch.eq, 'Less': torch.lt, 'LessOrEqual': torch.le, 'Greater': torch.gt, 'GreaterOrEqual': torch.ge}.items():
        case(name, [ints([[1], [2], [3]]), ints([1, 2, 3])], function)
    for name, function in {'And': torch.logical_and, 'Or': torch.logical_or, 'Xor': torch.logical_xor}.items():
        case(name, [torch.tensor([[True], [False]]), torch.tensor([True, False])], function)
    case('Add', [rnd(2, 3, 4), rnd(3)], lambda x, y: x + y.reshape(3, 1), opset=6, broadcast=1, axis=1)


def matrices():
    shapes = [((3, 4), (4, 2)), ((4,), (4, 2)), ((3, 4), (4,)), ((4,), (4,)), ((2, 3, 4), (4, 2)), ((2, 1, 3, 4), (5, 4, 2)), ((4,), (2, 4, 3)), ((2, 3, 4), (4,)),
              ((0, 4), (4, 2)), ((3, 0), (0, 2)), ((3, 4), (2, 4, 2)), ((1, 3, 4), (4, 2)), ((2, 0, 4), (4, 2))]
    for left, right in shapes:
        case('MatMul', [rnd(*left), rnd(*right)], torch.matmul)
    for trans_a in (0, 1):
        for trans_b in (0, 1):
            case('Gemm', [rnd(*((4, 3) if trans_a else (3, 4))), rnd(*((2, 4) if trans_b else (4, 2))), rnd(2)],
                 lambda a, b, c: 0.5 * (a.t() if trans_a else a) @ (b.t() if trans_b else b) + 2 * c, alpha=0.5, beta=2.0, transA=trans_a, transB=trans_b)
    case('Gemm', [rnd(3, 4), rnd(4, 2)], torch.matmul)
    case('Gemm', [rnd(3, 4), rnd(4, 2), rnd(3, 1)], lambda a, b, c: a @ b + c)
    equations = [('ij,jk->ik', (2, 3), (3, 4)), ('bij,bkj->bik', (2, 3, 4), (2, 5, 4)), ('ij,ij->', (2, 3), (2, 3)), ('ij->ji', (2, 3)), ('ii->i', (3, 3)), ('ii', (3, 3)), ('ij->j', (2, 3)),
                 ('i,j->ij', (2,), (3,)), ('...ij,...jk->...ik', (2, 3, 4), (1, 4, 2)), ('b...d,de->b...e', (2, 3, 4), (4, 2)), ('ij,jk,kl->il', (2, 3), (3, 4), (4, 2)),
                 ('bhqd,bhkd->bhqk', (1, 2, 3, 4), (1, 2, 5, 4)), ('ij,k->i', (2, 3), (4,)), ('ij,jk', (2, 3), (3, 0)), ('bij,jb->ib', (2, 3, 4), (4, 2)), ('iij,j->i', (3, 3, 2), (2,))]
    for equation, *operands in equations:
        case('Einsum', [rnd(*shape) for shape in operands], lambda *tensors: torch.einsum(equation, *tensors), equation=equation)


def reductions():
    functions = {
        'ReduceSum': lambda x, axes, keep: x.sum(axes, keepdim=keep), 'ReduceMean': lambda x, axes, keep: x.mean(axes, keepdim=keep),
        'ReduceMax': lambda x, axes, keep: x.amax(axes, keepdim=keep), 'ReduceMin': lambda x, axes, keep: x.amin(axes, keepdim=keep),
        'ReduceL1': lambda x, axes, keep: x.abs().sum(axes, keepdim=keep), 'ReduceL2': lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keepdim=keep),
        'ReduceSumSquare': lambda x, axes, keep: (x * x).sum(axes, keepdim=keep), 'ReduceLogSumExp': lambda x, axes, keep: torch.logsumexp(x, axes, keepdim=keep),
        'ReduceLogSum': lambda x, axes, keep: x.sum(axes, keepdim=keep).log(),
    }
    for name, function in functions.items():
        low = 0.1 if name == 'ReduceLogSum' else -2.0
        old, axes_as_input = (11, 13) if name == 'ReduceSum' else (13, 18)
        for axes, keep in (((1,), 1), ((0, 2), 0), ((-1,), 0)):
            case(name, [rnd(2, 3, 4, low=low)], lambda x: function(x, axes, bool(keep)), opset=old, axes=list(axes), keepdims=keep)
            case(name, [rnd(2, 3, 4, low=low), ints(list(axes))], lambda x, _: function(x, axes, bool(keep)), opset=axes_as_input, keepdims=keep)
        case(name, [rnd(2, 3, low=low)], lambda x: function(x, (0, 1), False), keepdims=0)
    case('ReduceSum', [rnd(2, 0, 3), ints([1])], lambda x, _: x.sum(1, keepdim=True))
    case('ReduceSum', [rnd(2, 3)], lambda x: x * 1, noop_with_empty_axes=1)
    case('ReduceMax', [torch.tensor([[1.0, 3, 3], [2, 2, 2]])], lambda x: x.amax(1), opset=13, axes=[1], keepdims=0)
    case('ReduceProd', [rnd(2, 3), ints([1])], lambda x, _: x.prod(1, keepdim=True))
    case('ReduceProd', [torch.tensor([[0.0, 2, 3], [0, 0, 2]]), ints([1])], lambda x, _: x.prod(1, keepdim=True))
    case('ArgMax', [rnd(2, 3, 4)], lambda x: x.argmax(1, keepdim=True), axis=1)
    case('ArgMin', [rnd(2, 3, 4)], lambda x: x.argmin(-1), axis=-1, keepdims=0)


def rows():
    x = rnd(2, 3, 4)
    case('Softmax', [x], lambda a: a.softmax(-1))
    case('Softmax', [x], lambda a: a.softmax(1), axis=1)
    case('Softmax', [x], lambda a: a.reshape(2, 12).softmax(1).reshape(2, 3, 4), opset=11)
    case('Softmax', [x], lambda a: a.softmax(-1), opset=11, axis=2)
    case('LogSoftmax', [x], lambda a: a.log_softmax(1), axis=1)
    case('LogSoftmax', [x], lambda a: a.reshape(2, 12).log_softmax(1).reshape(2, 3, 4), opset=9, axis=1)
    case('Softmax', [rnd(0, 3)], lambda a: a.softmax(-1))
    case('LayerNormalization', [x, rnd(4), rnd(4)], lambda a, s, b: F.layer_norm(a, (4,), s, b, 1e-3), epsilon=1e-3)
    case('LayerNormalization', [x, rnd(3, 4)], lambda a, s: F.layer_norm(a, (3, 4), s), axis=1)

    def with_statistics(a, s):
        mean, variance = a.mean(-1, keepdim=True), a.var(-1, unbiased=False, keepdim=True)
        return F.layer_norm(a, (4,), s), mean, 1 / torch.sqrt(variance + 1e-5)
    case('LayerNormalization', [x, rnd(4), None], lambda a, s, _: with_statistics(a, s))
    case('RMSNormalization', [x, rnd(4)], lambda a, s: a / torch.sqrt((a * a).mean(-1, keepdim=True) + 1e-5) * s, opset=23)
    case('RMSNormalization', [x, rnd(3, 4)], lambda a, s: a / torch.sqrt((a * a).mean((1, 2), keepdim=True) + 1e-2) * s, opset=23, axis=1, epsilon=1e-2)
    for shape in ((2, 4), (2, 4, 3), (2, 4, 0)):
        case('BatchNormalization', [rnd(*shape), rnd(4), rnd(4), rnd(4), rnd(4, low=0.2)],
             lambda a, s, b, m, v: (a - m.reshape(-1, *[1] * (len(shape) - 2))) / torch.sqrt(v.reshape(-1, *[1] * (len(shape) - 2)) + 1e-3) * s.reshape(-1, *[1] * (len(shape) - 2))
             + b.reshape(-1, *[1] * (len(shape) - 2)), opset=15, epsilon=1e-3)
    case('InstanceNormalization', [rnd(2, 3, 4), rnd(3), rnd(3)], lambda a, s, b: F.instance_norm(a, weight=s, bias=b))
    case('GroupNormalization', [rnd(2, 4, 3), rnd(4), rnd(4)], lambda a, s, b: F.group_norm(a, 2, s, b), opset=21, num_groups=2)
    case('GroupNormalization', [rnd(2, 4, 3), rnd(2), rnd(2)], lambda a, s, b: F.group_norm(a, 2, s.repeat_interleave(2), b.repeat_interleave(2)), num_groups=2)
    case('LpNormalization', [rnd(2, 3)], lambda a: F.normalize(a, dim=-1))
    case('LpNormalization', [rnd(2, 3)], lambda a: F.normalize(a, p=1, dim=0), axis=0, p=1)


def movement():
    x = rnd(2, 3, 4)
    case('Reshape', [x, ints([0, -1])], lambda a, _: a.reshape(2, 12))
    case('Reshape', [rnd(0, 3), ints([3, 0])], lambda a, _: a.reshape(3, 0), allowzero=1)
    case('Reshape', [x], lambda a: a.reshape(4, 6), opset=1, shape=[4, -1])
    case('Flatten', [x], lambda a: a.reshape(6, 4), axis=2)
    case('Squeeze', [rnd(1, 3, 1)], lambda a: a.reshape(3))
    case('Squeeze', [rnd(1, 3, 1), ints([-1])], lambda a, _: a.squeeze(-1))
    case('Squeeze', [rnd(1, 3, 1)], lambda a: a.squeeze(0), opset=11, axes=[0])
    case('Unsqueeze', [x, ints([0, -1])], lambda a, _: a.reshape(1, 2, 3, 4, 1))
    case('Unsqueeze', [x], lambda a: a.unsqueeze(1), opset=11, axes=[1])
    case('Transpose', [x], lambda a: a.permute(2, 1, 0))
    case('Transpose', [x], lambda a: a.permute(1, 0, 2), perm=[1, 0, 2])
    case('Expand', [rnd(3, 1), ints([2, 1, 4])], lambda a, _: a.expand(2, 3, 4))
    case('Expand', [rnd(3, 1), ints([3, 0])], lambda a, _: a.expand(3, 0))
    case('Slice', [x, ints([1, 0]), ints([9, 3]), ints([1, 2]), ints([1, 2])], lambda a, *_: a[:, 1:, 0:3:2])
    case('Slice', [x, ints([-1]), ints([-99]), ints([1]), ints([-1])], lambda a, *_: a.flip(1))
    case('Slice', [x, ints([3]), ints([1]), ints([2])], lambda a, *_: a[:, :, 3:1])
    case('Slice', [x], lambda a: a[0:1, 1:-1], opset=9, starts=[0, 1], ends=[1, -1])
    case('Split', [x, ints([1, 2])], lambda a, _: a.split([1, 2], 1), axis=1)
    case('Split', [x], lambda a: a.split([2, 2], 2), opset=11, axis=2, split=[2, 2])
    case('Split', [rnd(5)], lambda a: a.split(2), num_outputs=3)
    case('Concat', [rnd(2, 1), rnd(2, 0), rnd(2, 3)], lambda *tensors: torch.cat(tensors, 1), axis=-1)
    case('Tile', [rnd(2, 3), ints([2, 3])], lambda a, _: a.repeat(2, 3))
    case('Pad', [rnd(2, 3), ints([1, 0, 0, 2]), torch.tensor(1.5)], lambda a, _, value: F.pad(a, (0, 2, 1, 0)) + value * (1 - F.pad(torch.ones_like(a), (0, 2, 1, 0))))
    case('Pad', [rnd(2, 3), ints([0, -1, 0, 2])], lambda a, _: F.pad(a, (-1, 2)))
    case('Pad', [rnd(1, 2, 4), ints([0, 0, 2, 0, 0, 3])], lambda a, _: F.pad(a, (2, 3), 'reflect'), mode='reflect')
    case('Pad', [rnd(1, 2, 4), ints([2, 3]), None, ints([2])], lambda a, *_: F.pad(a, (2, 3), 'replicate'), mode='edge')
    case('Pad', [rnd(1, 2, 4), ints([0, 0, 2, 0, 0, 3])], lambda a, _: F.pad(a, (2, 3), 'circular'), opset=19, mode='wrap')
    case('Pad', [rnd(2, 3)], lambda a: F.pad(a, (0, 1, 1, 0), value=0.5), opset=2, pads=[1, 0, 0, 1], value=0.5)
    case('Trilu', [rnd(2, 3, 4)], torch.triu)
    case('Trilu', [rnd(3, 3), ints(-1)], lambda a, _: a.tril(-1), upper=0)
    case('DepthToSpace', [rnd(1, 4, 1, 2)], lambda a: F.pixel_shuffle(a, 2), blocksize=2, mode='CRD')
    case('Dropout', [x], lambda a: a * 1, opset=7)
    case('Dropout', [x, torch.tensor(0.5)], lambda a, _: a * 1, opset=13)


def places():
    x = rnd(3, 4)
    case('Gather', [x, ints([[0, -1], [2, 0]])], lambda a, i: a[i % 3])
    case('Gather', [x, ints([1, 1, 3])], lambda a, i: a[:, i], axis=1)
    case('Gather', [x, ints(2)], lambda a, i: a[2])
    case('Gather', [x, torch.zeros(0, dtype=torch.int64)], lambda a, i: a[i])
    case('GatherElements', [x, ints([[0, 1, 1, 0]])], lambda a, i: a.gather(0, i))
    case('GatherElements', [x, ints([[0], [-1], [2]])], lambda a, i: a.gather(1, i % 4), axis=1)
    case('GatherND', [rnd(2, 3, 4), ints([[1, 0], [0, 2], [1, 0]])], lambda a, i: a[i[:, 0], i[:, 1]])
    case('GatherND', [rnd(2, 3, 4), ints([[1], [2]])], lambda a, i: torch.stack([a[0, 1], a[1, 2]]), batch_dims=1)
    case('ScatterElements', [x, ints([[0, 1, 2, 0]]), rnd(1, 4)], lambda a, i, u: a.scatter(0, i, u))
    case('ScatterElements', [x, ints([[1, 1], [0, 2]]), rnd(2, 2)], lambda a, i, u: a.scatter_add(1, i, u), axis=1, reduction='add')
    case('ScatterElements', [x, ints([[1, 1, 1], [0, 2, 0]]), rnd(2, 3)], lambda a, i, u: torch.stack([
        torch.stack([a[0, 0], a[0, 1] * u[0, 0] * u[0, 1] * u[0, 2], a[0, 2], a[0, 3]]), torch.stack([a[1, 0] * u[1, 0] * u[1, 2], a[1, 1], a[1, 2] * u[1, 1], a[1, 3]]), a[2]]), axis=1, reduction='mul')
    case('ScatterElements', [x, ints([[1, 1], [0, 2]]), rnd(2, 2)], lambda a, i, u: a.scatter_reduce(1, i, u, 'amax'), axis=1, reduction='max')
    case('ScatterND', [x, ints([[2], [0]]), rnd(2, 4)], lambda a, i, u: torch.stack([u[1], a[1], u[0]]))
    case('ScatterND', [x, ints([[2, 1], [2, 1], [0, 0]]), rnd(3)], lambda a, i, u: a.index_put((i[:, 0], i[:, 1]), u, accumulate=True), reduction='add')
    case('Compress', [x, torch.tensor([False, True, True])], lambda a, c: a[1:3], axis=0)
    case('Compress', [x, torch.tensor([False, True, True])], lambda a, c: a.reshape(-1)[1:3])
    case('TopK', [x, ints([2])], lambda a, k: tuple(a.topk(2)))
    case('TopK', [x, ints([2])], lambda a, k: tuple(a.topk(2, 0, largest=False)), axis=0, largest=0)
    case('TopK', [x], lambda a: tuple(a.topk(3)), opset=1, k=3)
    case('OneHot', [ints([1, -1, 5]), ints(3), rnd(2)], lambda i, d, v: v[ints([[0, 1, 0], [0, 0, 1], [0, 0, 0]])])
    case('OneHot', [ints([1, 0]), ints(3), rnd(2)], lambda i, d, v: v[ints([[0, 1], [1, 0], [0, 0]])], axis=0)
    case('CumSum', [x, ints(1)], lambda a, _: a.cumsum(1))
    case('CumSum', [x, ints(0)], lambda a, _: a.flip(0).cumsum(0).flip(0) - a, exclusive=1, reverse=1)
    case('ReverseSequence', [rnd(3, 2), ints([2, 3])], lambda a, _: torch.stack([torch.stack([a[1, 0], a[0, 0], a[2, 0]]), a[:, 1].flip(0)], 1), time_axis=0, batch_axis=1)
    case('NonZero', [torch.tensor([[1.0, 0], [2, 3]])], lambda a: a.nonzero().t())
    case('Unique', [torch.tensor([2.0, 1, 1, 3, 4, 3])], lambda a: (torch.stack([a[1], a[0], a[3], a[4]]), ints([1, 0, 3, 4]), ints([1, 0, 0, 2, 3, 2]), ints([2, 1, 2, 1])))


def creation():
    case('Shape', [rnd(2, 0, 3)], lambda a: ints([2, 0, 3]))
    case('Shape', [rnd(2, 0, 3)], lambda a: ints([0]), start=1, end=-1)
    case('Size', [rnd(2, 3)], lambda a: ints(6))
    case('ConstantOfShape', [ints([2, 0])], lambda _: torch.zeros(2, 0))
    case('Range', [ints(2), ints(9), ints(3)], lambda *_: ints([2, 5, 8]))
    case('Range', [ints(2), ints(-3), ints(-2)], lambda *_: ints([2, 0, -2]))
    case('Cast', [rnd(2, 3)], lambda a: a.to(torch.int64), to=7)
    case('Cast', [rnd(2, 3)], lambda a: a * 1, to=10)
    case('Cast', [torch.tensor([0.0, 0.3])], lambda a: a != 0, to=9)
    case('CastLike', [ints([1, 2]), rnd(1)], lambda a, _: a.to(torch.float64))
    case('EyeLike', [rnd(2, 3)], lambda a: torch.tensor([[0.0, 1, 0], [0, 0, 1]]), k=1)


def windows():
    case('Conv', [rnd(2, 3, 7), rnd(4, 3, 3), rnd(4)], lambda x, w, b: F.conv1d(x, w, b))
    case('Conv', [rnd(2, 4, 7), rnd(6, 2, 3)], lambda x, w: F.conv1d(F.pad(x, (2, 1)), w, stride=2, dilation=2, groups=2), group=2, strides=[2], dilations=[2], pads=[2, 1])
    case('Conv', [rnd(1, 3, 5), rnd(3, 1, 4)], lambda x, w: F.conv1d(F.pad(x, (3, 0)), w, groups=3), group=3, pads=[3, 0], kernel_shape=[4])
    case('Conv', [rnd(1, 2, 5), rnd(2, 2, 2)], lambda x, w: F.conv1d(F.pad(x, (0, 1)), w), auto_pad='SAME_UPPER')
    case('Conv', [rnd(1, 2, 4, 5), rnd(3, 2, 2, 3)], lambda x, w: F.conv2d(x, w, padding=1), pads=[1, 1, 1, 1])
    case('AveragePool', [rnd(1, 2, 7)], lambda x: F.avg_pool1d(x, 3, 2), kernel_shape=[3], strides=[2])
    case('AveragePool', [rnd(1, 2, 6)], lambda x: F.avg_pool1d(x, 3, 2, 1, count_include_pad=False), kernel_shape=[3], strides=[2], pads=[1, 1])
    case('AveragePool', [rnd(1, 2, 6)], lambda x: F.avg_pool1d(x, 3, 2, 1, ceil_mode=True), opset=19, kernel_shape=[3], strides=[2], pads=[1, 1], ceil_mode=1, count_include_pad=1)
    case('MaxPool', [rnd(1, 2, 7)], lambda x: F.max_pool1d(x, 3, 2, 1), kernel_shape=[3], strides=[2], pads=[1, 1])
    case('MaxPool', [rnd(1, 2, 5, 6)], lambda x: F.max_pool2d(x, 2, ceil_mode=True, stride=2), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    case('GlobalAveragePool', [rnd(2, 3, 4)], lambda x: x.mean(2, keepdim=True))
    case('GlobalMaxPool', [rnd(2, 3, 4)], lambda x: x.amax(2, keepdim=True))


ACTIVATIONS = {
    'Sigmoid': lambda x, a, b: torch.sigmoid(x), 'Tanh': lambda x, a, b: torch.tanh(x), 'Relu': lambda x, a, b: torch.relu(x), 'Affine': lambda x, a, b: a * x + b,
    'LeakyRelu': lambda x, a, b: F.leaky_relu(x, a), 'ScaledTanh': lambda x, a, b: a * torch.tanh(b * x), 'HardSigmoid': lambda x, a, b: torch.clamp(a * x + b, 0, 1),
    'Elu': lambda x, a, b: F.elu(x, a), 'Softsign': lambda x, a, b: F.softsign(x), 'Softplus': lambda x, a, b: F.softplus(x), 'ThresholdedRelu': lambda x, a, b: F.threshold(x, a, 0),
}


def unrolled(operator, x, w, r, bias, lengths, first, c_first, peepholes, hidden, direction, layout, clip, functions, after_reset, coupled):
    """The operator's text, step by step. @param functions of each direction, with their coefficients"""
    if layout:
        x, first, c_first = x.transpose(0, 1), first if first is None else first.transpose(0, 1), c_first if c_first is None else c_first.transpose(0, 1)
    steps, batch, _ = x.shape
    count, gates = w.shape[0], w.shape[1] // hidden
    outputs = [[[torch.zeros(hidden) for _ in range(batch)] for _ in range(count)] for _ in range(steps)]
    last, c_last = [], []
    cut = lambda a: torch.clamp(a, -clip, clip) if clip else a
    for d in range(count):
        f, g, h_of = ([lambda a, n=n, p=p, q=q, limited=(i < 2): ACTIVATIONS[n](cut(a) if limited else a, p, q) for i, (n, p, q) in enumerate(functions[d])] + [None, None])[:3]
        wb, rb = (bias[d][:gates * hidden], bias[d][gates * hidden:]) if bias is not None else (torch.zeros(gates * hidden),) * 2
        for b in range(batch):
            h = first[d, b] if first is not None else torch.zeros(hidden)
            c = c_first[d, b] if c_first is not None else torch.zeros(hidden)
            length = int(lengths[b]) if lengths is not None else steps
            order = range(length) if direction == 'forward' or (direction == 'bidirectional' and d == 0) else range(length - 1, -1, -1)
            for t in order:
                a = w[d] @ x[t, b] + wb
                if operator == 'RNN':
                    h = f(a + r[d] @ h + rb)
                elif operator == 'GRU':
                    az, ar, an = a.chunk(3)
                    rz, rr, rn = r[d].chunk(3)
                    bz, br, bn = rb.chunk(3)
                    z, reset = f(az + rz @ h + bz), f(ar + rr @ h + br)
                    n = g(an + (reset * (rn @ h + bn) if after_reset else rn @ (reset * h) + bn))
                    h = (1 - z) * n + z * h
                else:
                    ai, ao, af, ac = (a + r[d] @ h + rb).chunk(4)
                    pi, po, pf = peepholes[d].chunk(3) if peepholes is not None else (torch.zeros(hidden),) * 3
                    i = f(ai + pi * c)
                    forget = 1 - i if coupled else f(af + pf * c)
                    c = forget * c + i * g(ac)
                    o = f(ao + po * c)
                    h = o * h_of(c)
                outputs[t][d][b] = h
            last.append(h)
            c_last.append(c)
    y = torch.stack([torch.stack([torch.stack(row) for row in step]) for step in outputs]) if steps else torch.zeros(0, count, batch, hidden)
    states = [torch.stack(s).reshape(count, batch, hidden) for s in ([last, c_last] if operator == 'LSTM' else [last])]
    if layout:
        y, states = y.permute(2, 0, 1, 3), [s.transpose(0, 1) for s in states]
    return (y, *states)


def recurrent():
    usual = {'RNN': ['Tanh'], 'GRU': ['Sigmoid', 'Tanh'], 'LSTM': ['Sigmoid', 'Tanh', 'Tanh']}
    gates = {'RNN': 1, 'GRU': 3, 'LSTM': 4}

    def one(operator, direction='forward', layout=0, clip=None, lengths=None, states=True, bias=True, peepholes=False, names=None, coefficients=None, steps=4, **flags):
        d, hidden, inputs, batch = 2 if direction == 'bidirectional' else 1, 3, 2, 2
        count = gates[operator] * hidden
        names = names or usual[operator] * d
        coefficients = coefficients or [(0, 0)] * len(names)
        functions = [[(n, *c) for n, c in zip(names, coefficients)][i * len(usual[operator]):][:len(usual[operator])] for i in range(d)]
        attributes = {'hidden_size': hidden, 'direction': direction, **flags}
        if layout:
            attributes['layout'] = 1
        if clip:
            attributes['clip'] = clip
        if names != usual[operator] * d:
            attributes['activations'] = names
            takes = {'Affine': 2, 'ScaledTanh': 2, 'HardSigmoid': 2, 'LeakyRelu': 1, 'Elu': 1, 'ThresholdedRelu': 1}
            attributes['activation_alpha'] = [float(c[0]) for n, c in zip(names, coefficients) if takes.get(n, 0) > 0]
            attributes['activation_beta'] = [float(c[1]) for n, c in zip(names, coefficients) if takes.get(n, 0) > 1]
            attributes = {key: value for key, value in attributes.items() if value != []}
        state = lambda: rnd(batch, d, hidden) if layout else rnd(d, batch, hidden)
        tensors = [rnd(batch, steps, inputs) if layout else rnd(steps, batch, inputs), rnd(d, count, inputs, low=-1, high=1), rnd(d, count, hidden, low=-1, high=1),
                   rnd(d, 2 * count) if bias else None, ints(lengths) if lengths else None, state() if states else None]
        if operator == 'LSTM':
            tensors += [state() if states else None, rnd(d, 3 * hidden) if peepholes else None]
        run = lambda x, w, r, b, n, h, c=None, p=None: unrolled(operator, x, w, r, b, n, h, c, p, hidden, direction, layout, clip, functions,
                                                               flags.get('linear_before_reset', 0), flags.get('input_forget', 0))
        case(operator, tensors, run, opset=14 if layout else 11, **attributes)

    for operator in usual:
        one(operator)
        one(operator, direction='reverse', states=False, bias=False)
        one(operator, direction='bidirectional', lengths=[4, 2])
        one(operator, direction='bidirectional', layout=1, lengths=[1, 3])
        one(operator, clip=0.5)
        one(operator, steps=0)
    one('GRU', linear_before_reset=1)
    one('GRU', direction='bidirectional', linear_before_reset=1, clip=0.75)
    one('LSTM', peepholes=True)
    one('LSTM', peepholes=True, input_forget=1, direction='reverse')
    one('LSTM', input_forget=1)
    one('RNN', names=['Affine'], coefficients=[(0.5, 0.25)])
    one('RNN', names=['Elu', 'Softsign'], coefficients=[(0.5, 0), (0, 0)], direction='bidirectional')
    one('RNN', names=['Softplus'])
    one('RNN', names=['Relu'])
    one('GRU', names=['HardSigmoid', 'ScaledTanh'], coefficients=[(0.25, 0.5), (1.5, 0.75)])
    one('LSTM', names=['HardSigmoid', 'LeakyRelu', 'Softsign'], coefficients=[(0.25, 0.5), (0.125, 0), (0, 0)])


if __name__ == '__main__':
    for group in (elementwise, pairs, matrices, reductions, rows, movement, places, creation, windows, recurrent):
        group()
    write('graph/operators', CASES, 15)
    print(f'{len(CASES)} cases, {len({each["operator"] for each in CASES})} operators')
