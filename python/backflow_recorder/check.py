"""Whether what was seen of a module explains the gradient that PyTorch gave its recurrent matrix. Compared once, at the first recorded step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional

import numpy as np
from torch import Tensor

from .analysis import Snapshot, recurrent_gradient
from .arrays import float64
from .capture import Chain
from .sentences import Warner

# Of the gradient's size; in half precision as many roundings as a short text has steps.
TOLERATED = 1e-3
ROUNDINGS = 64.0


@dataclass
class Check:
    snapshot: Snapshot
    chains: List[Chain]
    parameter: str
    gradient: Tensor  # a copy
    scale: Optional[Tensor]  # by what it is multiplied


def compare(check: Check, clipped: Optional[Mapping[str, float]], warn: Warner) -> None:
    """``clipped``: by parameter, what clipping has left of its norm; None where it may have left anything."""
    own = recurrent_gradient(check.snapshot, check.chains)
    if own is None or not own.any():
        return
    given = float64(check.gradient) / (1.0 if check.scale is None else float(check.scale))
    own = own * (clipped or {}).get(check.parameter, 1.0)
    ratio = float((given * own).sum() / (own * own).sum())
    rest = float(np.linalg.norm(given - ratio * own) / max(float(np.linalg.norm(given)), 1e-300))
    tolerated = max(TOLERATED, ROUNDINGS * max(call.rounding for chain in check.chains for call in chain))
    is_of_size = 0 < ratio <= 1 + tolerated if clipped is None else abs(ratio - 1) <= tolerated
    if not (is_of_size and rest <= tolerated):
        warn("otherGradient", module=check.parameter, parameter=check.parameter, ratio=ratio)
