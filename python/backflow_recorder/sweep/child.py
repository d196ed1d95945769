"""A trial's training is a process of its own: who it is, and that no two write one run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import IO, Iterator

from ..sentences import sentence
from .folder import write_json
from .reasons import reason_of

PATIENCE = 120.0
# Bytes of standard error, at its end.
READ = 2**18


class TrialFailed(Exception):
    """With what the trainer said of it."""


@contextlib.contextmanager
def running(child: subprocess.Popen, folder: Path) -> Iterator[None]:
    """Its number stands in the trial's folder while it runs; whatever happens meanwhile, it has ended behind this."""
    note = folder / "process.json"
    try:
        write_json(note, {"host": os.uname().nodename if hasattr(os, "uname") else "", "pid": child.pid})
        yield
    finally:
        _end(child)
        # Somebody may have removed the folder meanwhile.
        note.unlink(missing_ok=True)


def _end(child: subprocess.Popen) -> None:
    """Asks it to end, and waits; it may be saving a checkpoint."""
    # One that has ended by itself may have read nothing.
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    if child.stdout is not None:
        child.stdout.close()
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def reason_in(errors: IO[bytes], status: int) -> str:
    """Why it failed, of the file that has what it wrote to standard error."""
    errors.seek(0, os.SEEK_END)
    # What says why stands at the end.
    errors.seek(max(0, errors.tell() - READ))
    return reason_of(errors.read().decode("utf-8", "replace"), status)


def wait_for_earlier(folder: Path) -> None:
    """The trainer of a worker that was killed may still be saving its checkpoint; two must not write one run."""
    try:
        earlier = json.loads((folder / "process.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if not hasattr(os, "uname") or earlier.get("host") != os.uname().nodename:
        return
    end = time.monotonic() + PATIENCE
    while _is_trainer(earlier["pid"], folder):
        if time.monotonic() > end:
            raise TrialFailed(sentence("sweepStillWrites", pid=earlier["pid"], folder=folder / "run"))
        time.sleep(0.1)


def _is_trainer(pid: int, folder: Path) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        # The number may be another program's by now.
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        return str(folder / "run").encode() in words
    except OSError:
        return not Path("/proc/self").exists()
