"""Backflow's trainer as a child process: a trial's run, begun or resumed, and the horizon of what it learned."""

from __future__ import annotations

import itertools
import json
import math
import shutil
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

import numpy as np

from ..scalars import horizon_of, relative
from ..sentences import refuse, sentence
from .child import TrialFailed, reason_in, running, wait_for_earlier
from .grid import Trial
from .reasons import reason_of

# The objective of models that read sequences of numbers.
NUMBERS = "squaredError"
# How many of the text's first characters a horizon is looked for in.
PROBED = 257
# Of a text of numbers: of how many of its first sequences, each of which has one target.
PROBED_SEQUENCES = 5
REPORTS = 20


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


@dataclass(frozen=True)
class CorpusTrainer:
    """Of Backflow's own models on a text."""

    backflow: Backflow
    corpus: str
    probe: str  # path of the text in which horizons are looked for

    def train(self, trial: Trial, folder: Path, steps: int, report: Callable[[int, float], None]) -> Dict[str, Any]:
        result = train(self.backflow, self.corpus, trial, folder, steps, report)
        if result["state"] == "done":
            result.update(self.horizon(folder / "run"))
        return {**result, "objective": objective_of(folder / "run")}

    def known(self, folder: Path) -> Dict[str, Any]:
        """Of a trial that was ended: what its newest checkpoint knows."""
        step = checkpoint_of(folder / "run")
        if step is None:
            return {}
        run = folder / "run"
        return {"step": step, **last_metrics(run), **self.horizon(run), "objective": objective_of(run)}

    def horizon(self, run: Path) -> Dict[str, Any]:
        if objective_of(run) == NUMBERS:
            return horizon_of_numbers(self.backflow, run, self.corpus)
        return horizon(self.backflow, run, Path(self.probe))


def objective_of(run: Path) -> Optional[str]:
    """What the run's loss is, as its file says; None where there is none."""
    try:
        return json.loads((run / "run.json").read_text(encoding="utf-8"))["model"].get("objective")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


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
        try:
            child = subprocess.Popen(
                [backflow.node, backflow.cli, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8"
            )
        except OSError:
            # On another machine of a cluster.
            raise TrialFailed(sentence("noNode", node=backflow.node)) from None
        with running(child, folder):
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
                raise TrialFailed(reason_in(errors, child.returncode))
            if result.get("step", 0) < steps:
                # No result yet: begun again, it goes on from the checkpoint that it has saved.
                raise refuse("sweepEnded", step=result.get("step", 0), steps=steps)
            return result


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
    return median_horizon(_inspected(backflow, run, str(probe), "--matrix")["inputMatrix"])


def horizon_of_numbers(backflow: Backflow, run: Path, corpus: str) -> Dict[str, Any]:
    """The same of sequences of numbers, which have one target each: the median over the first ones. None where it is beyond the beginning of the sequences."""
    found: List[float] = []
    within: List[int] = []
    for line in first_sequences(corpus):
        flow = _inspected(backflow, run, corpus, "--line", str(line))["inputs"][0]["flow"]
        lag = _lag(flow["log10"], flow["target"])
        if lag is not None and flow["target"] > 0:
            found.append(lag)
            within.append(flow["target"])
    if not found:
        return {}
    median = statistics.median(found)
    return {"horizon": median if math.isfinite(median) else None, "within": min(within)}


def first_sequences(corpus: str) -> List[int]:
    """Numbers of the first lines, from 1, that are neither blank nor a comment."""
    with open(corpus, encoding="utf-8-sig", newline="\n") as file:
        lines = (number for number, line in enumerate(file, 1) if line.strip() and not line.lstrip().startswith("#"))
        return list(itertools.islice(lines, PROBED_SEQUENCES))


def _inspected(backflow: Backflow, run: Path, text: str, *options: str) -> Dict[str, Any]:
    words = [backflow.node, backflow.cli, "inspect", str(run), "--text", text, *options, "--json"]
    process = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    if process.returncode != 0:
        raise TrialFailed(reason_of(process.stderr, process.returncode))
    found: Dict[str, Any] = json.loads(process.stdout)
    return found


def _lag(logs: Sequence[Optional[float]], target: int) -> Optional[float]:
    """The horizon of one target, infinite where there is none; None where nothing can be said. ``logs``: log10 norms, null where exactly zero."""
    r = relative(np.array([-math.inf if value is None else value for value in logs]), target)
    if r is None:
        return None
    lag = horizon_of(r)
    return math.inf if lag is None else float(lag)


def median_horizon(matrix: Sequence[Sequence[Optional[float]]]) -> Mapping[str, Any]:
    """Of log10 norms [T targets, T steps], null where exactly zero."""
    steps = len(matrix)
    found = [lag for lag in (_lag(matrix[target], target) for target in range(steps // 2, steps)) if lag is not None]
    median = statistics.median(found) if found else math.inf
    return {"horizon": median if math.isfinite(median) else None, "within": steps // 2}
