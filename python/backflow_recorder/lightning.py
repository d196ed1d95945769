"""A callback for Lightning 2: ``Trainer(callbacks=[RecorderCallback("runs/exp1")])``."""

from __future__ import annotations

import os
import sys
from typing import Any, Sequence

from .adapter import Adapter, harmless
from .losses import Losses
from .optimizers import holds
from .recorder import Recorder
from .sentences import sentence

# Both distributions are the same code under two names, and a project uses one of them.
try:
    if "pytorch_lightning" in sys.modules and "lightning" not in sys.modules:
        from pytorch_lightning import Callback
    else:
        from lightning.pytorch import Callback
except ImportError:
    try:
        from pytorch_lightning import Callback
    except ImportError:
        raise ImportError(sentence("adapter", adapter=__name__, package="lightning")) from None


class RecorderCallback(Callback):
    """Records every ``Trainer.fit``: a recording in ``folder``, of a second fit in ``folder-2``.

    Gradients are read where Lightning tells of them, ``on_before_optimizer_step``: unscaled, and before Lightning clips them. With manual optimization it
    tells of them as late as the module calls ``optimizer.step()``, after the module's own clipping; then the norms before that are read after each backward
    pass. run.json says which (``side``). Of several optimizers the first that updates a recorded layer counts the steps.

    Arguments are those of Recorder.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        vocabulary: Any = None,
        every: int = 100,
        *,
        streams: int = 1,
        matrix: bool = False,
        scalars: Sequence[Any] = (),
    ):
        super().__init__()
        self._adapter = Adapter("lightning", folder, vocabulary, every, streams, matrix, scalars)
        self._losses = Losses()
        self._lead: Any = None

    @harmless
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        # Not before: what is tried out on the way here (a learning rate, the validation) is no step.
        if "DeepSpeed" in type(trainer.strategy).__name__:
            self._adapter.refuse("deepSpeed")
            return
        self._losses, self._lead = Losses(), None
        side = "before-clipping" if pl_module.automatic_optimization else "after-clipping"
        options = self._adapter.next_options(side)
        recorder = Recorder.of(pl_module, options, trainer.optimizers)
        recorder.on_skipped(self._losses.clear)
        self._adapter.begin(recorder)

    @harmless
    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
        if self._adapter.active is not None:
            self._losses.add(loss)

    @harmless
    def on_after_backward(self, trainer: Any, pl_module: Any) -> None:
        recorder = self._adapter.active
        if recorder is not None and not pl_module.automatic_optimization:
            recorder.read_before_clipping()

    @harmless
    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        recorder = self._adapter.active
        if recorder is None:
            return
        optimizer = getattr(optimizer, "optimizer", optimizer)
        if self._lead is None and holds(optimizer, recorder.leading_parameters()):
            self._lead = optimizer
        if self._lead is not optimizer:
            self._losses.see_other_update()
            return
        count = self._losses.count
        recorder.step(self._losses.take(recorder.scale()), micro_batches=count or None)

    @harmless
    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self._adapter.close()

    @harmless
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._adapter.close()

    @harmless
    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self._adapter.close()
