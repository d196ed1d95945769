"""A sweep's folder: sweep.json says what is tried, trials/NAME/ has a trial's run and what came of it.

A folder of a trial is known by its name alone and not by anything of Ray's: so a trial that is started again finds its run, and so does the same sweep when it
is called again.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from ..sentences import refuse
from .grid import Trial, require_possible, trials_of

FORMAT = "backflow-sweep"
VERSION = 1


@dataclass(frozen=True)
class Outcome:
    """Of a trial: ``state`` is "done", "stopped" (by ASHA, before its last step), "diverged", "failed" or "missing"."""

    trial: Trial
    state: str
    step: Optional[int] = None
    loss: Optional[float] = None
    validation_loss: Optional[float] = None
    horizon: Optional[float] = None
    within: Optional[int] = None  # tokens in which a horizon was looked for
    reason: Optional[str] = None
    objective: Optional[str] = None  # of Backflow's own models: what their losses are


def compared_loss(outcomes: Sequence[Outcome]) -> str:
    """By which attribute trials are compared: their validation loss, or where none has one their training loss; never some by the one and some by the other."""
    return "validation_loss" if any(one.validation_loss is not None for one in outcomes) else "loss"


class SweepFolder:
    def __init__(self, path: Path):
        self.path = path

    def begin(self, plan: Mapping[str, Any], content: Union[str, Path]) -> None:
        """Writes what is tried; raises RecorderError if the folder holds something else than the same sweep.

        ``content``: path of the text or the Python file. Trials of one that has changed since would stand beside those of what it was, as if they could be
        compared.
        """
        file, digest = self.path / "sweep.json", _digest_of(content)
        if file.exists():
            known = self.plan()
            if any(known.get(key) != value for key, value in plan.items()):
                raise refuse("sweepOther", folder=self.path)
            if known.get("sha256", digest) != digest:
                raise refuse("sweepChanged", file=content, folder=self.path)
            return
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise refuse("sweepOther", folder=self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        created = datetime.now(timezone.utc).isoformat(timespec="seconds")
        write_json(file, {"format": FORMAT, "version": VERSION, **plan, "sha256": digest, "created": created})

    def plan(self) -> Dict[str, Any]:
        file = self.path / "sweep.json"
        try:
            plan = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            plan = None
        if not isinstance(plan, dict) or plan.get("format") != FORMAT:
            raise refuse("sweepNone", folder=self.path)
        version = plan.get("version")
        if _is_count(version) and version > VERSION:
            raise refuse("newerRecording", file=file, version=version, known=VERSION)
        if version != VERSION or not _is_whole(plan):
            raise refuse("sweepNone", folder=self.path)
        require_possible(plan["grid"], plan["samples"])
        return plan

    def trials(self) -> List[Trial]:
        plan = self.plan()
        return trials_of(plan["grid"], plan["samples"])

    def of(self, trial: Trial) -> Path:
        return self.path / "trials" / trial.name

    def run_of(self, trial: Trial) -> Path:
        return self.of(trial) / "run"

    def finish(self, trial: Trial, outcome: Mapping[str, Any]) -> None:
        self.of(trial).mkdir(parents=True, exist_ok=True)
        write_json(self.of(trial) / "result.json", {**trial.described(), **outcome})

    def outcome(self, trial: Trial) -> Outcome:
        try:
            found = json.loads((self.of(trial) / "result.json").read_text(encoding="utf-8"))
            names = ("step", "loss", "horizon", "within", "reason", "objective")
            return Outcome(trial, found["state"], validation_loss=found.get("validationLoss"), **{name: found.get(name) for name in names})
        except (OSError, ValueError, KeyError, TypeError):
            return Outcome(trial, "missing")

    def outcomes(self) -> List[Outcome]:
        return [self.outcome(trial) for trial in self.trials()]


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_whole(plan: Mapping[str, Any]) -> bool:
    """Whether all is there that is read of it."""
    grid = plan.get("grid")
    return (
        isinstance(plan.get("corpus"), str)
        and all(_is_count(plan.get(key)) for key in ("samples", "steps"))
        and isinstance(grid, dict)
        and len(grid) > 0
        and all(isinstance(values, list) and values and all(isinstance(value, str) and value for value in values) for values in grid.values())
    )


def _digest_of(path: Union[str, Path]) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Beside its place, and renamed."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")
    os.replace(beside, path)
