"""Why a trial has failed, in one sentence: of how its process ended and what it wrote to standard error, or of what Ray says of its worker."""

from __future__ import annotations

import re
import signal
from typing import List, Optional

from ..sentences import RecorderError, sentence

# Characters: longer ones are the data of an error, and not why.
LONGEST = 500

# What Node.js writes last when nothing has caught an error.
_NODE = re.compile(r"Node\.js v\d+\.")
# Node.js shows the line of source that threw; the error begins below its caret.
_CARET = re.compile(r"\s*\^+\s*$")
_REJECTION = re.compile(r'\[?UnhandledPromiseRejection: .* the reason "(.*)"\.\]?')
_HEAP = "JavaScript heap out of memory"
_TRACEBACK = "Traceback (most recent call last):"
# Of a thread, of a destructor: not what ended the process.
_ASIDE = ("Exception ignored", "Exception in thread")
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(:|$)")
_MODULE = re.compile(r"No module named '([\w.]+)'")
# What C++ writes of an exception that nothing has caught.
_WHAT = re.compile(r"\s*what\(\):\s*(.*)")


def reason_of(said: str, status: int) -> str:
    """Of a process that has ended. ``status`` as subprocess has it: below 0 it is a signal."""
    if _HEAP in said:
        return sentence("sweepHeap")
    lines = said.strip().splitlines()
    if status < 0:
        # Whatever it wrote before, it was not that which ended it.
        return _of_signal(lines, -status)
    line = _of_node(lines) or _of_python(lines) or (lines[-1].strip() if lines else "")
    if line == "":
        # As a shell has it, and a program that ends itself in order when it is asked to.
        return _of_signal(lines, status - 128) if 128 < status < 160 else sentence("sweepSilent", status=status)
    if line == "MemoryError":
        return sentence("sweepMemory")
    return _short(line[len("backflow: ") :] if line.startswith("backflow: ") else line)


def reason_of_ray(error: BaseException, times: int) -> str:
    """Of a trial that Ray has given up after so many beginnings; what its trainer refuses does not come here."""
    cause = getattr(error, "cause", None) or error
    if isinstance(cause, RecorderError):
        return str(cause)
    said = str(error).strip()
    kinds = {kind.__name__ for kind in type(error).__mro__}
    missing = _MODULE.search(said)
    if missing and "failed to import on the worker" in said:
        return sentence("sweepWorkerImport", module=missing.group(1))
    if "OutOfMemoryError" in kinds or "running low on memory" in said:
        return sentence("sweepWorkerMemory", times=times)
    if kinds & {"RayActorError", "WorkerCrashedError", "NodeDiedError", "LocalRayletDiedError"}:
        return sentence("sweepWorkerLost", times=times)
    lines = said.splitlines()
    if cause is not error:
        # Of an error in the worker itself, as of a disk that is full: Ray's own words are a whole traceback.
        lines = f"{type(cause).__name__}: {cause}".splitlines()[:1]
    return _short(_of_python(lines) or (lines[-1].strip() if lines else type(error).__name__))


def _of_node(lines: List[str]) -> Optional[str]:
    """The first line of an error that nothing has caught."""
    end = next((i for i in reversed(range(len(lines))) if _NODE.match(lines[i])), None)
    if end is None:
        return None
    begin = next((i + 1 for i in reversed(range(end)) if _CARET.match(lines[i])), 0)
    first = next((line.strip() for line in lines[begin:end] if line.strip()), None)
    if first is None:
        return None
    rejection = _REJECTION.match(first)
    return rejection.group(1) if rejection else first[:-1].rstrip() if first.endswith(" {") else first


def _of_python(lines: List[str]) -> Optional[str]:
    """The line of the last traceback that names the exception, which may be followed by more of its message and by what was written afterwards."""
    for begin in reversed([i for i, line in enumerate(lines) if line == _TRACEBACK]):
        before = lines[begin - 1] if begin > 0 else ""
        if before.startswith(_ASIDE):
            continue
        # Frames and their source are indented.
        for line in lines[begin + 1 :]:
            if line and not line[0].isspace():
                return line.strip() if _EXCEPTION.match(line) else None
    return None


def _of_signal(lines: List[str], number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    if name == "SIGKILL":
        return sentence("sweepKilled")
    what = next((found.group(1) for found in map(_WHAT.match, reversed(lines)) if found), "")
    if what == "std::bad_alloc":
        return sentence("sweepMemory")
    return sentence("sweepSignal", signal=name) if what == "" else _short(sentence("sweepSignalWith", signal=name, reason=what))


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
