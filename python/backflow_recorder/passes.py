"""Which backward pass is under way, and whether it adds to gradients that are there.

A training may throw a batch away after its backward pass (``optimizer.zero_grad(); continue``), look at a gradient by ``torch.autograd.grad``, or evaluate
a loss again and again (LBFGS). What these have brought to a module's output is not in the gradients that the next update uses.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import torch
from torch import Tensor, nn

# Before PyTorch 2.0 nothing tells passes apart: all count as one.
UNKNOWN = -1
# A pass that accumulates nothing in the module's parameters.
ASIDE = -2

_identity = getattr(torch._C, "_current_graph_task_id", None)
_will_execute = getattr(torch._C, "_will_engine_execute_node", None)


class Passes:
    def __init__(self) -> None:
        # By the identity of the module: its last pass and whether that was a first one; its last first one.
        self._last: Dict[int, Tuple[int, bool]] = {}
        self._first: Dict[int, int] = {}
        self._counts: Dict[int, int] = {}

    def clear(self) -> None:
        self._last, self._first, self._counts = {}, {}, {}

    def forget(self, module: int) -> None:
        """``module``: its identity."""
        for known in (self._last, self._first, self._counts):
            known.pop(module, None)

    def first_of(self, module: nn.Module) -> int:
        """The pass with which the gradients began that the module's parameters have now."""
        return self._first.get(id(module), UNKNOWN)

    def count(self) -> Optional[int]:
        """How many passes have added to these gradients; None where passes are not known."""
        return max(self._counts.values(), default=None)

    def now(self, module: nn.Module) -> Tuple[int, bool]:
        """Within a backward pass: which one it is, and whether the module's parameters have no gradient before it."""
        number = UNKNOWN if _identity is None else _identity()
        key = id(module)
        known = self._last.get(key)
        if known is not None and known[0] == number:
            return known
        if number == UNKNOWN:
            return UNKNOWN, False
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        if parameters and not _accumulates(parameters[0]):
            return ASIDE, False
        is_first = bool(parameters) and not any(has_gradient(parameter) for parameter in parameters)
        if is_first:
            self._first[key] = number
            self._counts[key] = 0
        self._counts[key] = self._counts.get(key, 0) + 1
        self._last[key] = number, is_first
        return number, is_first


def has_gradient(parameter: Tensor) -> bool:
    """Whether anything is accumulated in it: neither none nor zeros."""
    gradient = parameter.grad
    if gradient is None:
        return False
    return gradient._nnz() > 0 if gradient.is_sparse else bool(gradient.detach().any())


def _accumulates(parameter: Tensor) -> bool:
    """Whether the pass under way gives the parameter a gradient, as ``backward`` does, and ``torch.autograd.grad`` only where it is asked for that."""
    if _will_execute is None:
        return True
    with torch.enable_grad():
        node: Any = parameter.view_as(parameter).grad_fn
    try:
        return bool(_will_execute(node.next_functions[0][0]))
    except RuntimeError:
        # It says so of a parameter that torch.autograd.grad was asked for: a training may put that in its place.
        return True
