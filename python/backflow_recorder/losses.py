"""The loss of a step, from the backward passes whose gradients its update uses."""

from __future__ import annotations

from typing import List, Optional

import torch
from torch import Tensor

from .arrays import doubled


class Losses:
    """One for each backward pass since the last update: of micro-batches the sum.

    A backward pass that comes after another optimizer's update begins anew: of two models that are trained in turns (a GAN) the loss before that update
    was the other one's. One backward pass for several optimizers is the loss of each.
    """

    def __init__(self) -> None:
        self._losses: List[Tensor] = []
        self._other_updated = False

    def add(self, loss: Tensor) -> None:
        if self._other_updated:
            self.clear()
        self._losses.append(loss.detach().clone())

    def see_other_update(self) -> None:
        self._other_updated = True

    def clear(self) -> None:
        self._losses, self._other_updated = [], False

    @property
    def count(self) -> int:
        return len(self._losses)

    def take(self, scale: Optional[Tensor]) -> Optional[Tensor]:
        """The sum, over the scaler's ``scale``; None where there is none. Nothing is left."""
        losses = self._losses
        self.clear()
        if not losses:
            return None
        device = losses[-1].device
        total = doubled(torch.stack([loss.reshape(()).to(device) for loss in losses])).sum()
        return total if scale is None else total / scale.to(total.device)
