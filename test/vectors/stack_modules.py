"""The same stacks as PyTorch's own nn.RNN, nn.LSTM and nn.GRU: what the unrolled ones must agree with."""
import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from cells import ROLES, TORCH_BLOCK, reorder
from stack_unrolled import input_size

KINDS = {'rnn': torch.nn.RNN, 'lstm': torch.nn.LSTM, 'gru': torch.nn.GRU}


class TorchStack:
    """Whole: one module for all layers and directions, packed where streams differ in length. In parts, for what such a module cannot
    do (truncation inside a window, given dropout masks): one module per layer and direction, called once per truncated stretch.
    """

    def __init__(self, stack, parameters, in_parts):
        self.stack, self.in_parts = stack, in_parts
        places = [(layer, direction) for layer in range(stack['layers']) for direction in range(stack['directions'])]
        # (layer, direction) -> the module that holds it, and the suffix of its names there.
        if in_parts:
            self.home = {place: (self.module(input_size(stack, place[0])), '0') for place in places}
        else:
            whole = self.module(input_size(stack, 0), num_layers=stack['layers'], bidirectional=stack['directions'] == 2)
            self.home = {(layer, direction): (whole, f'{layer}' + '_reverse' * direction) for layer, direction in places}
        to_torch = np.argsort(TORCH_BLOCK[stack['cell']])
        with torch.no_grad():
            for (layer, direction), (module, suffix) in self.home.items():
                for role, prefix in ROLES.items():
                    values = reorder(stack['cell'], parameters['layers'][layer][direction][role], to_torch)
                    getattr(module, prefix + suffix).copy_(torch.tensor(values))

        def leaf(values):
            return None if values is None else torch.tensor(values, requires_grad=True)
        self.embedding = leaf(parameters['embedding'])
        self.weights, self.bias = leaf(parameters['output']['W']), leaf(parameters['output']['b'])

    def module(self, width, **shape):
        extra = {'nonlinearity': self.stack['activation']} if self.stack['cell'] == 'rnn' else {}
        return KINDS[self.stack['cell']](width, self.stack['hidden'], **shape, **extra).double()

    def gradients(self):
        """In ONNX roles and gate order."""
        def block(module, suffix, prefix):
            return reorder(self.stack['cell'], getattr(module, prefix + suffix).grad.numpy(), TORCH_BLOCK[self.stack['cell']])
        return {
            'embedding': None if self.embedding is None else self.embedding.grad.numpy(),
            'layers': [[{role: block(*self.home[layer, direction], prefix) for role, prefix in ROLES.items()}
                        for direction in range(self.stack['directions'])] for layer in range(self.stack['layers'])],
            'output': {'W': None if self.weights is None else self.weights.grad.numpy(), 'b': self.bias.grad.numpy()},
        }

    def loss(self, window, state):
        """Mean loss of a window (see stacks.py) from a state, and the state after it; None is the zero state."""
        lengths = torch.tensor(window['lengths'])
        inputs, targets = torch.tensor(window['inputs']), torch.tensor(window['targets'])
        table = torch.eye(self.stack['vocabulary'], dtype=torch.float64) if self.embedding is None else self.embedding
        x = torch.nn.functional.embedding(inputs.clamp(min=0), table)
        hidden, state = (self.run_parts if self.in_parts else self.run_whole)(x, lengths, state, window['masks'])
        scores = torch.nn.functional.linear(hidden, self.embedding if self.weights is None else self.weights, self.bias)
        return torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=-1), state

    def run_whole(self, x, lengths, state, _masks):
        module, _ = self.home[0, 0]
        # A packed sequence has no room for a stream without steps.
        present = lengths.nonzero().flatten()
        packed = pack_padded_sequence(x[:, present], lengths[present], enforce_sorted=False)
        hidden, final = module(packed, state)
        hidden, _ = pad_packed_sequence(hidden, total_length=len(x))
        everyone = torch.zeros(len(x), len(lengths), hidden.shape[-1], dtype=torch.float64).index_copy(1, present, hidden)

        def forward_only(values):
            kept = values.detach().clone()
            if self.stack['directions'] == 2:
                kept[1::2] = 0
            return kept
        return everyone, tuple(map(forward_only, final)) if isinstance(final, tuple) else forward_only(final)

    def run_parts(self, x, lengths, state, masks):
        """state: {(layer, stream): forward direction's state}."""
        after = {}
        for layer in range(self.stack['layers']):
            streams = []
            for stream, length in enumerate(lengths.tolist()):
                outputs = []
                for direction in range(self.stack['directions']):
                    start = (state or {}).get((layer, stream)) if direction == 0 else None
                    output, final = self.run_direction(layer, direction, x[:length, stream:stream + 1], start)
                    outputs.append(output)
                    if direction == 0:
                        after[layer, stream] = final
                streams.append(torch.nn.functional.pad(torch.cat(outputs, 2), (0, 0, 0, 0, 0, len(x) - length)))
            x = torch.cat(streams, 1)
            if masks is not None and layer < self.stack['layers'] - 1:
                x = x * torch.tensor(masks[layer])
        return x, after

    def run_direction(self, layer, direction, x, state):
        """x [length, 1, I]: one stream of one direction, stretch by stretch of k2 steps, the state between them detached."""
        module, _ = self.home[layer, direction]
        if len(x) == 0:
            return x.new_zeros(0, 1, self.stack['hidden']), state
        stretches = x.split(self.stack['truncation'] or len(x))
        outputs = []
        for stretch in reversed(stretches) if direction else stretches:
            output, state = module(stretch.flip(0) if direction else stretch, state)
            outputs.append(output.flip(0) if direction else output)
            state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        return torch.cat(outputs[::-1] if direction else outputs), state
