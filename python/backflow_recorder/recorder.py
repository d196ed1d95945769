"""The recorder in one's own training loop."""

from __future__ import annotations

import atexit
import functools
import os
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Dict, Iterable, Optional, Sequence, Set, Type

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer

from .modules import class_name, unwrapped
from .norms import Norms
from .opened import open_recording
from .optimizers import OptimizerHooks, holds, skips
from .recording import Options, Recording
from .sentences import RecorderError, refuse


class Recorder:
    """Records the gradient flow of a model's nn.RNN, LSTM, GRU and cells while it trains::

        recorder = Recorder(model, "runs/exp1", vocabulary=itos)
        …
        loss.backward()
        recorder.step(loss)        # before clipping, before optimizer.step()

    Args:
        model: the module that is trained; DistributedDataParallel and torch.compile around it are seen through.
        folder: a new or empty folder; docs/recording.md says what is in it.
        vocabulary: symbols by id, or a dict between ids and symbols; without it tokens are shown by number.
        every: of how many steps one is written with its weights and flow; step 1 always is. Metrics are written of every step.
        streams: how many of the batch's sequences are kept of a recorded step, from its first; the flow is that of the first.
        matrix: also the gradients of every target by every step.
        side: "before-clipping", or "after-clipping" where ``step`` is called after it.
        scalars: SummaryWriter-like objects, or functions such as ``wandb.log`` that take a dict.

    Raises RecorderError for a wrong argument. Afterward nothing raises: a failure of the recorder ends the recording with one warning. In all processes
    but that of rank 0 it does nothing.
    """

    def __init__(
        self,
        model: nn.Module,
        folder: str | os.PathLike[str],
        vocabulary: Any = None,
        every: int = 100,
        *,
        streams: int = 1,
        matrix: bool = False,
        side: str = "before-clipping",
        scalars: Sequence[Any] = (),
        adapter: Optional[str] = None,
        script: Optional[str] = None,
    ):
        self._start(model, Options(Path(folder), vocabulary, every, streams, matrix, side, scalars, adapter, script))

    @classmethod
    def of(cls, model: nn.Module, options: Options, optimizers: Iterable[Any] = ()) -> Recorder:
        """For a framework's callback. ``optimizers``: those of the training, where they are there before the recorder."""
        recorder = cls.__new__(cls)
        recorder._start(model, options, optimizers)
        return recorder

    def _start(self, model: nn.Module, options: Options, optimizers: Iterable[Any] = ()) -> None:
        self._recording: Optional[Recording] = None
        # Forward passes at the last reading and at the last update.
        self._at_step = self._at_update = 0
        self._read_in_closure = False
        self._before: Optional[Norms] = None
        if not isinstance(model, nn.Module):
            raise refuse("model", value=type(model).__name__)
        options.check()
        if not is_first_process():
            return
        recording = Recording(options)
        self._recording = recording
        recording.set_roots([("", model)])
        if not recording.recurrent():
            recording.warn("noModule", model=class_name(unwrapped(model)))
        recording.open()
        self._hooks = OptimizerHooks(self._before_update, self._after_update)
        self._hooks.open(optimizers)
        # The interpreter's end writes what is left; a recorder that nobody keeps any more ends with it.
        self._at_exit = atexit.register(_close, weakref.ref(self))

    @property
    def folder(self) -> Optional[Path]:
        return None if self._recording is None else self._recording.folder.path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.folder is None else str(self.folder)!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        """In a notebook: the flow of the newest step that is written."""
        try:
            return open_recording(self.folder or "")._repr_mimebundle_(include, exclude)
        except RecorderError:
            return {"text/plain": repr(self)}

    def scale(self) -> Optional[Tensor]:
        """By what a GradScaler at work multiplies the loss; None where there is none."""
        return None if self._recording is None else self._recording.scaling.scale()

    def leading_parameters(self) -> Set[int]:
        """Identities of the parameters whose optimizer counts the steps: of recurrent layers, or of all where there are none."""
        recording = self._recording
        return set() if recording is None else recording.recurrent_parameters() or recording.parameter_ids

    def on_skipped(self, call: Callable[[], None]) -> None:
        """``call()`` when a scaler has skipped an update."""
        if self._recording is not None:
            self._recording.on_skipped = call

    def read_before_clipping(self) -> None:
        """Reads the norms alone, where ``step`` comes after clipping: after ``loss.backward()``, of several the last counts."""
        recording = self._recording
        if recording is not None:
            self._before = recording.norms()

    def step(self, loss: Any = None, *, gradient_norm: Any = None, micro_batches: Optional[int] = None) -> None:
        """Reads this step's gradients: after ``loss.backward()``, before ``optimizer.step()``, once for each update.

        Args:
            loss: a tensor of one number, or a number, as it shall stand in the metrics.
            gradient_norm: the norm before clipping, where ``step`` is called after it and something else knows it.
            micro_batches: backward passes of this step; without it the forward passes of the model are counted.
        """
        recording = self._recording
        if recording is None or recording.is_over:
            return
        if self._hooks.is_running:
            # In a closure, which an optimizer such as LBFGS calls again and again: its first evaluation is by the weights of this step.
            if self._read_in_closure:
                return
            self._read_in_closure = True
        forwards = recording.capture.forwards
        if self._at_step < forwards == self._at_update:
            recording.stop("afterUpdate")
            self.close()
            return
        self._at_step = forwards
        self._drop_if_skipped(recording)
        before, self._before = self._before, None
        recording.take(loss, gradient_norm=gradient_norm, before=before, micro_batches=micro_batches)

    def close(self) -> None:
        """Writes what is left and takes all hooks away. Never raises; nothing is recorded afterward."""
        if self._recording is None:
            return
        self._hooks.close()
        self._drop_if_skipped(self._recording)
        self._recording.close()
        atexit.unregister(self._at_exit)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # at the interpreter's end parts of it may be gone
            pass

    def _drop_if_skipped(self, recording: Recording) -> None:
        # A scaler that has found an overflow calls no optimizer.step.
        if recording.pending is not None and recording.scaling.scaler() is not None and recording.hooks_tell:
            recording.drop_pending()

    def _before_update(self, optimizer: Optimizer, closure: Any) -> Any:
        recording = self._recording
        if recording is None or recording.is_over or not holds(optimizer, recording.parameter_ids):
            return None
        recording.hooks_tell = True
        self._read_in_closure = False
        if closure is not None:
            recording.commit()
            return self._observed(optimizer, closure)
        if recording.pending is None:
            return None
        if skips(optimizer):
            recording.drop_pending()
            return None
        recording.see_clipped(optimizer)
        recording.commit()
        return None

    def _observed(self, optimizer: Optimizer, closure: Callable[[], Any]) -> Callable[[], Any]:
        """Only when the closure has ended are its gradients clipped; its first evaluation counts, as for ``step``."""
        is_seen = False

        @functools.wraps(closure)
        def wrapper() -> Any:
            nonlocal is_seen
            result = closure()
            if not is_seen and self._recording is not None:
                is_seen = True
                self._recording.see_clipped(optimizer)
            return result

        return wrapper

    def _after_update(self, optimizer: Optimizer) -> None:
        recording = self._recording
        if recording is not None and not recording.is_over and holds(optimizer, recording.parameter_ids):
            self._at_update = recording.capture.forwards
            recording.commit()


def _close(recorder: weakref.ref[Recorder]) -> None:
    alive = recorder()
    if alive is not None:
        alive.close()


def is_first_process() -> bool:
    """Whether this is the process of rank 0, or the only one."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank() == 0
    # As torchrun, Lightning and Slurm number the processes that they start.
    return all(os.environ.get(name, "0") == "0" for name in ("RANK", "LOCAL_RANK", "SLURM_PROCID"))
