"""A trial's training is a process of its own: who it is, and that no two write one run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import IO, Iterator

from .folder import write_json

PATIENCE = 120.0


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


def said_last(errors: IO[bytes], status: int) -> str:
    """The last line of what it has written to standard error."""
    errors.seek(0)
    said = errors.read().decode("utf-8", "replace").strip().splitlines()
    return said[-1] if said else f"exit status {status}"


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
            raise TrialFailed(f"process {earlier['pid']} still writes {folder / 'run'}")
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
