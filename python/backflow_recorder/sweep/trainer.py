"""Backflow's trainer as a child process: a trial's run, begun or resumed, and the horizon of what it learned."""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

import numpy as np

from ..scalars import horizon_of, relative
from ..sentences import refuse
from .folder import write_json
from .grid import Trial

# How many of the text's first characters a horizon is looked for in.
PROBED = 257
REPORTS = 20
PATIENCE = 120.0


class TrialFailed(Exception):
    """With what the trainer said of it."""


@dataclass(frozen=True)
class Backflow:
    """Where Node.js and the command line are."""

    node: str
    cli: str

    @staticmethod
    def found(node: Optional[str], cli: Optional[str]) -> Backflow:
        program = shutil.which(node or "node")
        if program is None:
            raise refuse("noNode", node=node or "node")
        places = [Path(cli)] if cli else [Path("dist/cli.js"), Path(__file__).resolve().parents[3] / "dist" / "cli.js"]
        for place in places:
            if place.is_file():
                return Backflow(program, str(place.resolve()))
        raise refuse("noCli", cli=places[0])


def checkpoint_of(run: Path) -> Optional[int]:
    """The step of a run's newest checkpoint; None where there is none."""
    steps = [path.stem[5:] for path in run.glob("checkpoints/step-*.safetensors")]
    return max((int(step) for step in steps if step.isdigit()), default=None)


def train(backflow: Backflow, corpus: str, trial: Trial, folder: Path, steps: int, report: Callable[[int, float], None]) -> Dict[str, Any]:
    """Trains to the last step, from the newest checkpoint where there is one. Gives what is written as the trial's result.

    ``report(step, loss)`` is called some twenty times; a loss that is not finite ends the trial as "diverged".
    """
    run = folder / "run"
    folder.mkdir(parents=True, exist_ok=True)
    wait_for_earlier(folder)
    done = checkpoint_of(run)
    if done is None:
        # Of a trainer that was killed before its first checkpoint.
        shutil.rmtree(run, ignore_errors=True)
    result: Dict[str, Any] = {"state": "done", "step": done, "loss": None, "validationLoss": None}
    every = max(1, steps // REPORTS)
    if done is None or done < steps:
        if done is None:
            # A checkpoint for each report: what ASHA ends, and a worker that is lost, leave the newest.
            words = ["train", corpus, "--out", str(run), "--threads", "1", "--checkpoint-every", str(every), *trial.arguments()]
        else:
            words = ["train", "--resume", str(run)]
        result.update(_followed(backflow, [*words, "--steps", str(steps), "--json"], folder, steps, every, report))
    else:
        result.update(last_metrics(run))
    return result


def _followed(backflow: Backflow, words: Sequence[str], folder: Path, steps: int, every: int, report: Callable[[int, float], None]) -> Dict[str, Any]:
    # A plain child: where this process is killed Ray ends it too, or it finds its output closed, saves a checkpoint and ends.
    with open(folder / "errors.txt", "w+b") as errors:
        child = subprocess.Popen(
            [backflow.node, backflow.cli, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
        )
        try:
            write_json(folder / "process.json", {"host": os.uname().nodename if hasattr(os, "uname") else "", "pid": child.pid})
            result: Dict[str, Any] = {}
            for line in child.stdout:
                event = json.loads(line)
                if event.get("event") == "step":
                    loss = event.get("loss")
                    result = {"step": event["step"], "loss": loss}
                    if loss is None:
                        return {**result, "state": "diverged"}
                    # Not of the last step: ASHA ends a trial that has reached it, before its result is written.
                    if event["step"] % every == 0 and event["step"] < steps:
                        report(event["step"], float(loss))
                elif event.get("event") == "done":
                    loss = event.get("loss")
                    result.update(loss=result.get("loss") if loss is None else loss, validationLoss=event.get("validationLoss"))
            if child.wait() != 0:
                errors.seek(0)
                said = errors.read().decode("utf-8", "replace").strip().splitlines()
                raise TrialFailed(said[-1] if said else f"exit status {child.returncode}")
            return result
        finally:
            child.stdin.close()
            child.stdout.close()
            if child.poll() is None:
                child.terminate()
                try:
                    child.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
            (folder / "process.json").unlink()


def last_metrics(run: Path) -> Dict[str, Any]:
    """The last loss and validation loss that a run has written; None where there is none."""
    last: Dict[str, Any] = {"loss": None, "validationLoss": None}
    try:
        content = (run / "metrics.jsonl").read_bytes()
    except OSError:
        return last
    for line in content.splitlines():
        try:
            written = json.loads(line)
        except ValueError:
            # Torn where a trainer was killed.
            continue
        # A number that is not finite is null; a whole one has no point.
        last.update({key: float(written[key]) for key in last if isinstance(written.get(key), (int, float))})
    return last


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


def probe_of(corpus: str) -> str:
    """The first characters of the text, of which the last is only predicted. Raises RecorderError for what is no text of two."""
    try:
        with open(corpus, encoding="utf-8", newline="") as file:
            text = file.read(PROBED)
    except (OSError, UnicodeDecodeError):
        raise refuse("sweepCorpus", corpus=corpus) from None
    if len(text) < 2:
        raise refuse("sweepCorpus", corpus=corpus)
    return text


def horizon(backflow: Backflow, run: Path, probe: Path) -> Dict[str, Any]:
    """Of the input gradient, which all kinds have: the median over the targets of the probe's second half. None where it is beyond the beginning."""
    words = [backflow.node, backflow.cli, "inspect", str(run), "--text", str(probe), "--matrix", "--json"]
    ended = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    if ended.returncode != 0:
        raise TrialFailed((ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"])[-1])
    return median_horizon(json.loads(ended.stdout)["inputMatrix"])


def median_horizon(matrix: Sequence[Sequence[Optional[float]]]) -> Mapping[str, Any]:
    """Of log10 norms [T targets, T steps], null where exactly zero."""
    steps = len(matrix)
    found: List[float] = []
    for target in range(steps // 2, steps):
        r = relative(np.array([-math.inf if value is None else value for value in matrix[target]]), target)
        if r is not None:
            lag = horizon_of(r)
            found.append(math.inf if lag is None else float(lag))
    median = statistics.median(found) if found else math.inf
    return {"horizon": median if math.isfinite(median) else None, "within": steps // 2}
