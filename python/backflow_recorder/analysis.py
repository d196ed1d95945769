"""From what was seen of a recurrent module in a step to the tensors and series of its recording. Runs beside the training, on copies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from .arrays import float64
from .capture import Call, Chain
from .cells import through_output
from .modules import directions_of, is_cell, layers_of, series_name, unrolled
from .scalars import horizon_of, relative
from .unrolled import NEVER, Entering, Forward, Unrolled

# What the recorder's float64 and the user's precision may differ by, in units of that precision, relative to the largest output.
TOLERATED = 256.0
LOG10 = math.log(10.0)


@dataclass
class Snapshot:
    """A module in one step, copied when the gradient was there and the weights were those it was taken by."""

    name: str
    module: nn.Module  # for its settings only
    chain: Chain
    weights: Dict[str, Tensor]
    scale: float = 1.0  # GradScaler's
    has_dropout: bool = False
    streams: int = 1  # of those kept, how many are written


@dataclass(frozen=True)
class Series:
    name: str
    module: str
    layer: Optional[int]
    direction: Optional[str]
    state: Optional[str]
    role: str
    width: int
    horizon: Optional[int] = None

    def described(self) -> Dict[str, object]:
        return dict(vars(self))


@dataclass
class Recorded:
    """Of one module: tensors by their names in a step's file, and the series among them."""

    tensors: Dict[str, Tensor] = field(default_factory=dict)
    series: List[Series] = field(default_factory=list)
    flows: List[np.ndarray] = field(default_factory=list)  # log10, [T], of the forward direction
    target: Optional[int] = None
    steps: int = 0
    difference: float = 0.0
    w_hh: Dict[int, np.ndarray] = field(default_factory=dict)


class NotReproduced(Exception):
    def __init__(self, difference: float):
        super().__init__(str(difference))
        self.difference = difference


