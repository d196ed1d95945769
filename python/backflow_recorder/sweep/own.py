"""A training function of the user's own as a child process: a trial's recording, and what it says of loss and horizon."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ..sentences import RecorderError, refuse, sentence
from .child import TrialFailed, reason_in, running, wait_for_earlier
from .grid import Trial

FUNCTION = "train"
REPORTS = 20
# Recorded steps, the newest, of which a horizon is the median: each is of one batch's first sequence.
HORIZONS = 5
# Seconds between two looks at what the recorder has written.
PACE = 0.2


@dataclass(frozen=True)
class OwnTrainer:
    """``function(settings, folder)`` of a Python file; it makes a Recorder in the folder."""

    file: str
    function: str
    place: str  # the folder that the sweep is called in, which relative paths in the file are of; a worker of Ray has one of its own

    @staticmethod
    def is_meant(word: str) -> bool:
        """Whether a function is named, and not a text."""
        return ".py:" in word or word.endswith(".py")

    @staticmethod
    def of(word: str) -> Optional[OwnTrainer]:
        """Of FILE.py or FILE.py:FUNCTION; None of anything else. Raises RecorderError where there is no such file."""
        if not OwnTrainer.is_meant(word):
            return None
        path, _, function = word.partition(".py:") if ".py:" in word else (word[: -len(".py")], "", FUNCTION)
        file = Path(f"{path}.py")
        if not file.is_file() or not function.isidentifier():
            raise refuse("sweepFunction", word=word)
        return OwnTrainer(str(file.resolve()), function, os.getcwd())

    def train(self, trial: Trial, folder: Path, steps: int, report: Callable[[int, float], None]) -> Dict[str, Any]:
        """Calls the function, from its beginning: what it saves besides is not known here. Raises TrialFailed with what it has written last of an error."""
        folder.mkdir(parents=True, exist_ok=True)
        wait_for_earlier(folder)
        shutil.rmtree(folder / "run", ignore_errors=True)
        words = [sys.executable, "-m", "backflow_recorder.sweep.call", self.file, self.function, str(folder / "run")]
        with open(folder / "errors.txt", "w+b") as errors, open(folder / "output.txt", "wb") as output:
            child = subprocess.Popen(words, cwd=self.place, stdin=subprocess.PIPE, stdout=output, stderr=errors, env=_environment())
            with running(child, folder):
                # Closed at the end only: where this process is killed, the child sees that. Why one has ended before it reads them, its status tells.
                with contextlib.suppress(BrokenPipeError):
                    child.stdin.write(json.dumps({**trial.settings(), "steps": steps}).encode() + b"\n")
                    child.stdin.flush()
                result = _followed(child, folder / "run", steps, report)
                if result["state"] == "done" and child.returncode != 0:
                    raise TrialFailed(reason_in(errors, child.returncode))
        if result["step"] is None:
            raise TrialFailed(sentence("sweepNothingRecorded", function=self.function, file=Path(self.file).name))
        return {**result, **horizon(folder / "run")}

    def known(self, folder: Path) -> Dict[str, Any]:
        """Of a trial that was ended: what it has recorded."""
        step, loss = _last(folder / "run")
        return {} if step is None else {"step": step, "loss": loss, "validationLoss": None, **horizon(folder / "run")}


def _environment() -> Dict[str, str]:
    """With this package where it was found: Ray tells a worker of a cluster by other ways than the environment, which the child would not have."""
    package = str(Path(__file__).resolve().parents[2])
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": package if not others else os.pathsep.join([package, others])}


def _followed(child: subprocess.Popen, run: Path, steps: int, report: Callable[[int, float], None]) -> Dict[str, Any]:
    result: Dict[str, Any] = {"state": "done", "step": None, "loss": None, "validationLoss": None}
    every, reported = max(1, steps // REPORTS), 0
    at = 0
    while True:
        is_over = child.poll() is not None
        lines, at = _lines_from(run / "metrics.jsonl", at)
        for step, loss in lines:
            result.update(step=step, loss=loss)
            if loss is not None and not math.isfinite(loss):
                return {**result, "loss": None, "state": "diverged"}
            # Not of the last step: ASHA ends a trial that has reached it, before its result is written.
            if loss is not None and reported + every <= step < steps:
                reported = step
                report(step, loss)
        if is_over:
            return result
        time.sleep(PACE)


def _lines_from(file: Path, at: int) -> Tuple[List[Tuple[int, Optional[float]]], int]:
    """Step and loss of the whole lines from a byte on, and where the next begins."""
    try:
        with open(file, "rb") as metrics:
            metrics.seek(at)
            content = metrics.read()
    except OSError:
        return [], at
    whole = content[: content.rfind(b"\n") + 1]
    return list(_read(whole)), at + len(whole)


def _read(lines: bytes) -> Iterator[Tuple[int, Optional[float]]]:
    for line in lines.splitlines():
        written = json.loads(line)
        loss = written.get("loss")
        # Numbers that are not finite are written as words.
        yield int(written["step"]), None if loss is None else float(loss)


def _last(run: Path) -> Tuple[Optional[int], Optional[float]]:
    lines, _ = _lines_from(run / "metrics.jsonl", 0)
    finite = [(step, loss) for step, loss in lines if loss is None or math.isfinite(loss)]
    return finite[-1] if finite else (None, None)


def horizon(run: Path) -> Dict[str, Any]:
    """The median over the newest recorded steps, of the states that carry farthest; None where it is beyond the beginning. Empty without a recorded step."""
    from ..opened import open_recording
    from ..scalars import scalars_of

    found: List[float] = []
    within: List[int] = []
    try:
        recording = open_recording(run)
        for step in recording.steps[-HORIZONS:]:
            flow = recording.flow(step)
            target = flow.targets[-1]
            scalars = scalars_of([rows[-1] for rows in flow.flows.values()], target)
            if scalars.slope is None:
                continue
            found.append(math.inf if scalars.horizon is None else scalars.horizon)
            within.append(target)
    except RecorderError:
        # A step that was never a language model's has no flow.
        pass
    if not found:
        return {}
    median = statistics.median(found)
    return {"horizon": median if math.isfinite(median) else None, "within": min(within)}
