"""Scalars to where people already look: SummaryWriter-like objects, and functions such as wandb.log that take a dict."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Mapping, Sequence

from .sentences import refuse

PREFIX = "backflow/"


def senders(targets: Sequence[Any]) -> List[Callable[[Dict[str, float], int], None]]:
    return [_sender(target) for target in targets]


def _sender(target: Any) -> Callable[[Dict[str, float], int], None]:
    add_scalar = getattr(target, "add_scalar", None)
    if callable(add_scalar):

        def send(values: Dict[str, float], step: int) -> None:
            for name, value in values.items():
                add_scalar(name, value, step)

        return send
    log = target if callable(target) else getattr(target, "log", None)
    if not callable(log):
        raise refuse("scalarTarget", value=repr(target))
    return lambda values, step: log({**values, f"{PREFIX}step": step})


def scalars_out(line: Mapping[str, Any]) -> Dict[str, float]:
    """Of a line of metrics.jsonl. TensorBoard keeps float32, which ends at 1e-38: norms go out as log10. What is not defined or not finite is left out."""
    result = {}
    for name in ("horizon", "slope", "vanished", "exploded"):
        if isinstance(line.get(name), (int, float)):
            result[name] = float(line[name])
    before, after = line.get("gradientNorm"), line.get("clippedNorm")
    for name, value in (("log10_gradient_norm", before), ("log10_clipped_norm", after)):
        if isinstance(value, float) and value > 0:
            result[name] = math.log10(value)
    if isinstance(before, float) and isinstance(after, float) and before > 0:
        result["clip_factor"] = after / before
    return {PREFIX + name: value for name, value in result.items() if math.isfinite(value)}
