"""Horizon, slope and what has vanished or exploded, of a flow: Backflow's definitions (docs/quantities.md).

With r_t = log10(‖∂ℓ_τ/∂s_t‖ / ‖∂ℓ_τ/∂s_τ‖): vanished where r_t ≤ −3, exploded where r_t ≥ 2; the horizon is the smallest lag at which r < −3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np

VANISHING = -3.0
EXPLODING = 2.0


@dataclass(frozen=True)
class Scalars:
    """None where a scalar is not defined: no step before the target, or for the horizon no lag that far down."""

    horizon: Optional[int] = None
    slope: Optional[float] = None  # log10 a step
    vanished: Optional[float] = None  # fractions of the steps before the target
    exploded: Optional[float] = None


def relative(flow: np.ndarray, target: int) -> Optional[np.ndarray]:
    """r by lag, [target + 1], of log10 norms flow [T]; None where there is nothing at the target's own step, or a number is not finite."""
    logs = np.asarray(flow, float)[target::-1]
    if not np.isfinite(logs[0]) or np.isnan(logs).any() or np.isposinf(logs).any():
        return None
    return logs - logs[0]


def horizon_of(r: np.ndarray) -> Optional[int]:
    below = np.flatnonzero(r < VANISHING)
    return int(below[0]) if len(below) else None


def scalars_of(flows: Sequence[np.ndarray], target: int) -> Scalars:
    """Of several layers and states the largest r counts at each step: what is lost has to be lost on every path."""
    rows = [r for r in (relative(flow, target) for flow in flows) if r is not None]
    if not rows or target == 0:
        return Scalars()
    r = np.max(rows, axis=0)
    before = r[1:]
    reached = np.flatnonzero(np.isneginf(before))
    lags = int(reached[0]) if len(reached) else len(before)
    return Scalars(
        horizon=horizon_of(r),
        slope=float(r[lags] / lags) if lags > 0 else None,
        vanished=float((before <= VANISHING).mean()),
        exploded=float((before >= EXPLODING).mean()),
    )
