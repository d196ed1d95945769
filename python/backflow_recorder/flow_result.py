"""What ``flow`` gives: series by name, a summary for a terminal, data for Backflow's renderer in a notebook, a folder for the editor."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional

import numpy as np
import torch

from .about import symbols_of
from .analysis import Series
from .flow_html import html_of
from .folder import Folder
from .notebook import MIME, data_of
from .scalars import Scalars, horizon_of, relative, scalars_of
from .sentences import sentence
from .version import __version__


@dataclass
class Flow:
    """``flow[name]`` is log₁₀ ‖∂ℓ_τ/∂s_t‖, [targets, T]; −inf is exactly zero, NaN a step from which τ cannot be reached. Shown is the last of the targets."""

    model: str
    steps: int
    targets: List[int]
    ids: Optional[List[int]] = None
    vocabulary: Any = None
    labels: Optional[List[int]] = None
    series: List[Series] = field(default_factory=list)
    norms: Dict[str, np.ndarray] = field(default_factory=dict)  # ‖s_t‖, [T]
    flows: Dict[str, np.ndarray] = field(default_factory=dict)
    totals: Dict[str, np.ndarray] = field(default_factory=dict)  # ‖∂L/∂s_t‖, [T]; of a recording
    at_step: Optional[int] = None  # the update, of a recording

    def add(self, series: Series, norms: np.ndarray, flows: np.ndarray, total: Optional[np.ndarray] = None) -> None:
        at, targets = np.arange(self.steps)[None], np.asarray(self.targets)[:, None]
        behind = at < targets if series.direction == "backward" else at > targets
        # From there the target cannot be reached; elsewhere an exact zero is a number of its own.
        flows = np.where(behind & np.isneginf(flows), np.nan, flows)
        lags = None if series.direction == "backward" else relative(flows[-1], self.targets[-1])
        self.series.append(replace(series, horizon=None if lags is None else horizon_of(lags)))
        self.norms[series.name], self.flows[series.name] = np.ascontiguousarray(norms), flows
        if total is not None:
            self.totals[series.name] = np.ascontiguousarray(total)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.flows[name]

    def scalars(self, name: str, target: int = -1) -> Scalars:
        """Horizon, slope, vanished and exploded of one series for one of the targets, by its place among them."""
        return scalars_of([self.flows[name][target]], self.targets[target])

    def save(self, folder: str | os.PathLike[str], step: int = 1) -> None:
        """A recording of this one look, for the editor. The folder is new or empty."""
        modules = [{"name": name} for name in dict.fromkeys(one.module for one in self.series)]
        run = {
            "recorder": __version__,
            "model": {"class": self.model, "modules": modules, "embedding": None, "head": None},
            "vocabulary": None if self.vocabulary is None else symbols_of(self.vocabulary),
            "framework": {"torch": str(torch.__version__), "python": None, "device": "cpu", "compiled": False, "adapter": None},
            "side": "before-clipping",
            "every": 1,
            "script": None,
            "created": None,
        }
        target = self.targets[-1]
        tensors = {}
        if self.ids is not None:
            tensors[":ids"] = torch.tensor(self.ids, dtype=torch.int64)[:, None]
        if self.labels is not None:
            tensors[":targets"] = torch.tensor(self.labels, dtype=torch.int64)[:, None]
        for one in self.series:
            tensors[f"{one.name}:norm"] = torch.from_numpy(self.norms[one.name].copy())
            tensors[f"{one.name}:flow"] = torch.from_numpy(self.flows[one.name][-1].copy())
            if self.targets == list(range(self.steps)):
                tensors[f"{one.name}:matrix"] = torch.from_numpy(self.flows[one.name].copy())
        place = Folder(folder)
        place.begin(run)
        place.add_step(step, tensors, [one.described() for one in self.series], target, {})

    def data(self) -> Dict[str, Any]:
        """What a notebook's renderer is given: docs/notebooks.md. Valid JSON, about 2 MB at most: what is left out it counts."""
        return data_of(self)

    def html(self) -> str:
        """The curves and what they come to, for where Backflow's renderer is not; needs nothing from elsewhere."""
        return html_of(self)

    def title(self) -> str:
        facts = {"model": self.model, "steps": self.steps, "target": self.targets[-1]}
        return sentence("flowOf", **facts) if self.at_step is None else sentence("flowOfStep", at=self.at_step, **facts)

    def in_words(self, name: str) -> List[str]:
        """Horizon, slope, vanished and exploded of one series for the last target; empty where one is not defined."""
        found = self.scalars(name)
        if found.vanished is None or found.exploded is None:
            return [sentence(self._why_none(name)), "", "", ""]
        horizon = sentence("flowNoHorizon") if found.horizon is None else str(found.horizon)
        return [horizon, "" if found.slope is None else f"{found.slope:+.3g}".replace("-", "−"), f"{found.vanished:.0%}", f"{found.exploded:.0%}"]

    def _why_none(self, name: str) -> str:
        target = self.targets[-1]
        direction = next(one.direction for one in self.series if one.name == name)
        if target == 0 or direction == "backward":
            return "flowNothing"
        # Up to the target an exact zero is −inf, so that NaN is a number that is none.
        until = self.flows[name][-1][: target + 1]
        return "flowNotFinite" if np.isnan(until).any() or np.isposinf(until).any() else "flowZero"

    def __repr__(self) -> str:
        lines = [self.title()]
        heads = [sentence(key) for key in ("flowHorizonHead", "flowSlopeHead", "flowVanishedHead", "flowExplodedHead")]
        for one in self.series:
            said = [f"{head} {value}" for head, value in zip(heads, self.in_words(one.name)) if value]
            lines.append(f"  {one.name or self.model}: {', '.join(said)}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        return {MIME: self.data(), "text/html": self.html(), "text/plain": repr(self)}
