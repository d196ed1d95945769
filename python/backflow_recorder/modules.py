"""Which modules of a model are recorded, their names and settings, and the weights they compute with."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from .arrays import float64
from .capture import CELLS, RECURRENT
from .cells import CellWeights
from .unrolled import Unrolled

SETTINGS = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional", "proj_size", "nonlinearity")
KINDS = ("LSTM", "GRU", "RNN")


def unwrapped(model: nn.Module) -> nn.Module:
    """The user's own module inside torch.compile's and DistributedDataParallel's."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and type(model).__name__ in ("DistributedDataParallel", "DataParallel", "FullyShardedDataParallel"):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def class_name(module: nn.Module) -> str:
    """Without what torch.nn.utils.parametrize puts before it."""
    for kind in type(module).__mro__:
        if kind.__module__ != "torch.nn.utils.parametrize":
            return kind.__name__
    return type(module).__name__


def kind_of(module: nn.Module) -> str:
    """ "LSTM", "GRU" or "RNN", also of a cell and of a subclass."""
    for base, kind in ((nn.LSTM, "LSTM"), (nn.GRU, "GRU"), (nn.LSTMCell, "LSTM"), (nn.GRUCell, "GRU")):
        if isinstance(module, base):
            return kind
    return "RNN"


def is_cell(module: nn.Module) -> bool:
    return isinstance(module, CELLS)


def is_recurrent(module: nn.Module) -> bool:
    # nn.LSTM and its like alone: a subclass of RNNBase with equations of its own has another mode.
    if is_cell(module):
        return isinstance(module, (nn.RNNCell, nn.LSTMCell, nn.GRUCell))
    return isinstance(module, RECURRENT) and module.mode in ("RNN_TANH", "RNN_RELU", "LSTM", "GRU")


def settings_of(module: nn.Module) -> Dict[str, Any]:
    """What its constructor was given."""
    found = {name: getattr(module, name) for name in SETTINGS if hasattr(module, name)}
    if kind_of(module) != "RNN":
        found.pop("nonlinearity", None)
    return found


def directions_of(module: nn.Module) -> int:
    return 2 if getattr(module, "bidirectional", False) else 1


def layers_of(module: nn.Module) -> int:
    return getattr(module, "num_layers", 1)


def weight_names(module: nn.Module) -> List[str]:
    if is_cell(module):
        return ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if module.bias else [])]
    return list(module._flat_weights_names)


@contextmanager
def _parametrizations_at_rest(module: nn.Module) -> Iterator[None]:
    """In eval mode they give the weights of the last training pass again: a spectral norm iterates only in training mode."""
    parts = [part for own in getattr(module, "parametrizations", {}).values() for part in own.modules()]
    modes = [part.training for part in parts]
    try:
        for part in parts:
            part.training = False
        yield
    finally:
        for part, mode in zip(parts, modes):
            part.training = mode


def weights_now(module: nn.Module, used: Optional[Mapping[str, Tensor]] = None) -> Dict[str, Tensor]:
    """Copies of what a module computes with, by their names in it: those a call has used, if they are known."""
    names = weight_names(module)
    with torch.no_grad(), _parametrizations_at_rest(module):
        return {name: (used[name] if used else getattr(module, name)).detach().clone() for name in names}


def unrolled(module: nn.Module, weights: Mapping[str, Tensor]) -> Unrolled:
    """The module with these weights, in float64."""
    kind, directions = kind_of(module), directions_of(module)
    nonlinearity = getattr(module, "nonlinearity", "tanh") if kind == "RNN" else "tanh"
    parts = []
    for index in range(layers_of(module) * directions):
        tail = "" if is_cell(module) else f"_l{index // directions}" + ("_reverse" if index % directions else "")

        def get(name: str, tail: str = tail) -> Optional[np.ndarray]:
            tensor = weights.get(name + tail)
            return None if tensor is None else float64(tensor)

        w_ih, w_hh = get("weight_ih"), get("weight_hh")
        none = np.zeros(len(w_ih))
        b_ih, b_hh = get("bias_ih"), get("bias_hh")
        parts.append(CellWeights(kind, w_ih, w_hh, none if b_ih is None else b_ih, none if b_hh is None else b_hh, get("weight_hr"), nonlinearity))
    return Unrolled(parts, directions)


def joined(*names: str) -> str:
    return ".".join(name for name in names if name)


def series_name(module: str, layer: int, reverse: bool, state: str) -> str:
    return f"{joined(module, f'l{layer}')}{'_reverse' if reverse else ''}:{state}"


def names_of(roots: List[Tuple[str, nn.Module]]) -> Dict[int, str]:
    """Of every module under the roots, by identity: its path, as in state_dict(); the first of several."""
    names: Dict[int, str] = {}
    for prefix, root in roots:
        for name, module in root.named_modules():
            names.setdefault(id(module), joined(prefix, name))
    return names


def is_sharded(module: nn.Module) -> bool:
    """Whether a process has only parts of its weights: FSDP of either kind, tensor parallelism."""
    for parameter in module.parameters():
        if type(parameter).__name__ in ("DTensor", "FlatParameter") or hasattr(parameter, "device_mesh"):
            return True
    return False
