"""Work that is done beside the training, in its order. A recording that falls behind drops steps and counts them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Callable, Deque, Optional, Tuple

Job = Callable[[], None]
# Recorded steps that wait; what a line of metrics waits with is some hundred bytes.
WAITING_STEPS = 2
WAITING_LINES = 20_000


class Worker:
    """One thread, a daemon: a script that ends waits for it in ``close``, a killed one does not."""

    def __init__(self, failed: Callable[[BaseException], None]):
        self._failed = failed
        self._jobs: Deque[Tuple[Job, bool]] = deque()
        self._changed = threading.Condition()
        self._busy = False
        self._ending = False
        self._thread: Optional[threading.Thread] = None

    def has_room(self) -> bool:
        """Whether one more recorded step may wait."""
        with self._changed:
            return sum(is_step for _, is_step in self._jobs) < WAITING_STEPS

    def add(self, job: Job, is_step: bool) -> None:
        with self._changed:
            if self._ending or len(self._jobs) >= WAITING_LINES:
                return
            self._jobs.append((job, is_step))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="backflow-recorder", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self, timeout: float) -> bool:
        """Waits for what is under way, so many seconds at most; whether all is done."""
        with self._changed:
            done = self._changed.wait_for(lambda: not self._jobs and not self._busy, timeout)
            self._ending = True
            self._jobs.clear()
            self._changed.notify_all()
        return done

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._jobs) or self._ending)
                if not self._jobs:
                    return
                job, _ = self._jobs.popleft()
                self._busy = True
            try:
                job()
            except BaseException as error:
                self._failed(error)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
