"""Which GradScaler is at work, its scale, and the updates it skips: seen by its own ``scale`` and ``update``, which are wrapped while anything records."""

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
    """``skipped`` is called when a scaler that has found an overflow has called no ``optimizer.step``."""

    def __init__(self, skipped: Callable[[], None] = lambda: None) -> None:
        self._scaler: Optional[weakref.ref[Any]] = None
        self._skipped = skipped
        self._originals: List[Tuple[type, str, Callable[..., Any]]] = []

    def open(self) -> None:
        for kind in _classes():
            self._wrap(kind, "scale", self._see_scaler)
            self._wrap(kind, "update", self._see_update)

    def close(self) -> None:
        for kind, name, original in self._originals:
            if getattr(vars(kind)[name], "_backflow", None) is self:
                setattr(kind, name, original)
        self._originals = []

    def _wrap(self, kind: type, name: str, see: Callable[[Any], None]) -> None:
        original = vars(kind)[name]
        self._originals.append((kind, name, original))

        @functools.wraps(original)
        def wrapper(scaler: Any, *args: Any, **kwargs: Any) -> Any:
            # After ``close`` another recorder's wrapper may still call this one.
            if self._originals:
                try:
                    see(scaler)
                except Exception:  # of a scaler of another make; the training does not depend on what is seen
                    pass
            return original(scaler, *args, **kwargs)

        wrapper._backflow = self
        setattr(kind, name, wrapper)

    def _see_scaler(self, scaler: Any) -> None:
        self._scaler = weakref.ref(scaler)

    def _see_update(self, scaler: Any) -> None:
        states = getattr(scaler, "_per_optimizer_states", {}).values()
        if any(bool(found.any()) for state in states for found in state.get("found_inf_per_device", {}).values()):
            self._skipped()

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
