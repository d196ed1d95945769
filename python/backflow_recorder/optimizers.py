"""When an optimizer of torch.optim is about to update: PyTorch's global hooks from 2.0 on, and its ``step`` wrapped before that."""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

import torch
from torch.optim import optimizer as torch_optimizer
from torch.optim.optimizer import Optimizer

# (optimizer, closure of the step or None) → the closure to use in its place, or None.
Before = Callable[[Optimizer, Any], Any]


class OptimizerHooks:
    """Calls ``before`` once for each update, however often ``step`` calls itself: of a wrapper, or of a class it derives from."""

    def __init__(self, before: Before, after: Callable[[Optimizer], None]):
        self._before = before
        self._after = after
        self._running: Dict[int, int] = {}
        self._handles: List[Any] = []
        self._originals: List[Tuple[type, Any]] = []
        self._own: List[Tuple[Optimizer, Any]] = []
        self._hook_for_profile: Any = None
        self._is_open = False

    def open(self, optimizers: Iterable[Any] = ()) -> None:
        """``optimizers``: those there are, of which a learning rate's schedule may hold the method itself."""
        if hasattr(torch_optimizer, "register_optimizer_step_pre_hook"):
            self._handles.append(torch_optimizer.register_optimizer_step_pre_hook(self._pre))
            self._handles.append(torch_optimizer.register_optimizer_step_post_hook(self._post))
        else:
            self._open_old()
            for optimizer in optimizers:
                self._wrap_one(optimizer)

    def close(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._is_open = False
        for kind, original in reversed(self._originals):
            # Where another recorder has wrapped it again, ours stays beneath and does nothing.
            if getattr(vars(kind).get("step"), "_backflow", None) is self:
                kind.step = original
        self._originals = []
        for optimizer, original in self._own:
            if getattr(vars(optimizer).get("step"), "_backflow", None) is self:
                optimizer.step = original
        self._own = []
        if self._hook_for_profile is not None:
            if getattr(Optimizer._hook_for_profile, "_backflow", None) is self:
                Optimizer._hook_for_profile = self._hook_for_profile
            self._hook_for_profile = None

    def forget_running(self) -> None:
        """After a step that ended with an exception, which PyTorch's hooks do not tell of."""
        self._running = {}

    @property
    def is_running(self) -> bool:
        return bool(self._running)

    def _pre(self, optimizer: Optimizer, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        depth = self._running.get(id(optimizer), 0)
        self._running[id(optimizer)] = depth + 1
        if depth > 0:
            return None
        # args begins with the optimizer itself.
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        other = self._before(optimizer, closure if callable(closure) else None)
        if other is None:
            return None
        if "closure" in kwargs:
            return args, {**kwargs, "closure": other}
        return (args[0], other, *args[2:]), kwargs

    def _post(self, optimizer: Optimizer, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        depth = self._running.get(id(optimizer), 0)
        if depth <= 1:
            self._running.pop(id(optimizer), None)
            self._after(optimizer)
        else:
            self._running[id(optimizer)] = depth - 1

    def _open_old(self) -> None:
        self._is_open = True
        self._hook_for_profile = Optimizer._hook_for_profile
        original = self._hook_for_profile

        @functools.wraps(original)
        def hook_for_profile(optimizer: Optimizer) -> None:
            original(optimizer)
            if self._is_open:
                self._wrap(type(optimizer))

        hook_for_profile._backflow = self
        Optimizer._hook_for_profile = hook_for_profile
        waiting = list(Optimizer.__subclasses__())
        while waiting:
            kind = waiting.pop()
            waiting.extend(kind.__subclasses__())
            self._wrap(kind)

    def _wrap(self, kind: type) -> None:
        step = vars(kind).get("step")
        if step is None or any(kind is wrapped for wrapped, _ in self._originals):
            return

        @functools.wraps(step)
        def wrapper(optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
            if not self._is_open:
                return step(optimizer, *args, **kwargs)
            changed = self._pre(optimizer, (optimizer, *args), kwargs)
            if changed is not None:
                (_, *args), kwargs = changed
            try:
                return step(optimizer, *args, **kwargs)
            finally:
                self._post(optimizer, args, kwargs)

        wrapper._backflow = self
        self._originals.append((kind, step))
        kind.step = wrapper

    def _wrap_one(self, optimizer: Any) -> None:
        # Before PyTorch 2.0 a schedule puts a method of its own on the optimizer, which calls that of the class as it was then.
        while isinstance(getattr(optimizer, "optimizer", None), Optimizer):
            optimizer = optimizer.optimizer
        step = vars(optimizer).get("step")
        if not isinstance(optimizer, Optimizer) or step is None:
            return

        @functools.wraps(step)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not self._is_open:
                return step(*args, **kwargs)
            changed = self._pre(optimizer, (optimizer, *args), kwargs)
            if changed is not None:
                (_, *args), kwargs = changed
            try:
                return step(*args, **kwargs)
            finally:
                self._post(optimizer, args, kwargs)

        wrapper._backflow = self
        self._own.append((optimizer, step))
        optimizer.step = wrapper


def parameters_of(optimizer: Any) -> Set[int]:
    """Identities of what it updates."""
    return {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}


def holds(optimizer: Optimizer, parameters: Set[int]) -> bool:
    """Whether it updates one of the parameters with these identities."""
    return not parameters.isdisjoint(parameters_of(optimizer))


def fused_scale(optimizer: Optimizer) -> Optional[torch.Tensor]:
    """Of a fused optimizer under a scaler: by what its gradients are still multiplied; None if by nothing."""
    scale = getattr(optimizer, "grad_scale", None)
    return scale if isinstance(scale, torch.Tensor) else None


def skips(optimizer: Optimizer) -> bool:
    """Whether a fused optimizer is called although its scaler has found an overflow: then it updates nothing."""
    found = getattr(optimizer, "found_inf", None)
    return isinstance(found, torch.Tensor) and bool((found > 0).any())
