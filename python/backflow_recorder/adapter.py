"""What the callbacks for frameworks have in common: arguments, a folder for each training, and no failure that reaches the framework."""

from __future__ import annotations

import atexit
import functools
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Sequence

from .folder import Folder
from .recorder import is_first_process
from .recording import Options
from .sentences import Warner


class Adapter:
    """Wrong arguments raise RecorderError where the callback is made, a folder in use too; nothing raises afterward.

    ``active``: what records the training under way, with ``close()``; None while there is none.
    """

    def __init__(self, name: str, folder: Any, vocabulary: Any, every: int, streams: int, matrix: bool, scalars: Sequence[Any]):
        self.options = Options(Path(folder), vocabulary, every, streams, matrix, scalars=scalars, adapter=name)
        self.options.check()
        if is_first_process():
            Folder(self.options.folder)
        self.active: Any = None
        self._trainings = 0

    def next_options(self, side: str) -> Options:
        """Those of the training that begins; a second one by the same callback has the folder FOLDER-2."""
        self.close()
        self._trainings += 1
        folder = self.options.folder
        if self._trainings > 1:
            folder = folder.with_name(f"{folder.name}-{self._trainings}")
        return replace(self.options, folder=folder, side=side)

    def begin(self, active: Any) -> None:
        self.active = active
        # A training that ends with an exception tells not every callback of it.
        atexit.register(_close, weakref.ref(self))

    def close(self) -> None:
        active, self.active = self.active, None
        if active is not None:
            active.close()

    def refuse(self, key: str) -> None:
        """The training goes on without a recording."""
        self.close()
        Warner()(key)

    def fail(self, error: BaseException) -> None:
        self.close()
        Warner()("stopped", step=0, reason=str(error) or type(error).__name__)


def _close(adapter: weakref.ref[Adapter]) -> None:
    alive = adapter()
    if alive is not None:
        alive.close()


def harmless(method: Callable[..., None]) -> Callable[..., None]:
    """A method of a callback, whose ``_adapter`` hears of what it raises in place of the framework."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            self._adapter.fail(error)

    return wrapper
