"""Which GradScaler is at work, its scale, what it has unscaled and the updates it skips: seen by its own methods, which are wrapped while anything records."""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Set, Tuple

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

from .optimizers import fused_scale, parameters_of


def _classes() -> List[type]:
    found = []
    for module in (getattr(torch, "amp", None), torch.cuda.amp):
        kind = getattr(module, "GradScaler", None)
        if kind is not None:
            # That of torch.cuda.amp derives from torch.amp's in newer versions.
            found.append(next(base for base in reversed(kind.__mro__) if "scale" in vars(base)))
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Divisor:
    """By what gradients are multiplied, which the loss itself has not: all but those that are unscaled already."""

    scale: Tensor
    unscaled: FrozenSet[int]  # identities of parameters

    def of(self, parameter: Tensor) -> Optional[Tensor]:
        """None where the gradient is the loss's own."""
        return None if id(parameter) in self.unscaled else self.scale


class Scaling:
    """``skipped`` is called when a scaler that has found an overflow has called no ``optimizer.step``."""

    def __init__(self, skipped: Callable[[], None] = lambda: None) -> None:
        self._scaler: Optional[weakref.ref[Any]] = None
        self._skipped = skipped
        # Parameters by the identity of the scaler that has unscaled their gradients since its last update.
        self._unscaled: Dict[int, Set[int]] = {}
        self._originals: List[Tuple[type, str, Callable[..., Any]]] = []

    def open(self) -> None:
        for kind in _classes():
            self._wrap(kind, "scale", self._see_scaler)
            self._wrap(kind, "unscale_", self._see_unscaling)
            self._wrap(kind, "update", self._see_update)

    def close(self) -> None:
        for kind, name, original in self._originals:
            if getattr(vars(kind)[name], "_backflow", None) is self:
                setattr(kind, name, original)
        self._originals = []

    def _wrap(self, kind: type, name: str, see: Callable[..., None]) -> None:
        original = vars(kind)[name]
        self._originals.append((kind, name, original))

        @functools.wraps(original)
        def wrapper(scaler: Any, *args: Any, **kwargs: Any) -> Any:
            # After ``close`` another recorder's wrapper may still call this one.
            if self._originals:
                try:
                    see(scaler, *args, **kwargs)
                except Exception:  # of a scaler of another make; the training does not depend on what is seen
                    pass
            return original(scaler, *args, **kwargs)

        wrapper._backflow = self
        setattr(kind, name, wrapper)

    def _see_scaler(self, scaler: Any, *args: Any, **kwargs: Any) -> None:
        self._scaler = weakref.ref(scaler)

    def _see_unscaling(self, scaler: Any, optimizer: Any) -> None:
        if scaler.is_enabled():
            self._unscaled.setdefault(id(scaler), set()).update(parameters_of(optimizer))

    def _see_update(self, scaler: Any, *args: Any, **kwargs: Any) -> None:
        self._unscaled.pop(id(scaler), None)
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

    def divisor(self, updating: Optional[Optimizer] = None) -> Optional[Divisor]:
        """Of the gradients as they are now; None where no scaler is at work.

        ``updating``: an optimizer about to update. Its gradients are unscaled by then, also by other means, but for a fused one that does it itself.
        """
        fused = None if updating is None else fused_scale(updating)
        scale = self.scale() if fused is None else fused
        if scale is None:
            return None
        unscaled = set().union(*self._unscaled.values())
        if updating is not None and fused is None:
            unscaled |= parameters_of(updating)
        return Divisor(scale, frozenset(unscaled))
