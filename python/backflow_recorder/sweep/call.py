"""Calls a training function, in the process of its trial: FILE FUNCTION FOLDER, and its settings as a line of JSON on standard input."""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List

from ..sentences import sentence


def main(arguments: List[str]) -> int:
    file, name, folder = arguments
    settings: Dict[str, Any] = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # As Python does for a script.
    sys.path.insert(0, str(Path(file).parent))
    function = runpy.run_path(file, run_name=Path(file).stem).get(name)
    if not callable(function):
        print(sentence("sweepNoFunction", function=name, file=Path(file).name), file=sys.stderr)
        return 2
    function(settings, folder)
    return 0


def _end(number: int, frame: Any) -> None:
    """As by an error, so that the recorder writes what it holds; once."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """The parent keeps standard input open as long as it lives."""
    # Not by sys.stdin: the interpreter's end would wait for its lock.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
