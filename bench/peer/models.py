"""The peer's ways to train a character model in PyTorch (1.13 or later), each as fast as its idiomatic form allows; those of the other kinds are in
files of their own beside this one.

Both read windows of T steps from B parallel streams of one-hot tokens, carry the detached state from window to window, and take
the mean cross-entropy. Shapes: inputs T x B x V, states L x B x H.
"""
import torch
from torch import nn

from attention import Attention
from minimal import Loop, Scan
from state_space import Sequential

FUSED = {'lstm': nn.LSTM, 'gru': nn.GRU, 'rnn': nn.RNN}
CELLS = {'lstm': nn.LSTMCell, 'gru': nn.GRUCell, 'rnn': nn.RNNCell}


class Plain(nn.Module):
    """The fused recurrence: the fastest PyTorch has, and without any gradient by the hidden states."""

    def __init__(self, cell, vocabulary, hidden, layers):
        super().__init__()
        self.recurrence = FUSED[cell](vocabulary, hidden, layers)
        self.output = nn.Linear(hidden, vocabulary)
        self.state = None

    def forward(self, inputs):
        """Logits, T x B x V."""
        hidden, state = self.recurrence(inputs, self.state)
        self.state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        return self.output(hidden)

    def after_backward(self):
        return None


class Recorded(nn.Module):
    """Unrolled cell by cell, so that the whole gradient by every h_t exists; its norms are taken at every step of training."""

    def __init__(self, cell, vocabulary, hidden, layers):
        super().__init__()
        self.cells = nn.ModuleList(CELLS[cell](vocabulary if layer == 0 else hidden, hidden) for layer in range(layers))
        self.output = nn.Linear(hidden, vocabulary)
        self.states = [None] * layers
        self.hidden = []

    def forward(self, inputs):
        """Logits, T x B x V."""
        sequence = inputs.unbind(0)
        self.hidden = []
        for layer, cell in enumerate(self.cells):
            state, outputs = self.states[layer], []
            for x in sequence:
                state = cell(x, state)
                h = state[0] if isinstance(state, tuple) else state
                h.retain_grad()
                outputs.append(h)
            self.states[layer] = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
            self.hidden.append(outputs)
            sequence = outputs
        return self.output(torch.stack(sequence))

    def after_backward(self):
        """Norms of dL/dh_t over units and streams, L x T."""
        return torch.stack([torch.stack([h.grad for h in outputs]).flatten(1).norm(dim=1) for outputs in self.hidden])


MODELS = {'plain': Plain, 'recorded': Recorded, 'scan': Scan, 'loop': Loop, 'sequential': Sequential, 'attention': Attention}
