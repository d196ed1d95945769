"""Gradients kept as vectors of about unit length and the logarithms of their scales.

Over hundreds of steps a vanishing gradient passes 1e-300 and an exploding one 1e300; so kept, nothing underflows or overflows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

Array = np.ndarray


@dataclass
class Scaled:
    """Rows of vectors: row r is ``values[r] · exp(logs[r])``; a log of −inf is a row of zeros."""

    values: Array  # [R, N]
    logs: Array  # [R], natural logarithms

    @staticmethod
    def of(values: Array) -> Scaled:
        return Scaled(values, np.zeros(len(values))).normal()

    @staticmethod
    def zeros(rows: int, width: int) -> Scaled:
        return Scaled(np.zeros((rows, width)), np.full(rows, -np.inf))

    def normal(self) -> Scaled:
        """The same with vectors of unit length."""
        lengths = norms(self.values)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(lengths[:, None] > 0, self.values / lengths[:, None], 0.0)
            logs = np.where(lengths > 0, self.logs + np.log(lengths), -np.inf)
        # What is not finite stays so, and is seen.
        broken = ~np.isfinite(lengths)
        values[broken], logs[broken] = self.values[broken], lengths[broken]
        return Scaled(values, logs)

    def plus(self, other: Scaled) -> Scaled:
        scale = np.maximum(self.logs, other.logs)
        with np.errstate(invalid="ignore"):
            mine, others = (np.where(np.isneginf(part.logs), 0.0, np.exp(part.logs - scale)) for part in (self, other))
        return Scaled(self.values * mine[:, None] + other.values * others[:, None], scale)


def norms(values: Array) -> Array:
    """L2 norms of rows [R, N], right also where squares would overflow."""
    if values.shape[1] == 0:
        return np.zeros(len(values))
    largest = np.abs(values).max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = np.where(largest[:, None] > 0, values / largest[:, None], 0.0)
    result = largest * np.sqrt((unit**2).sum(axis=1))
    return np.where(np.isfinite(largest), result, largest)


def shared_scale(first: Scaled, second: Optional[Scaled]) -> Tuple[Array, Optional[Array], Array]:
    """The values of both on one scale, and its logarithms [R]."""
    if second is None:
        return first.values, None, first.logs
    scale = np.maximum(first.logs, second.logs)
    finite = np.where(np.isneginf(scale), 0.0, scale)
    mine, others = np.exp(first.logs - finite), np.exp(second.logs - finite)
    return first.values * mine[:, None], second.values * others[:, None], scale


def log_norms(values: Array, logs: Array) -> Array:
    """Natural logarithms of the norms of ``values[r] · exp(logs[r])``."""
    with np.errstate(divide="ignore"):
        return np.log(norms(values)) + np.where(np.isneginf(logs), -np.inf, logs)
