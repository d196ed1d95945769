"""The peer of a whole run: trains on a text as Backflow does, or reads a checkpoint of Backflow, and evaluates on all of the validation part.

    validate.py train TEXT --seed N --hidden H --window T --batch B --steps N --learning-rate X --clip-norm X [--initial FILE.onnx]
    validate.py evaluate TEXT --checkpoint FILE.onnx

Prints {"validationLoss": nats per token, "seconds": of training}. The text's first nine tenths (rounded up) are trained on, in B contiguous
streams whose state is carried from window to window; when a stream has no whole window left, all start again from the zero state.
"""
import argparse
import json
import math
import time

import torch
from torch import nn

from models import Plain

EVALUATION_STEPS = 1000


def read(path, symbols=None):
    """Token ids of a text, and its vocabulary: the sorted code points, or the symbols given."""
    with open(path, encoding='utf8', newline='') as file:
        text = file.read()
    symbols = sorted(set(text)) if symbols is None else symbols
    index = {symbol: i for i, symbol in enumerate(symbols)}
    return torch.tensor([index[symbol] for symbol in text]), symbols


def split(ids):
    cut = math.ceil(0.9 * len(ids))
    return ids[:cut], ids[cut:]


def loss_of(model, one_hot, inputs, targets):
    return nn.functional.cross_entropy(model(one_hot[inputs]).flatten(0, 1), targets.flatten())


def train(ids, symbols, options):
    """From the weights of a checkpoint, or from PyTorch's own initialization, as Backflow's default is."""
    torch.manual_seed(options.seed)
    model = load(options.initial)[0] if options.initial else Plain('lstm', len(symbols), options.hidden, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    one_hot = torch.eye(len(symbols))
    length = (len(ids) - 1) // options.batch
    starts = torch.arange(options.batch) * length
    position = 0
    for _ in range(options.steps):
        if position + options.window > length:
            position, model.state = 0, None
        places = torch.arange(position, position + options.window)[:, None] + starts
        loss = loss_of(model, one_hot, ids[places], ids[places + 1])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), options.clip_norm)
        optimizer.step()
        position += options.window
    return model


@torch.no_grad()
def evaluate(model, ids, symbol_count):
    """Nats per token over all of the ids, read as one stream from the zero state."""
    one_hot = torch.eye(symbol_count)
    model.state = None
    total = 0.0
    for start in range(0, len(ids) - 1, EVALUATION_STEPS):
        piece = ids[start:start + EVALUATION_STEPS + 1]
        total += loss_of(model, one_hot, piece[:-1, None], piece[1:, None]).item() * (len(piece) - 1)
    return total / (len(ids) - 1)


def load(path):
    """A checkpoint's model and vocabulary, found by what ONNX itself says: the LSTM node's inputs, and the output layer's shapes."""
    import onnx
    from onnx import numpy_helper

    checkpoint = onnx.load(path)
    metadata = {entry.key: entry.value for entry in checkpoint.metadata_props}
    symbols = json.loads(metadata['backflow.vocabulary'])
    tensors = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in checkpoint.graph.initializer}
    node = next(node for node in checkpoint.graph.node if node.op_type == 'LSTM')
    W, R, B = (tensors[name][0] for name in node.input[1:4])
    hidden = R.shape[1]
    model = Plain('lstm', len(symbols), hidden, 1)
    recurrence, output = model.recurrence, model.output
    with torch.no_grad():
        recurrence.weight_ih_l0.copy_(gates_of_pytorch(W))
        recurrence.weight_hh_l0.copy_(gates_of_pytorch(R))
        recurrence.bias_ih_l0.copy_(gates_of_pytorch(B[:4 * hidden]))
        recurrence.bias_hh_l0.copy_(gates_of_pytorch(B[4 * hidden:]))
        output.weight.copy_(next(t for t in tensors.values() if t.shape == output.weight.shape))
        output.bias.copy_(next(t for t in tensors.values() if t.shape == output.bias.shape))
    return model, symbols


def gates_of_pytorch(rows):
    """From ONNX's order of gates, i o f c, to PyTorch's, i f c o."""
    i, o, f, c = rows.chunk(4)
    return torch.cat([i, f, c, o])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('what', choices=['train', 'evaluate'])
    parser.add_argument('text')
    for name in ('checkpoint', 'initial'):
        parser.add_argument(f'--{name}')
    for name in ('seed', 'hidden', 'window', 'batch', 'steps'):
        parser.add_argument(f'--{name}', type=int)
    for name in ('learning-rate', 'clip-norm'):
        parser.add_argument(f'--{name}', type=float)
    options = parser.parse_args()
    seconds = 0.0
    if options.what == 'train':
        ids, symbols = read(options.text)
        training_ids, validation_ids = split(ids)
        start = time.perf_counter()
        model = train(training_ids, symbols, options)
        seconds = time.perf_counter() - start
    else:
        model, symbols = load(options.checkpoint)
        ids, _ = read(options.text, symbols)
        _, validation_ids = split(ids)
    print(json.dumps({'validationLoss': evaluate(model, validation_ids, len(symbols)), 'seconds': seconds}))


if __name__ == '__main__':
    main()
