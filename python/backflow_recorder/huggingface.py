"""A callback for the Trainer of Hugging Face's transformers: ``Trainer(callbacks=[RecorderCallback("runs/exp1")])``."""

from __future__ import annotations

import os
from typing import Any, Sequence

from .adapter import Adapter, harmless
from .automatic import Automatic
from .recorder import is_first_process
from .sentences import sentence

try:
    from transformers import TrainerCallback
except ImportError:
    raise ImportError(sentence("adapter", adapter=__name__, package="transformers accelerate")) from None


class RecorderCallback(TrainerCallback):
    """Records every ``Trainer.train``: a recording in ``folder``, of a second training in ``folder-2``.

    None of the Trainer's own events comes between its clipping and the backward pass, and of its loss it tells only now and then. So gradients are read
    where PyTorch tells of an update, after clipping (``side`` of run.json), and the loss and the norms before clipping after each backward pass.

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
        self._adapter = Adapter("transformers", folder, vocabulary, every, streams, matrix, scalars)

    @harmless
    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, optimizer: Any = None, **kwargs: Any) -> None:
        if getattr(args, "deepspeed", None):
            self._adapter.refuse("deepSpeed")
            return
        if model is None or not is_first_process():
            return
        automatic = Automatic(self._adapter.next_options("after-clipping"), model)
        self._adapter.begin(automatic)
        automatic.open([] if optimizer is None else [optimizer])

    @harmless
    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._adapter.close()
