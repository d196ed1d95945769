"""Gradient norms of a step, left on their device until they are written."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .arrays import doubled
from .scaling import Divisor


def _dense(gradient: Tensor) -> Tensor:
    gradient = gradient.detach()
    if gradient.is_sparse:
        gradient = gradient.coalesce().values()
    if hasattr(gradient, "to_local"):
        gradient = gradient.to_local()
    # Squares of half precision overflow at 256.
    return gradient.float() if gradient.dtype in (torch.float16, torch.bfloat16) else gradient


class Norms:
    """‖∂L/∂·‖₂ of each parameter that has a gradient, as PyTorch's clip_grad_norm_ takes them."""

    def __init__(self, parameters: Sequence[Tuple[str, Tensor]], divisor: Optional[Divisor] = None):
        with torch.no_grad():
            found = [(name, _dense(parameter.grad)) for name, parameter in parameters if parameter.grad is not None]
            self.names = [name for name, _ in found]
            gradients = [gradient for _, gradient in found]
            self.values: List[Tensor] = _of(gradients)
            self._scale = None if divisor is None else divisor.scale.detach().clone()
            self._unscaled = set() if divisor is None else {name for name, parameter in parameters if divisor.of(parameter) is None}

    def numbers(self) -> Dict[str, float]:
        if not self.values:
            return {}
        device = self.values[0].device
        norms = doubled(torch.stack([value.to(device) for value in self.values]))
        if self._scale is not None:
            unscaled = torch.tensor([name in self._unscaled for name in self.names], device=norms.device)
            norms = torch.where(unscaled, norms, norms / doubled(self._scale).to(norms.device))
        return dict(zip(self.names, norms.tolist()))


def _of(gradients: List[Tensor]) -> List[Tensor]:
    if not gradients:
        return []
    if len({(one.device, one.dtype) for one in gradients}) == 1 and all(one.numel() > 0 for one in gradients):
        return list(torch._foreach_norm(gradients))
    return [torch.linalg.vector_norm(one) for one in gradients]


def together(norms: Dict[str, float]) -> Optional[float]:
    """The norm over all of them; None where no parameter has a gradient."""
    if not norms:
        return None
    largest = max(norms.values())
    if not 0 < largest < float("inf"):
        return float(largest) if all(value == value for value in norms.values()) else float("nan")
    return largest * sum((value / largest) ** 2 for value in norms.values()) ** 0.5
