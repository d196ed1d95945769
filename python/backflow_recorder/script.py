"""Running a script, or a module with -m, as Python itself runs it, with the recorder's hooks set before its first line."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import traceback
import types
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Callable, List, Optional

from .automatic import Automatic
from .recording import Options
from .sentences import RecorderError, refuse, sentence, tell


@dataclass
class Command:
    target: str
    arguments: List[str]
    is_module: bool = False
    out: Optional[str] = None
    every: int = 100
    streams: int = 1
    matrix: bool = False
    spec: Any = None

    @property
    def folder(self) -> Path:
        name = self.target if self.is_module else Path(self.target).stem
        return Path(self.out) if self.out else Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def parse(arguments: List[str]) -> Optional[Command]:
    """Options before the script are the recorder's, those behind it the script's. None for --help."""
    options: Any = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in ("-h", "--help"):
            return None
        if word == "--matrix":
            options["matrix"] = True
        elif name in ("--out", "--every", "--streams"):
            value = value if equals else (rest.pop(0) if rest else "")
            is_number = name != "--out"
            if not value or (is_number and not (value.isdigit() and int(value) > 0)):
                raise refuse("option", option=name)
            options[name[2:]] = int(value) if is_number else value
        elif word == "-m" and rest:
            return Command(rest[0], rest[1:], is_module=True, **options)
        elif word.startswith("-"):
            raise refuse("option", option=word)
        else:
            return Command(word, rest, **options)
    raise refuse("usage")


def main(arguments: List[str]) -> int:
    try:
        command = parse(arguments)
        if command is None:
            print(sentence("usage"))
            return 0
        code, path = _compiled(command)
        automatic = Automatic(
            Options(command.folder, every=command.every, streams=command.streams, matrix=command.matrix, side="after-clipping", script=Path(path).name)
        )
    except RecorderError as error:
        tell(str(error))
        return 2
    return _run(command, code, path, automatic)


def _compiled(command: Command) -> tuple[types.CodeType, str]:
    if not command.is_module:
        try:
            return compile(Path(command.target).read_bytes(), command.target, "exec"), command.target
        except OSError:
            raise refuse("noScript", script=command.target) from None
        except SyntaxError as error:
            # As Python itself says it.
            traceback.print_exception(type(error), error, None)
            sys.exit(1)
    sys.path.insert(0, os.getcwd())
    for name in (command.target, f"{command.target}.__main__"):
        try:
            spec = importlib.util.find_spec(name)
        except ImportError:
            spec = None
        code = getattr(spec.loader, "get_code", lambda name: None)(spec.name) if spec is not None and spec.origin not in (None, "namespace") else None
        if code is not None and not spec.submodule_search_locations:
            command.spec = spec
            return code, spec.origin
    raise refuse("noScript", script=command.target)


def _run(command: Command, code: types.CodeType, path: str, automatic: Automatic) -> int:
    # A module of its own in sys.modules, which stays: what the script pickles, or does at the interpreter's end, finds it.
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = __builtins__
    spec = command.spec
    if spec is not None:
        module.__spec__, module.__package__ = spec, spec.parent
    else:
        sys.path[0] = str(Path(path).resolve().parent)
    sys.modules["__main__"] = module
    sys.argv = [path, *command.arguments]
    status = 0
    automatic.open()
    leave = _write_before_leaving(automatic)
    try:
        exec(code, module.__dict__)
    except SystemExit as error:
        status = _status(error)
    except BaseException as error:
        # The script's own trace, without the recorder's frame. Python shows the one that the exception carries.
        error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
        sys.excepthook(type(error), error, error.__traceback__)
        status = 130 if isinstance(error, KeyboardInterrupt) else 1
        tell(sentence("scriptFailed", error=type(error).__name__))
    finally:
        os._exit = leave
        _end(automatic)
    return status


def _write_before_leaving(automatic: Automatic) -> Callable[[int], None]:
    """``os._exit`` ends a process without a word to anybody: what was recorded is written before. Gives the function as it was."""
    leave = os._exit
    process = os.getpid()

    @functools.wraps(leave)
    def written(status: int) -> None:
        # A child process has the parent's hooks, and no part in its recording.
        if os.getpid() == process:
            _end(automatic)
        leave(status)

    os._exit = written
    return leave


def _status(error: SystemExit) -> int:
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    print(error.code, file=sys.stderr)
    return 1


def _end(automatic: Automatic) -> None:
    recording = automatic.recording
    was_over = recording.is_over
    automatic.close()
    if recording.step > 0:
        tell(sentence("recorded", steps=recording.step, files=recording.files, folder=recording.folder.path))
    elif not was_over:
        tell(sentence("noRecurrent" if automatic.updates else "noStep"))
