"""One recorded step, from the copies of what it used to its file and its scalars. Runs beside the training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor

from .analysis import NotReproduced, Recorded, Snapshot, analyze
from .check import Check
from .folder import Folder
from .modules import class_name, joined
from .scalars import Scalars, scalars_of
from .sentences import Warner


@dataclass
class StepContent:
    snapshots: List[Snapshot]
    main: str
    ids: Optional[Tensor] = None
    targets: Optional[Tensor] = None
    # Of the loss, how many targets it is the mean of; None where that is not known.
    target_count: Optional[float] = None
    checks: List[Check] = field(default_factory=list)
    others: List[Tuple[str, Dict[str, Tensor]]] = field(default_factory=list)  # embedding and output layer

    @property
    def shown(self) -> set:
        parts = [*((one.name, one.weights) for one in self.snapshots), *self.others]
        return {joined(name, weight) for name, weights in parts for weight in weights}


def write_step(folder: Folder, step: int, content: StepContent, with_matrix: bool, warn: Warner) -> Dict[str, Any]:
    """Writes the step's file and gives its scalars, those of the main module."""
    tensors: Dict[str, Tensor] = {joined(name, weight): tensor.cpu() for name, weights in content.others for weight, tensor in weights.items()}
    series: List[Dict[str, object]] = []
    followed: Dict[str, Tuple[Snapshot, Recorded]] = {}
    for snapshot in content.snapshots:
        try:
            recorded = analyze(snapshot, with_matrix, content.target_count or 1.0)
        except NotReproduced as error:
            warn("notReproduced", module=snapshot.name or class_name(snapshot.module), difference=error.difference)
            continue
        tensors.update(recorded.tensors)
        series.extend(one.described() for one in recorded.series)
        if recorded.target is not None:
            followed[snapshot.name] = snapshot, recorded
    scalars, target = Scalars(), None
    # The tokens are those of the main module: of another they may be none.
    is_main = content.main in followed or not followed
    if followed:
        snapshot, recorded = followed[content.main] if is_main else max(followed.values(), key=lambda pair: pair[1].steps)
        target = recorded.target
        scalars = scalars_of(recorded.flows, target)
        _add_lengths(tensors, snapshot)
    if content.ids is not None and is_main:
        tensors[":ids"] = content.ids
    if content.targets is not None and is_main:
        tensors[":targets"] = content.targets
    others = {} if content.target_count is None else {"targets": repr(content.target_count)}
    folder.add_step(step, tensors, series, target, others)
    return vars(scalars).copy()


def _add_lengths(tensors: Dict[str, Tensor], snapshot: Snapshot) -> None:
    layout = snapshot.chain[0].layout
    lengths = (layout.lengths or [])[: snapshot.streams]
    if any(length != layout.steps for length in lengths):
        tensors[":lengths"] = torch.tensor(lengths, dtype=torch.int64)
