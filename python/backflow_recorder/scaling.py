"""Which GradScaler is at work, and its scale: seen by its own method ``scale``, which is wrapped while anything records."""

from __future__ import annotations

import functools
import weakref
from typing import Any, Callable, List, Optional, Tuple

import torch
from torch import Tensor


def _classes() -> List[type]:
    found = []
    for module in (getattr(torch, "amp", None), torch.cuda.amp):
        kind = getattr(module, "GradScaler", None)
        if kind is not None:
            # That of torch.cuda.amp derives from torch.amp's in newer versions.
            found.append(next(base for base in reversed(kind.__mro__) if "scale" in vars(base)))
    return list(dict.fromkeys(found))


class Scaling:
    def __init__(self) -> None:
        self._scaler: Optional[weakref.ref[Any]] = None
        self._originals: List[Tuple[type, Callable[..., Any]]] = []

    def open(self) -> None:
        for kind in _classes():
            original = vars(kind)["scale"]
            self._originals.append((kind, original))
            kind.scale = self._wrapped(original)

    def close(self) -> None:
        for kind, original in self._originals:
            kind.scale = original
        self._originals = []

    def _wrapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def scale(scaler: Any, *args: Any, **kwargs: Any) -> Any:
            self._scaler = weakref.ref(scaler)
            return original(scaler, *args, **kwargs)

        return scale

    def scaler(self) -> Optional[Any]:
        found = None if self._scaler is None else self._scaler()
        return found if found is not None and found.is_enabled() else None

    def scale(self) -> Optional[Tensor]:
        """A copy on the scaler's device; None where none is at work."""
        scaler = self.scaler()
        value = None if scaler is None else getattr(scaler, "_scale", None)
        return None if value is None else value.detach().clone()

    def is_unscaled(self, optimizer: Any) -> bool:
        """Whether ``scaler.unscale_(optimizer)`` was called since the last update: the gradients are the loss's own then."""
        scaler = self.scaler()
        states = getattr(scaler, "_per_optimizer_states", None)
        if states is None or id(optimizer) not in states:
            return False
        return getattr(states[id(optimizer)]["stage"], "name", "") != "READY"
