"""Recording a training that calls no recorder: every step of the optimizer that updates a recurrent layer."""

from __future__ import annotations

import functools
from typing import Any, Callable, Iterable, Optional

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer

from .discovery import roots_of
from .losses import Losses
from .modules import class_name, unwrapped
from .norms import Norms
from .optimizers import OptimizerHooks, holds, parameters_of, skips
from .passes import has_gradient
from .recorder import is_first_process
from .recording import Options, Recording
from .sentences import sentence, tell


class Automatic:
    """Of several optimizers the first that updates a recorded layer counts the steps.

    ``model``: None for a script, whose first line it is opened before: then the models are found by what is called.
    """

    def __init__(self, options: Options, model: Optional[nn.Module] = None):
        self.recording = Recording(options)
        self.updates = 0
        self._model = model
        self._lead: Optional[Optimizer] = None
        self._losses = Losses()
        self.recording.on_skipped = self._losses.clear
        self._before: Optional[Norms] = None
        self._hooks = OptimizerHooks(self._before_update, self._after_update)
        self._backward: Any = None

    def open(self, optimizers: Iterable[Any] = ()) -> None:
        recording = self.recording
        if self._model is None:
            recording.capture.called = {}
        else:
            recording.set_roots([("", self._model)])
            if not recording.recurrent():
                recording.warn("noModule", model=class_name(unwrapped(self._model)))
        recording.open()
        self._hooks.open(optimizers)
        self._backward = torch.autograd.backward
        torch.autograd.backward = self._wrapped(self._backward)

    def close(self) -> None:
        if self._backward is not None:
            # Where something else has wrapped it again, ours stays beneath and does nothing.
            if getattr(torch.autograd.backward, "_backflow", None) is self:
                torch.autograd.backward = self._backward
            self._backward = None
        self._hooks.close()
        self.recording.close()

    def _wrapped(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(backward)
        def wrapper(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            self._forget_thrown_away()
            result = backward(tensors, *args, **kwargs)
            self._after_backward(tensors if isinstance(tensors, Tensor) and tensors.numel() == 1 else None)
            return result

        wrapper._backflow = self
        return wrapper

    def _forget_thrown_away(self) -> None:
        """The losses of batches whose gradients are gone before an update has used them."""
        if self._losses.count == 0 or self.recording.is_over or self.recording.capture.called is not None:
            return
        try:
            if not any(has_gradient(parameter) for _, parameter in self.recording.parameters):
                self._losses.clear()
        except Exception as error:
            self.recording.fail(error)

    def _after_update(self, optimizer: Optimizer) -> None:
        """What a closure evaluates after the first time is not of the next step."""
        if optimizer is self._lead:
            self._losses.clear()

    def _after_backward(self, loss: Optional[Tensor]) -> None:
        """The gradients before clipping, and the loss whose gradients they are: of micro-batches the sum."""
        recording = self.recording
        if recording.is_over or not self._is_known():
            return
        try:
            if loss is not None:
                self._losses.add(loss)
            self._before = recording.norms()
        except Exception as error:
            recording.fail(error)

    def _is_known(self) -> bool:
        """Whether the model is found; a recurrent layer that is seen later is found later."""
        recording = self.recording
        called = recording.capture.called
        if called is None:
            return True
        try:
            if not is_first_process():
                recording.is_over = True
                return False
            roots = roots_of(called)
            if not roots:
                return False
            recording.set_roots(roots)
            recording.capture.called = None
            return True
        except Exception as error:
            recording.fail(error)
            return False

    def _before_update(self, optimizer: Optimizer, closure: Any) -> Any:
        recording = self.recording
        self.updates += 1
        if recording.is_over or (closure is None and not self._is_lead(optimizer)):
            return None
        if closure is None:
            self._take(optimizer)
            return None
        return self._observed(optimizer, closure)

    def _observed(self, optimizer: Optimizer, closure: Callable[[], Any]) -> Callable[[], Any]:
        """Only in the closure are there gradients of this step; its first evaluation is by the weights before the update."""
        is_taken = False

        @functools.wraps(closure)
        def wrapper() -> Any:
            nonlocal is_taken
            result = closure()
            if not is_taken:
                is_taken = True
                if self._is_lead(optimizer):
                    self._take(optimizer)
            return result

        return wrapper

    def _is_lead(self, optimizer: Optimizer) -> bool:
        if not self._is_known():
            # Nothing that is kept of a step without a recurrent layer is needed again.
            self.recording.capture.clear()
            return False
        if self._lead is None and holds(optimizer, self.recording.recurrent_parameters() or self.recording.parameter_ids):
            self._lead = optimizer
            if self._model is None:
                tell(sentence("recording", folder=self.recording.folder.path))
        if self._lead is not optimizer:
            self._losses.see_other_update()
            # What it updates (the other model of a GAN) can no longer be computed again at the next step, and is no part of it.
            self.recording.capture.forget(parameters_of(optimizer))
        return self._lead is optimizer

    def _take(self, optimizer: Optimizer) -> None:
        recording = self.recording
        passes, loss, before = self._losses.count, self._losses.take(recording.scaling.scale()), self._before
        self._before = None
        if skips(optimizer):
            recording.capture.clear()
            return
        recording.take(loss, before=before, updating=optimizer, passes=passes)
        recording.commit()
