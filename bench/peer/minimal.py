"""minGRU and minLSTM in PyTorch, in the two ways people train them: the published parallel scan in logarithms, and a loop over the steps.

Both have one product for the gates of all steps, carry the detached state from window to window, and compute the same: the candidate is positive, since the
scan needs that. Shapes: inputs T x B x V, states L x B x H.
"""
import torch
from torch import nn
from torch.nn.functional import softplus

GATES = {'minGRU': 2, 'minLSTM': 3}


class Minimal(nn.Module):
    def __init__(self, cell, vocabulary, hidden, layers):
        super().__init__()
        self.cell = cell
        self.gates = nn.ModuleList(nn.Linear(vocabulary if layer == 0 else hidden, GATES[cell] * hidden) for layer in range(layers))
        self.output = nn.Linear(hidden, vocabulary)
        self.states = [None] * layers

    def forward(self, inputs):
        """Logits, T x B x V."""
        x = inputs
        for layer, gates in enumerate(self.gates):
            x = self.recurrence(gates(x).chunk(GATES[self.cell], -1), self.states[layer])
            self.states[layer] = x[-1].detach()
        return self.output(x)

    def after_backward(self):
        return None


class Scan(Minimal):
    """h_t = exp(a*_t + logcumsumexp(log b_k - a*_k)), a* the sums of the logarithms of what is kept."""

    def recurrence(self, parts, before):
        u = parts[-1]
        log_candidate = torch.where(u >= 0, (u.relu() + 0.5).log(), -softplus(-u))
        k = parts[0] if self.cell == 'minGRU' else softplus(-parts[0]) - softplus(-parts[1])
        log_kept, log_written = -softplus(k), log_candidate - softplus(-k)
        if before is not None:
            log_written = torch.cat([before.log()[None], log_written])
            log_kept = nn.functional.pad(log_kept, (0, 0, 0, 0, 1, 0))
        sums = log_kept.cumsum(0)
        h = (sums + (log_written - sums).logcumsumexp(0)).exp()
        return h if before is None else h[1:]


class Loop(Minimal):
    """What is written and what is kept for all steps at once, then one operation a step."""

    def recurrence(self, parts, before):
        u = parts[-1]
        candidate = torch.where(u >= 0, u + 0.5, u.sigmoid())
        if self.cell == 'minGRU':
            share = parts[0].sigmoid()
        else:
            f, i = parts[0].sigmoid(), parts[1].sigmoid()
            share = i / (f + i)
        h = torch.zeros_like(u[0]) if before is None else before
        states = []
        for written, to in zip(share.unbind(0), candidate.unbind(0)):
            h = torch.lerp(h, to, written)
            states.append(h)
        return torch.stack(states)
