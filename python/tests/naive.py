"""The oracle: the recurrent modules of PyTorch, unrolled naively with torch's own autograd in float64."""

from __future__ import annotations

import torch


def step(kind, w, x, h, c, nonlinearity="tanh"):
    """One step of a cell; w is (w_ih, w_hh, b_ih, b_hh, w_hr), None where there is none."""
    w_ih, w_hh, b_ih, b_hh, w_hr = w
    a = x @ w_ih.T + (0 if b_ih is None else b_ih)
    s = h @ w_hh.T + (0 if b_hh is None else b_hh)
    if kind == "RNN":
        return (torch.tanh if nonlinearity == "tanh" else torch.relu)(a + s), None
    if kind == "LSTM":
        i, f, g, o = (a + s).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        # The gradient by c_t is that by the tensor from which h_t is made.
        h = torch.sigmoid(o) * torch.tanh(c)
        return (h if w_hr is None else h @ w_hr.T), c
    r, z = torch.sigmoid(a[..., : 2 * h.shape[-1]] + s[..., : 2 * h.shape[-1]]).chunk(2, -1)
    n = torch.tanh(a[..., 2 * h.shape[-1] :] + r * s[..., 2 * h.shape[-1] :])
    return (1 - z) * n + z * h, None


def weights_of(module, layer, reverse=False):
    """float64 leaves of one layer and direction of an nn.RNN, LSTM or GRU, or of a cell (layer None)."""
    tail = "" if layer is None else f"_l{layer}" + ("_reverse" if reverse else "")
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    found = [getattr(module, name + tail, None) for name in names]
    return [None if one is None else one.detach().double().clone().requires_grad_() for one in found]


def unroll(module, x, h_0=None, c_0=None, weights=None):
    """One stream x [T, I]. Gives the output [T, D·P], the states by (index, "h" or "c"), each a list of T tensors, and the weights."""
    kind = module.mode.split("_")[0]
    nonlinearity = getattr(module, "nonlinearity", "tanh")
    directions = 2 if module.bidirectional else 1
    states, used, below = {}, {}, [row for row in x]
    for layer in range(module.num_layers):
        outs = []
        for direction in range(directions):
            index = layer * directions + direction
            w = weights_of(module, layer, direction == 1) if weights is None else weights[index]
            used[index] = w
            width = w[1].shape[1]
            h = torch.zeros(width, dtype=torch.float64) if h_0 is None else h_0[index]
            c = torch.zeros(module.hidden_size, dtype=torch.float64) if c_0 is None else c_0[index]
            hs, cs = [None] * len(below), [None] * len(below)
            order = range(len(below)) if direction == 0 else reversed(range(len(below)))
            for t in order:
                h, c = step(kind, w, below[t], h, c, nonlinearity)
                hs[t], cs[t] = h, c
            states[index, "h"] = hs
            if kind == "LSTM":
                states[index, "c"] = cs
            outs.append(hs)
        below = [torch.cat(parts, -1) for parts in zip(*outs)]
    return torch.stack(below), states, used


def norms(loss, states):
    """‖∂loss/∂s_t‖ for every state, [T] each; 0 where it does not reach."""
    result = {}
    for key, list_ in states.items():
        grads = torch.autograd.grad(loss, list_, retain_graph=True, allow_unused=True)
        result[key] = [0.0 if g is None else float(g.norm()) for g in grads]
    return result
