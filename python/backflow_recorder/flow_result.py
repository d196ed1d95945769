"""What ``flow`` gives: series by name, a summary for a terminal, data for Backflow's renderer in a notebook, a folder for the editor."""

from __future__ import annotations

import html
import math
import os
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional

import numpy as np
import torch

from .about import symbols_of
from .analysis import Series
from .folder import Folder
from .scalars import Scalars, horizon_of, relative, scalars_of
from .version import __version__

MIME = "application/vnd.backflow.flow+json"


@dataclass
class Flow:
    """``flow[name]`` is log₁₀ ‖∂ℓ_τ/∂s_t‖, [targets, T]; −inf is exactly zero, NaN a step from which τ cannot be reached."""

    model: str
    steps: int
    targets: List[int]
    ids: Optional[List[int]] = None
    vocabulary: Any = None
    labels: Optional[List[int]] = None
    series: List[Series] = field(default_factory=list)
    norms: Dict[str, np.ndarray] = field(default_factory=dict)  # ‖s_t‖, [T]
    flows: Dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, series: Series, norms: np.ndarray, flows: np.ndarray) -> None:
        at, targets = np.arange(self.steps)[None], np.asarray(self.targets)[:, None]
        behind = at < targets if series.direction == "backward" else at > targets
        # From there the target cannot be reached; elsewhere an exact zero is a number of its own.
        flows = np.where(behind & np.isneginf(flows), np.nan, flows)
        lags = None if series.direction == "backward" else relative(flows[-1], self.targets[-1])
        self.series.append(replace(series, horizon=None if lags is None else horizon_of(lags)))
        self.norms[series.name], self.flows[series.name] = np.ascontiguousarray(norms), flows

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
        """What a renderer needs; numbers that are not finite by their names, as in a recording."""
        series = [{**one.described(), "norm": _listed(self.norms[one.name]), "flow": [_listed(row) for row in self.flows[one.name]]} for one in self.series]
        tokens = None
        if self.ids is not None:
            symbols = [] if self.vocabulary is None else symbols_of(self.vocabulary)
            tokens = [symbols[one] if one < len(symbols) else str(one) for one in self.ids]
        return {"format": "backflow-flow", "version": 1, "model": self.model, "steps": self.steps, "targets": self.targets, "tokens": tokens, "series": series}

    def __repr__(self) -> str:
        lines = [f"Gradient flow of {self.model}: {self.steps} steps, target {self.targets[-1]}"]
        for one in self.series:
            lines.append(f"  {one.name or self.model}: {_said(self.scalars(one.name))}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        return {MIME: self.data(), "text/html": self.html(), "text/plain": repr(self)}

    def html(self) -> str:
        """The curves over lags, for where Backflow's renderer is not."""
        target, width, height = self.targets[-1], 640, 180
        rows = [(one, relative(self.flows[one.name][-1], target)) for one in self.series if one.direction != "backward"]
        shown = [(one, row) for one, row in rows if row is not None and target > 0]
        floor = min([-3.0, *(float(row[np.isfinite(row)].min()) for _, row in shown)])
        top = max([0.5, *(float(row[np.isfinite(row)].max()) for _, row in shown)])
        lines = []
        for i, (one, row) in enumerate(shown):
            points = " ".join(f"{width - k * width / target:.1f},{(top - v) / (top - floor) * height:.1f}" for k, v in enumerate(row) if math.isfinite(v))
            color = f"hsl({(210 + 67 * i) % 360} 60% 50%)"
            lines.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"><title>{html.escape(one.name)}</title></polyline>')
        limit = (top + 3.0) / (top - floor) * height
        return (
            f'<figure><svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{html.escape(repr(self))}">'
            f'<line x1="0" x2="{width}" y1="{limit:.1f}" y2="{limit:.1f}" stroke="currentColor" stroke-dasharray="4 4" opacity="0.5"/>'
            f"{''.join(lines)}</svg><figcaption><pre>{html.escape(repr(self))}</pre></figcaption></figure>"
        )


def _said(scalars: Scalars) -> str:
    if scalars.slope is None and scalars.vanished is None:
        return "nothing before the target"
    horizon = "horizon beyond the text" if scalars.horizon is None else f"horizon {scalars.horizon}"
    slope = "" if scalars.slope is None else f", slope {scalars.slope:+.3g} (log10 a step)"
    return f"{horizon}{slope}, vanished {scalars.vanished:.0%}, exploded {scalars.exploded:.0%}"


def _listed(values: np.ndarray) -> List[Any]:
    return [value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity" for value in values.tolist()]
