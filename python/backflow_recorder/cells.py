"""The equations of the recurrent cells in float64, forward and one step back.

As PyTorch computes them (``torch.nn.RNNCell``, ``LSTMCell``, ``GRUCell``): gates in its order, ``i f g o`` and ``r z n``.
One stream; T steps, I inputs, H units, P what h has (``proj_size`` where there is a projection, else H), G gates, R rows (targets).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Optional, Tuple

import numpy as np

from .products import times

Array = np.ndarray

GATES = {"RNN": 1, "LSTM": 4, "GRU": 3}


@dataclass(frozen=True)
class CellWeights:
    """What one layer and direction computes with, in float64. ``kind`` is ``"RNN"``, ``"LSTM"`` or ``"GRU"``."""

    kind: str
    w_ih: Array  # [G·H, I]
    w_hh: Array  # [G·H, P]
    b_ih: Array  # [G·H]
    b_hh: Array  # [G·H]
    w_hr: Optional[Array] = None  # [P, H], an LSTM's projection
    nonlinearity: str = "tanh"  # an RNN's: "tanh" or "relu"

    @property
    def hidden_size(self) -> int:
        return self.w_hh.shape[0] // GATES[self.kind]

    @cached_property
    def w_ih_back(self) -> Array:
        """[I, G·H], contiguous, for the way back."""
        return np.ascontiguousarray(self.w_ih.T)

    @cached_property
    def w_hh_back(self) -> Array:
        """[P, G·H]"""
        return np.ascontiguousarray(self.w_hh.T)


@dataclass(frozen=True)
class Trace:
    """What a forward pass leaves for the way back. Row 0 of the states is what they began with."""

    h: Array  # [T + 1, P]
    c: Optional[Array]  # [T + 1, H]
    gates: Array  # [T, G·H] after the activations
    hidden_n: Optional[Array]  # [T, H], a GRU's W_hn h + b_hn

    @property
    def steps(self) -> int:
        return len(self.gates)


def sigmoid(a: Array) -> Array:
    # By tanh, which overflows nowhere.
    return 0.5 * (np.tanh(0.5 * a) + 1.0)


def run(weights: CellWeights, x: Array, h_0: Array, c_0: Optional[Array]) -> Trace:
    """Reads x [T, I] from the states h_0 [P] and c_0 [H]."""
    steps, size = len(x), weights.hidden_size
    of_input = times(x, weights.w_ih) + weights.b_ih
    h = np.empty((steps + 1, len(h_0)))
    h[0] = h_0
    gates = np.empty((steps, GATES[weights.kind] * size))
    c = hidden_n = None
    if weights.kind == "LSTM":
        c = np.empty((steps + 1, size))
        c[0] = c_0
    if weights.kind == "GRU":
        hidden_n = np.empty((steps, size))
    for t in range(steps):
        of_state = times(h[t : t + 1], weights.w_hh)[0] + weights.b_hh
        if weights.kind == "RNN":
            a = of_input[t] + of_state
            h[t + 1] = gates[t] = np.maximum(a, 0.0) if weights.nonlinearity == "relu" else np.tanh(a)
        elif weights.kind == "LSTM":
            a = of_input[t] + of_state
            gates[t] = sigmoid(a)
            gates[t, 2 * size : 3 * size] = np.tanh(a[2 * size : 3 * size])
            i, f, g, o = np.split(gates[t], 4)
            c[t + 1] = f * c[t] + i * g
            out = o * np.tanh(c[t + 1])
            h[t + 1] = out if weights.w_hr is None else weights.w_hr @ out
        else:
            r, z = np.split(sigmoid(of_input[t, : 2 * size] + of_state[: 2 * size]), 2)
            hidden_n[t] = of_state[2 * size :]
            n = np.tanh(of_input[t, 2 * size :] + r * hidden_n[t])
            gates[t] = np.concatenate((r, z, n))
            h[t + 1] = (1.0 - z) * n + z * h[t]
    return Trace(h, c, gates, hidden_n)


@dataclass(frozen=True)
class StepBack:
    """What one step back gives, R rows each."""

    c: Optional[Array]  # [R, H]: the gradient by c_t, with what reaches it through h_t
    of_input: Array  # [R, G·H]: the gradient by W_ih x + b_ih
    of_state: Array  # [R, G·H]: the gradient by W_hh h + b_hh
    h_before: Array  # [R, P]
    c_before: Optional[Array]  # [R, H]


def step_back(weights: CellWeights, trace: Trace, t: int, dh: Array, dc: Optional[Array]) -> StepBack:
    """The gradients one step before t, of dh [R, P] by h_t and dc [R, H] by c_t (what reaches c_t from later steps)."""
    size = weights.hidden_size
    gates = trace.gates[t]
    if weights.kind == "RNN":
        slope = (gates > 0.0).astype(float) if weights.nonlinearity == "relu" else 1.0 - gates**2
        a = dh * slope
        return StepBack(None, a, a, times(a, weights.w_hh_back), None)
    if weights.kind == "LSTM":
        i, f, g, o = np.split(gates, 4)
        out = dh if weights.w_hr is None else dh @ weights.w_hr
        tanh_c = np.tanh(trace.c[t + 1])
        dc = dc + out * (o * (1.0 - tanh_c**2))
        a = np.concatenate(
            (
                dc * (g * i * (1.0 - i)),
                dc * (trace.c[t] * f * (1.0 - f)),
                dc * (i * (1.0 - g**2)),
                out * (tanh_c * o * (1.0 - o)),
            ),
            axis=1,
        )
        return StepBack(dc, a, a, times(a, weights.w_hh_back), dc * f)
    r, z, n = gates[:size], gates[size : 2 * size], gates[2 * size :]
    dn = dh * ((1.0 - z) * (1.0 - n**2))
    dz = dh * ((trace.h[t] - n) * z * (1.0 - z))
    dr = dn * (trace.hidden_n[t] * r * (1.0 - r))
    of_state = np.concatenate((dr, dz, dn * r), axis=1)
    return StepBack(None, np.concatenate((dr, dz, dn), axis=1), of_state, times(of_state, weights.w_hh_back) + dh * z, None)


def through_output(trace: Trace, t: int, dh: Array) -> Array:
    """What dh [H] by an LSTM's h_t = o ⊙ tanh c_t is by c_t, without a projection."""
    o = np.split(trace.gates[t], 4)[3]
    return dh * o * (1.0 - np.tanh(trace.c[t + 1]) ** 2)


def zero_states(weights: CellWeights) -> Tuple[Array, Optional[Array]]:
    return np.zeros(weights.w_hh.shape[1]), np.zeros(weights.hidden_size) if weights.kind == "LSTM" else None
