"""A recurrent module unrolled in float64: its states, and what flows back through them.

One stream of T steps, L layers, D directions, P units of h, H of c. A layer and direction has the index ``layer · D + direction``, as in PyTorch's h_0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from .cells import CellWeights, Trace, run, step_back, zero_states
from .products import times
from .scaled import Scaled, log_norms, shared_scale

Array = np.ndarray
NEVER = float("nan")
# In place of a target: all of them.
EVERY = -1


@dataclass(frozen=True)
class Entering:
    """A gradient that enters at a state from outside the module: by h_n or c_n."""

    index: int  # of the layer and direction
    step: int  # the state after reading this step
    target: int  # whose loss it is counted to
    h: Optional[Array]  # [P]
    c: Optional[Array]  # [H]


@dataclass
class Forward:
    """The states of a pass. Traces of the backward direction count from the last step."""

    x: Array  # [T, I]
    traces: List[Trace]
    layer_inputs: List[Array]  # [T, I or D·P]
    output: Array  # [T, D·P]


@dataclass
class Flow:
    """Natural logarithms of gradient norms, R rows: by (index, "h" or "c"), [R, T]."""

    logs: Dict[Tuple[int, str], Array]
    # By layer and direction, of the sum over rows: what the recorder compares with PyTorch's own.
    w_hh: Dict[int, Array] = field(default_factory=dict)
    h_0: Dict[int, Array] = field(default_factory=dict)
    c_0: Dict[int, Array] = field(default_factory=dict)


class Unrolled:
    """``weights[index]`` of each layer and direction, from the bottom."""

    def __init__(self, weights: Sequence[CellWeights], directions: int):
        self.weights = list(weights)
        self.directions = directions

    @property
    def layers(self) -> int:
        return len(self.weights) // self.directions

    @property
    def has_cell_state(self) -> bool:
        return self.weights[0].kind == "LSTM"

    def forward(self, x: Array, h_0: Optional[Array] = None, c_0: Optional[Array] = None) -> Forward:
        """Reads x [T, I] from h_0 [L·D, P] and c_0 [L·D, H], zero where none."""
        traces: List[Trace] = []
        inputs: List[Array] = []
        below = x
        for layer in range(self.layers):
            outputs = []
            for direction in range(self.directions):
                index = layer * self.directions + direction
                h, c = zero_states(self.weights[index])
                h = h if h_0 is None else h_0[index]
                c = c if c_0 is None else c_0[index]
                trace = run(self.weights[index], below[::-1] if direction else below, h, c)
                traces.append(trace)
                inputs.append(below)
                outputs.append(trace.h[:0:-1] if direction else trace.h[1:])
            below = np.concatenate(outputs, axis=1)
        return Forward(x, traces, inputs, below)

    def total(self, forward: Forward, output_gradient: Array, entering: Sequence[Entering] = (), weights: bool = False) -> Flow:
        """∂L/∂state at every step, one row, of output_gradient [T, D·P] = what enters at each step's output."""
        rows = [Scaled.of(row[None]) for row in output_gradient]
        return self._down(forward, rows, entering, None, weights)

    def total_and_target(self, forward: Forward, output_gradient: Array, target: int, entering: Sequence[Entering] = ()) -> Tuple[Flow, Flow]:
        """``total`` and ``per_target`` of one target in one pass, which reads every matrix once."""
        rows = []
        for t, row in enumerate(output_gradient):
            both = np.stack((row, row if t == target else np.zeros_like(row)))
            rows.append(Scaled.of(both))
        flow = self._down(forward, rows, entering, np.array([EVERY, target]), False)
        total, of_target = ({key: values[i : i + 1] for key, values in flow.logs.items()} for i in (0, 1))
        self._mark_unreachable(of_target, np.array([target]), len(rows), entering)
        return Flow(total), Flow(of_target)

    def dense(self, forward: Forward, output_gradients: Array, entering: Sequence[Sequence[Entering]]) -> Flow:
        """As total, of several losses at once: output_gradients [R, T, D·P], and what enters at states for each."""
        flows = [self.total(forward, gradient, own) for gradient, own in zip(output_gradients, entering)]
        return Flow({key: np.concatenate([flow.logs[key] for flow in flows]) for key in flows[0].logs})

    def per_target(self, forward: Forward, output_gradient: Array, targets: Sequence[int], entering: Sequence[Entering] = ()) -> Flow:
        """∂ℓ_τ/∂state for each target τ (a row): only what enters at output τ is carried back. NaN where τ cannot be reached from."""
        steps, width = output_gradient.shape
        # Rows at once, in some tens of megabytes.
        at_once = max(1, int(6e6 // max(1, steps * width)))
        flows = []
        for first in range(0, len(targets), at_once):
            own = np.asarray(targets[first : first + at_once])
            rows = []
            for t in range(steps):
                row = Scaled.zeros(len(own), width)
                row.values[own == t] = output_gradient[t]
                row.logs[own == t] = 0.0
                rows.append(row.normal())
            flows.append(self._down(forward, rows, entering, own, False))
        logs = {key: np.concatenate([flow.logs[key] for flow in flows]) for key in flows[0].logs}
        self._mark_unreachable(logs, np.asarray(targets), steps, entering)
        return Flow(logs)

    def _mark_unreachable(self, logs: Dict[Tuple[int, str], Array], targets: Array, steps: int, entering: Sequence[Entering]) -> None:
        at = np.arange(steps)[None]
        ends = max((one.target for one in entering if one.index % self.directions == 1), default=None)
        for (index, _), values in logs.items():
            below_two = self.directions == 2 and index // 2 < self.layers - 1
            if below_two:
                continue
            backward = self.directions == 2 and index % 2 == 1
            never = at < targets[:, None] if backward else at > targets[:, None]
            if backward and ends is not None:
                # The last target has what enters at the end of the backward direction too, the first step.
                never[targets == ends] = False
            values[never] = NEVER

    def _down(self, forward: Forward, rows: List[Scaled], entering: Sequence[Entering], targets: Optional[Array], weights: bool) -> Flow:
        flow = Flow({})
        for layer in reversed(range(self.layers)):
            below: List[Optional[Scaled]] = [None] * len(rows)
            for direction in range(self.directions):
                index = layer * self.directions + direction
                size = self.weights[index].w_hh.shape[1]
                part = slice(direction * size, (direction + 1) * size)
                of_output = [Scaled(row.values[:, part], row.logs) for row in rows]
                own = [one for one in entering if one.index == index]
                for t, of_input in enumerate(self._back(flow, forward, index, bool(direction), of_output, own, targets, weights, layer > 0)):
                    if of_input is not None:
                        below[t] = of_input if below[t] is None else below[t].plus(of_input)
            rows = [row.normal() for row in below if row is not None]
        return flow

    def _back(
        self,
        flow: Flow,
        forward: Forward,
        index: int,
        reverse: bool,
        of_output: List[Scaled],
        entering: Sequence[Entering],
        targets: Optional[Array],
        with_weights: bool,
        with_input: bool,
    ) -> List[Optional[Scaled]]:
        """One layer and direction, from its last step to its first. Fills flow; gives the gradient by what each step read, where asked."""
        weights, trace = self.weights[index], forward.traces[index]
        steps, count = trace.steps, len(of_output[0].logs)
        h = Scaled.zeros(count, weights.w_hh.shape[1])
        c = Scaled.zeros(count, weights.hidden_size) if self.has_cell_state else None
        logs_h, logs_c = np.empty((count, steps)), np.empty((count, steps))
        w_hh = np.zeros_like(weights.w_hh)
        below: List[Optional[Scaled]] = [None] * steps
        # Of few rows the products with what was read wait for one that reads the matrix once; of many they would need much memory.
        waits = with_input and count <= 2
        of_inputs = np.empty((steps, count, len(weights.w_hh))) if waits else None
        scales = np.empty((steps, count))
        for own in reversed(range(steps)):
            t = steps - 1 - own if reverse else own
            h = h.plus(of_output[t])
            for one in entering:
                if one.step == t:
                    h, c = self._enter(one, h, c, targets)
            dh, dc, scale = shared_scale(h, c)
            back = step_back(weights, trace, own, dh, dc)
            logs_h[:, t] = log_norms(dh, scale)
            if back.c is not None:
                logs_c[:, t] = log_norms(back.c, scale)
            if with_weights:
                w_hh += np.einsum("rg,p->gp", back.of_state * np.exp(scale)[:, None], trace.h[own])
            scales[t] = scale
            if of_inputs is not None:
                of_inputs[t] = back.of_input
            elif with_input:
                below[t] = Scaled(times(back.of_input, weights.w_ih_back), scale)
            h = Scaled(back.h_before, scale).normal()
            c = None if back.c_before is None else Scaled(back.c_before, scale).normal()
        if of_inputs is not None:
            values = times(of_inputs.reshape(steps * count, -1), weights.w_ih_back).reshape(steps, count, -1)
            below = [Scaled(values[t], scales[t]) for t in range(steps)]
        flow.logs[index, "h"] = logs_h
        if self.has_cell_state:
            flow.logs[index, "c"] = logs_c
        if with_weights:
            flow.w_hh[index] = w_hh
        flow.h_0[index] = (h.values * np.exp(h.logs)[:, None]).sum(axis=0)
        if c is not None:
            flow.c_0[index] = (c.values * np.exp(c.logs)[:, None]).sum(axis=0)
        return below

    @staticmethod
    def _enter(one: Entering, h: Scaled, c: Optional[Scaled], targets: Optional[Array]) -> Tuple[Scaled, Optional[Scaled]]:
        count = len(h.logs)
        reached = np.ones(count, bool) if targets is None else (targets == one.target) | (targets == EVERY)
        logs = np.where(reached, 0.0, -np.inf)
        if one.h is not None:
            h = h.plus(Scaled(np.outer(reached, one.h), logs).normal())
        if one.c is not None and c is not None:
            c = c.plus(Scaled(np.outer(reached, one.c), logs).normal())
        return h, c
