"""What PyTorch computes in float64 of data/graphModels/masked-keras.onnx, with the weights that stand in the file.

The file is an Embedding with mask_zero, an LSTM and a Dense, written by Keras 3.15 on TensorFlow (model.export, which uses tf2onnx): each step chooses by the mask between
what it computed and what was before, once for the state and once for the output, so that the state's gradient has two ways. Run by Debian's Python 3.11 with PyTorch 1.13
and onnx 1.12. The ids have no 0, which the mask would leave out.
"""
import json
import pathlib

import onnx
import torch
from onnx import numpy_helper

data = pathlib.Path(__file__).parent / 'data' / 'graphModels'
H = 11
ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]


def weights():
    graph = onnx.load(str(data / 'masked-keras.onnx')).graph
    found = [torch.from_numpy(numpy_helper.to_array(each).copy()).double() for each in graph.initializer]
    floats = [each for each in found if each.numel() > H]
    V = next(each.shape[1] for each in floats if each.dim() == 2 and each.shape[0] == H and each.shape[1] != 4 * H)
    E = next(each.shape[1] for each in floats if each.dim() == 2 and each.shape[0] == V)
    by_shape = {tuple(each.shape): each for each in floats}
    return [by_shape[shape] for shape in [(V, E), (E, 4 * H), (H, 4 * H), (4 * H,), (H, V), (V,)]]


embedding, W, R, b, out, out_b = weights()
series = {'embedding': [], 'hidden': [], 'cell': []}


def note(name, value):
    value.requires_grad_() if value.is_leaf else value.retain_grad()
    series[name].append(value)
    return value


h = c = torch.zeros(1, H).double()
losses = []
for now, following in zip(ids, ids[1:]):
    x = note('embedding', embedding[now][None].clone())
    i, f, g, o = (x @ W + h @ R + b).chunk(4, 1)
    c = note('cell', torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g))
    h = note('hidden', torch.sigmoid(o) * torch.tanh(c))
    losses.append(-torch.log_softmax(h @ out + out_b, 1)[0, following])
loss = torch.stack(losses).mean()


def gradients(of):
    flat = [each for steps in series.values() for each in steps]
    found = iter(torch.autograd.grad(of, flat, retain_graph=True, allow_unused=True))
    return {name: [next(found) for _ in steps] for name, steps in series.items()}


def logs(found):
    return [None if each is None else float(f'{torch.log10(each.norm()).item():.15g}') for each in found]


T = len(losses)
total, last, middle = gradients(loss), gradients(losses[-1]), gradients(losses[T // 2])
expected = {'ids': ids, 'loss': loss.item(), 'series': [
    {'name': name, 'norm': [each.norm().item() for each in steps], 'total': [each.norm().item() for each in total[name]],
     'last': logs(last[name]), 'middle': logs(middle[name])} for name, steps in series.items()]}
(data / 'masked-keras.json').write_text(json.dumps(expected, indent=1) + '\n')
