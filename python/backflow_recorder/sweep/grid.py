"""A grid of settings, and the trials that it is made of."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import asdict, dataclass
from typing import Any, Container, Dict, List, Mapping, Optional, Sequence

from ..sentences import refuse

# Keys of a grid and the options of `backflow train` that they are. Values are the trainer's to judge.
OPTIONS = {
    "kind": "--cell",
    "hidden": "--hidden",
    "layers": "--layers",
    "embedding": "--embedding",
    "activation": "--activation",
    "norm": "--norm",
    "residual": "--residual",
    "init": "--init",
    "gain": "--init-scale",
    "forget-bias": "--forget-bias",
    "tokens": "--tokens",
    "window": "--window",
    "batch": "--batch",
    "truncate": "--truncate",
    "dropout": "--dropout",
    "optimizer": "--optimizer",
    "learning-rate": "--learning-rate",
    "weight-decay": "--weight-decay",
    "clip-norm": "--clip-norm",
    "clip-value": "--clip-value",
}
# The trainer's default draws by PyTorch's formula, which a scale has no part in. Of an orthogonal matrix the gain is the spectral radius.
INIT_OF_GAIN = "orthogonal"
# The editor shows no more, and a folder's name can be no longer.
MOST_TRIALS = 10_000
LONGEST_NAME = 255


@dataclass(frozen=True)
class Trial:
    """One training: the settings of a point of the grid, and a seed from 1."""

    name: str  # of its folder
    values: Mapping[str, str]
    seed: int

    def arguments(self) -> List[str]:
        """For `backflow train`."""
        values = dict(self.values)
        if "gain" in values:
            values.setdefault("init", INIT_OF_GAIN)
        return [*(word for key, value in values.items() for word in (OPTIONS[key], value)), "--seed", str(self.seed)]

    def settings(self) -> Dict[str, Any]:
        """For a function: numbers and truth values as such, the rest as words."""
        return {**{key: _value(word) for key, word in self.values.items()}, "seed": self.seed}

    def described(self) -> Dict[str, Any]:
        return asdict(self)


def _value(word: str) -> Any:
    if word in ("true", "false"):
        return word == "true"
    for read in (int, float):
        try:
            return read(word)
        except ValueError:
            pass
    return word


def parse_grid(words: Sequence[str], keys: Optional[Container[str]] = OPTIONS) -> Dict[str, List[str]]:
    """Of ``["kind=rnn,lstm", "gain=0.8,1"]`` the values by key.

    ``keys``: those that there are; None allows any name of Python's, but for the two that every trial has.
    """
    grid: Dict[str, List[str]] = {}
    for word in words:
        key, equals, rest = word.partition("=")
        # As a person writes them: "kind=rnn, lstm".
        values = [value.strip() for value in rest.split(",")]
        if not equals or not all(values):
            raise refuse("gridForm", word=word)
        if keys is not None and key not in keys:
            raise refuse("gridKey", name=key, keys=", ".join(OPTIONS))
        if keys is None and (not key.isidentifier() or key in ("seed", "steps")):
            raise refuse("gridName", name=key)
        if key in grid or len(set(values)) < len(values):
            raise refuse("gridTwice", word=word)
        grid[key] = values
    return grid


def require_possible(grid: Mapping[str, Sequence[str]], samples: int) -> None:
    """Raises RecorderError for more trials than can be shown, and where a trial's folder would have too long a name."""
    count = samples * math.prod(len(values) for values in grid.values())
    if count > MOST_TRIALS:
        raise refuse("sweepTooMany", count=count, most=MOST_TRIALS)
    longest = max(len(trial.name) for trial in trials_of(grid, samples))
    if longest > LONGEST_NAME:
        raise refuse("sweepLongName", count=longest, most=LONGEST_NAME)


def trials_of(grid: Mapping[str, Sequence[str]], samples: int) -> List[Trial]:
    """Every point of the grid with each seed; the seed turns slowest, so that the whole grid is there once before anything is repeated."""
    trials = []
    for seed in range(1, samples + 1):
        for point in itertools.product(*grid.values()):
            values = dict(zip(grid, point))
            label = "_".join(f"{key}={value}" for key, value in values.items())
            trials.append(Trial(re.sub(r"[^A-Za-z0-9.=_+-]+", "-", f"{len(trials) + 1:04d}_{label}_seed={seed}"), values, seed))
    return trials