def analyze(snapshot: Snapshot, with_matrix: bool, targets: float = 1.0) -> Recorded:
    """``targets``: of how many the loss is the mean, 1 where that is not known. Stream 0 alone is followed back."""
    module, chain, name = snapshot.module, snapshot.chain, snapshot.name
    result = Recorded()
    _add_tensors(result, snapshot)
    own = unrolled(module, snapshot.weights)
    x, h_0, c_0 = _read(chain)
    forward = own.forward(x, h_0, c_0)
    result.steps = len(x)
    given = np.concatenate([float64(call.output)[: _length(call), 0] for call in chain])
    result.difference = unlike(forward.output, given, chain[0].rounding)
    if result.difference > 1.0 and not snapshot.has_dropout:
        raise NotReproduced(relative_difference(forward.output, given))
    gradient, entering = _entering(own, chain, forward, snapshot.scale)
    active = np.flatnonzero(np.abs(gradient).sum(axis=1))
    by_states = [one.target for one in entering]
    ends = [*active[-1:].tolist(), *([max(by_states)] if by_states else [])]
    if not ends:
        return result
    result.target = max(ends)
    scale = math.log10(targets)
    # Packed with longer ones a sequence ends before the others do.
    behind = sum(call.layout.steps for call in chain) - result.steps
    total, flow = own.total_and_target(forward, gradient, result.target, entering)
    matrix = own.per_target(forward, gradient, range(result.steps), entering) if with_matrix else None
    for index in range(layers_of(module) * directions_of(module)):
        reverse = index % directions_of(module) == 1
        for state in ("h", "c") if own.has_cell_state else ("h",):
            row = flow.logs[index, state][0] / LOG10 + scale
            values = forward.traces[index].h if state == "h" else forward.traces[index].c
            norms = np.linalg.norm(values[1:], axis=1)
            label = series_name(name, index // directions_of(module), reverse, state)
            lags = None if reverse else relative(row, result.target)
            result.series.append(
                Series(
                    label,
                    name,
                    index // directions_of(module),
                    "backward" if reverse else "forward",
                    state,
                    "state",
                    values.shape[1],
                    None if lags is None else horizon_of(lags),
                )
            )
            result.tensors[f"{label}:norm"] = _padded(norms[::-1] if reverse else norms, behind, 0.0)
            result.tensors[f"{label}:total"] = _padded(np.exp(total.logs[index, state][0]), behind, 0.0)
            result.tensors[f"{label}:flow"] = _padded(row, behind, NEVER)
            if matrix is not None:
                result.tensors[f"{label}:matrix"] = _padded(matrix.logs[index, state] / LOG10 + scale, behind, NEVER)
            if not reverse:
                result.flows.append(row)
    return result


def recurrent_gradient(snapshot: Snapshot, chains: List[Chain]) -> Optional[np.ndarray]:
    """∂L/∂W_hh of the lowest layer's forward direction that all streams of all chains give; None where not all were kept."""
    own = unrolled(snapshot.module, snapshot.weights)
    result = np.zeros_like(own.weights[0].w_hh)
    for chain in chains:
        if any(call.layout.streams < call.layout.batch for call in chain):
            return None
        for stream in range(chain[0].layout.batch):
            x, h_0, c_0 = _read(chain, stream)
            if len(x) > 0:
                forward = own.forward(x, h_0, c_0)
                gradient, entering = _entering(own, chain, forward, snapshot.scale, stream)
                result += own.total(forward, gradient, entering, weights=True).w_hh[0]
    return result


def _padded(values: np.ndarray, behind: int, fill: float) -> Tensor:
    """[T] or [T, T] in float64, with so many steps more at the end of each axis."""
    return torch.from_numpy(np.pad(values.astype(np.float64), (0, behind), constant_values=fill))


def _length(call: Call, stream: int = 0) -> int:
    return call.layout.steps if call.layout.lengths is None else call.layout.lengths[stream]


def _read(chain: Chain, stream: int = 0) -> Tuple[np.ndarray, Optional[np.ndarray], Optional[np.ndarray]]:
    x = np.concatenate([float64(call.x)[: _length(call, stream), stream] for call in chain])
    first = chain[0]
    return x, *(None if state is None else float64(state)[:, stream] for state in (first.h_0, first.c_0))


def relative_difference(ours: np.ndarray, given: np.ndarray) -> float:
    return float(np.abs(ours - given).max() / max(np.abs(given).max(), 1e-300))


def unlike(ours: np.ndarray, given: np.ndarray, rounding: float) -> float:
    """How far outputs [T, N] differ, in units of what is tolerated.

    Of the steps that agree best: in a recurrence that explodes roundings grow, but other equations differ everywhere.
    """
    largest = max(float(np.abs(given).max(initial=0.0)), 1e-300)
    by_step = np.abs(ours - given).max(axis=1, initial=0.0)
    return float(np.quantile(by_step, 0.25)) / largest / (TOLERATED * rounding)


def _entering(own: Unrolled, chain: Chain, forward: Forward, scale: float, stream: int = 0) -> Tuple[np.ndarray, List[Entering]]:
    """What enters at every output [T, D·P], and at final states, of one stream.

    Of a chain of calls the gradient that PyTorch gives for the states between two of them has what comes back through the later one in it, which is
    subtracted; what is left of it within PyTorch's rounding counts as nothing.
    """
    outputs: List[np.ndarray] = []
    entering: List[Entering] = []
    later: Dict[Tuple[int, str], np.ndarray] = {}
    end = len(forward.x)
    for call in reversed(chain):
        length = _length(call, stream)
        begin = end - length
        width = call.output.shape[-1]
        output = np.zeros((length, width))
        if call.output_gradient is not None:
            output = float64(call.output_gradient)[:length, stream] / scale
        is_part = begin > 0 or end < len(forward.x)
        part = own.forward(*_read([call], stream)) if is_part or call.c_feeds_h else None
        own_entering = _final_states(call, stream, scale, later, length, part)
        if is_part and part is not None:
            flow = own.total(part, output, _with(own_entering, later, length))
            later = {(index, "h"): value for index, value in flow.h_0.items()}
            later.update({(index, "c"): value for index, value in flow.c_0.items()})
        outputs.append(output)
        for one in own_entering:
            entering.append(Entering(one.index, begin + one.step, begin + one.target, one.h, one.c))
        end = begin
    return np.concatenate(outputs[::-1]), entering


def _final_states(call: Call, stream: int, scale: float, later: Dict[Tuple[int, str], np.ndarray], length: int, part: Optional[Forward]) -> List[Entering]:
    """What enters by h_n and c_n from outside the module."""
    directions = directions_of(call.module)
    noise = 64.0 * call.rounding
    result = []
    for index in range(layers_of(call.module) * directions):
        parts: Dict[str, Optional[np.ndarray]] = {}
        for state, gradient in (("h", call.h_n_gradient), ("c", call.c_n_gradient)):
            parts[state] = None
            if gradient is None:
                continue
            value = float64(gradient)[index, stream] / scale
            back = later.get((index, state))
            if state == "c" and call.c_feeds_h and part is not None and call.h_n_gradient is not None:
                through_h = through_output(part.traces[index], length - 1, float64(call.h_n_gradient)[index, stream] / scale)
                back = through_h if back is None else back + through_h
            if back is not None:
                size = max(float(np.linalg.norm(value)), float(np.linalg.norm(back)))
                value = value - back
                if float(np.linalg.norm(value)) <= noise * size:
                    continue
            if value.any():
                parts[state] = value
        if parts["h"] is not None or parts["c"] is not None:
            result.append(Entering(index, 0 if index % directions else length - 1, length - 1, parts["h"], parts["c"]))
    return result


def _with(entering: List[Entering], later: Dict[Tuple[int, str], np.ndarray], length: int) -> List[Entering]:
    """And what comes back through the later calls of the chain, all of it."""
    indices = {index for index, _ in later}
    return [*entering, *(Entering(index, length - 1, length - 1, later.get((index, "h")), later.get((index, "c"))) for index in sorted(indices))]


def _add_tensors(result: Recorded, snapshot: Snapshot) -> None:
    chain, name = snapshot.chain, snapshot.name
    for weight, tensor in snapshot.weights.items():
        result.tensors[f"{name}.{weight}" if name else weight] = tensor.to("cpu")
    first = chain[0]

    def put(label: str, tensor: Tensor, unscaled: bool = False) -> None:
        tensor = tensor[:, : snapshot.streams].to("cpu")
        if unscaled:
            # Half precision has no room for what a scaler has made large enough.
            tensor = (tensor.double() / snapshot.scale).to(torch.promote_types(tensor.dtype, torch.float32))
        result.tensors[f"{name}:{label}"] = tensor.contiguous()

    put("input", torch.cat([call.x for call in chain]))
    for label, state in (("h_0", first.h_0), ("c_0", first.c_0)):
        if state is not None and bool(state.any()):
            put(label, state)
    last = chain[-1]
    if is_cell(snapshot.module) or len(chain) > 1:
        # Between the calls of a chain only the recorder's own pass tells what enters from what comes back.
        own = unrolled(snapshot.module, snapshot.weights)
        rows = []
        streams = min(snapshot.streams, *(call.layout.streams for call in chain))
        for stream in range(streams):
            x, h_0, c_0 = _read(chain, stream)
            gradient, entering = _entering(own, chain, own.forward(x, h_0, c_0), snapshot.scale, stream)
            top = layers_of(snapshot.module) - 1
            for one in entering:
                if one.index == top and one.h is not None:
                    gradient[one.step] += one.h
            rows.append(gradient)
        put("output_gradient", torch.from_numpy(np.stack(rows, axis=1)).to(torch.promote_types(last.output.dtype, torch.float32)))
        return
    if last.output_gradient is not None:
        put("output_gradient", last.output_gradient, True)
    for label, gradient in (("h_n_gradient", last.h_n_gradient), ("c_n_gradient", last.c_n_gradient)):
        if gradient is not None and bool(gradient.any()):
            put(label, gradient, True)
