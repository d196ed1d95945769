"""A flow as data for Backflow's renderer of notebooks. docs/notebooks.md has its form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import numpy as np

from .about import symbols_of
from .scalars import EXPLODING, VANISHING

if TYPE_CHECKING:
    from .flow_result import Flow

MIME = "application/vnd.backflow.flow+json"
FORMAT = "backflow-flow"
VERSION = 1
# A notebook keeps its outputs: of more series and numbers than this, about 2 MB, the rest stays in Python.
MAX_SERIES = 64
MAX_NUMBERS = 100_000
# Decimals of a logarithm: a horizon is where it was, and float32 has no more.
DECIMALS = 6


def data_of(flow: Flow) -> Dict[str, Any]:
    """Valid JSON, without NaN and infinities; of a long flow the last targets, and the steps nearest to the last of them."""
    series = flow.series[:MAX_SERIES]
    main = flow.targets[-1]
    steps = min(flow.steps, max(1, MAX_NUMBERS // (2 * max(1, len(series)))))
    # Steps after the target count where a series is read from the end.
    after = steps // 2 if any(one.direction == "backward" for one in series) else 0
    first = max(0, min(flow.steps - steps, main + 1 + after - steps))
    end = first + steps
    room = max(1, MAX_NUMBERS // (max(1, len(series)) * steps) - 1)
    rows = [row for row, target in enumerate(flow.targets) if first <= target < end][-room:]
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": flow.model,
        "step": flow.at_step,
        "steps": steps,
        "first": first,
        "tokens": _tokens(flow, first, end),
        "thresholds": {"vanishing": VANISHING, "exploding": EXPLODING},
        "targets": [flow.targets[row] for row in rows],
        "series": [
            {
                **one.described(),
                "norm": _sizes(flow.norms[one.name][first:end]),
                "total": _sizes(flow.totals[one.name][first:end]) if one.name in flow.totals else None,
                "flow": [_logarithms(flow.flows[one.name][row, first:end]) for row in rows],
            }
            for one in series
        ],
        "omitted": {"steps": flow.steps - steps, "targets": len(flow.targets) - len(rows), "series": len(flow.series) - len(series)},
    }


def symbols(flow: Flow) -> Optional[List[str]]:
    """The tokens as they are shown: a number where there is no symbol."""
    if flow.ids is None:
        return None
    known = [] if flow.vocabulary is None else symbols_of(flow.vocabulary)
    return [known[one] if 0 <= one < len(known) else str(one) for one in flow.ids]


def _tokens(flow: Flow, first: int, end: int) -> Optional[List[str]]:
    found = symbols(flow)
    # A lone surrogate, as half of a cut character, is not valid in a notebook's file.
    return None if found is None else [one.encode("utf-8", "replace").decode("utf-8") for one in found[first:end]]


def _logarithms(values: np.ndarray) -> List[Any]:
    return [_finite(value, round(value, DECIMALS)) for value in values.tolist()]


def _sizes(values: np.ndarray) -> List[Any]:
    return [_finite(value, float(f"{value:.7g}")) for value in values.tolist()]


def _finite(value: float, written: float) -> Any:
    if math.isfinite(value):
        return written
    return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
