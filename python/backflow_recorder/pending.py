"""A step that is recorded and not yet written: what was read of it, and the line of metrics that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional

from torch import Tensor

from .norms import Norms, together
from .stepwork import StepContent


@dataclass
class Pending:
    """A step between the reading of its gradients and its update."""

    step: int
    loss: Any
    scale: Optional[Tensor]
    micro_batches: int
    before: Optional[Norms] = None
    after: Optional[Norms] = None
    gradient_norm: Any = None  # where the framework says it
    content: Optional[StepContent] = None
    dropped: int = 0
    is_read_after: bool = False  # clipping


def line_of(pending: Pending) -> Dict[str, Any]:
    """What metrics.jsonl says of the step."""
    before = None if pending.before is None else pending.before.numbers()
    after = None if pending.after is None else pending.after.numbers()
    norm = together(before) if before is not None else _number(pending.gradient_norm)
    line: Dict[str, Any] = {
        "step": pending.step,
        "loss": _number(pending.loss),
        "gradientNorm": norm,
        "clippedNorm": None if after is None else together(after),
        "scale": _number(pending.scale),
        "microBatches": pending.micro_batches,
        "parameterNorms": before if before is not None else after or {},
    }
    if pending.dropped:
        line["dropped"] = pending.dropped
    return line


def kept_by_clipping(pending: Pending) -> Optional[Dict[str, float]]:
    """By parameter, where the gradients were read after clipping; None where their norms before it were not."""
    if pending.content is None or pending.after is None or not pending.is_read_after:
        return {}
    if pending.before is None:
        return None
    before, after = pending.before.numbers(), pending.after.numbers()
    return {name: after[name] / norm for name, norm in before.items() if norm > 0 and name in after}


def copied(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _number(value: Any) -> Optional[float]:
    if isinstance(value, Tensor):
        return float(value) if value.numel() == 1 else None
    return float(value) if isinstance(value, (int, float)) else None
