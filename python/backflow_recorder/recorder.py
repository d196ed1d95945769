"""The recorder in one's own training loop."""

from __future__ import annotations

import atexit
import os
import weakref
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Optional, Sequence, Type

import torch
from torch import nn
from torch.optim.optimizer import Optimizer

from .modules import class_name, unwrapped
from .opened import open_recording
from .optimizers import OptimizerHooks, fused_scale, holds
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
        if not isinstance(model, nn.Module):
            raise refuse("model", value=type(model).__name__)
        self._recording: Optional[Recording] = None
        # Forward passes at the last reading and at the last update.
        self._at_step = self._at_update = 0
        self._read_in_closure = False
        options = Options(Path(folder), vocabulary, every, streams, matrix, side, scalars, adapter, script)
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
        self._hooks.open()
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

    def step(self, loss: Any = None, *, gradient_norm: Any = None) -> None:
        """Reads this step's gradients: after ``loss.backward()``, before ``optimizer.step()``, once for each update.

        Args:
            loss: a tensor of one number, or a number, as it shall stand in the metrics.
            gradient_norm: the norm before clipping, where ``step`` is called after it and something else knows it.
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
        recording.take(loss, gradient_norm=gradient_norm)

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

    def _before_update(self, optimizer: Optimizer, closure: Any) -> None:
        recording = self._recording
        if recording is None or recording.is_over or not holds(optimizer, recording.parameter_ids):
            return
        recording.hooks_tell = True
        self._read_in_closure = False
        if recording.pending is None:
            return
        scale, skipped = fused_scale(optimizer)
        if skipped:
            recording.drop_pending()
            return
        if closure is None:
            recording.see_clipped(scale)
        recording.commit()

    def _after_update(self, optimizer: Optimizer) -> None:
        recording = self._recording
        if recording is not None and not recording.is_over and holds(optimizer, recording.parameter_ids):
            self._at_update = recording.capture.forwards


def _close(recorder: weakref.ref[Recorder]) -> None:
    alive = recorder()
    if alive is not None:
        alive.close()


def is_first_process() -> bool:
    """Whether this is the process of rank 0, or the only one."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank() == 0
    return os.environ.get("RANK", "0") == "0"
