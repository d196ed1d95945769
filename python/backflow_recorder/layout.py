"""Where time and streams lie in what a recurrent module reads and gives: padded or packed, batch or time first, with a batch or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


@dataclass(frozen=True)
class Layout:
    """The first ``streams`` of a batch: how they are cut out of a tensor of all, as [T, S, width]."""

    steps: int
    batch: int
    streams: int
    batch_first: bool = False
    unbatched: bool = False
    # Of packed sequences: the row of (t, s) in the data, −1 behind a stream's end; and the lengths.
    rows: Optional[Tensor] = None  # [T, S]
    lengths: Optional[List[int]] = None

    @property
    def is_packed(self) -> bool:
        return self.rows is not None

    def cut(self, tensor: Tensor) -> Tensor:
        """[T, S, width], a copy on the tensor's own device. Packed: of the data, zeros behind a stream's end."""
        tensor = tensor.detach()
        if self.rows is not None:
            rows = self.rows.to(tensor.device)
            return tensor[rows.clamp(min=0)] * (rows >= 0).unsqueeze(-1).to(tensor.dtype)
        if self.unbatched:
            return tensor.unsqueeze(1).clone()
        if self.batch_first:
            return tensor[: self.streams].transpose(0, 1).contiguous().clone()
        return tensor[:, : self.streams].contiguous().clone()

    def cut_state(self, state: Tensor) -> Tensor:
        """Of h or c [L·D, B, width] the same streams, [L·D, S, width]."""
        state = state.detach()
        return state.unsqueeze(1).clone() if state.dim() == 2 else state[:, : self.streams].contiguous().clone()


def size_of(read: object, batch_first: bool) -> tuple[int, int]:
    """Steps and streams."""
    if isinstance(read, PackedSequence):
        return len(read.batch_sizes), int(read.batch_sizes[0])
    assert isinstance(read, Tensor)
    if read.dim() == 2:
        return read.shape[0], 1
    return (read.shape[1], read.shape[0]) if batch_first else (read.shape[0], read.shape[1])


def layout_of(read: object, batch_first: bool, streams: int) -> Layout:
    """Of a PackedSequence or of a tensor [T, B, I], [B, T, I] or [T, I]."""
    if isinstance(read, PackedSequence):
        return _packed(read, streams)
    assert isinstance(read, Tensor)
    steps, batch = size_of(read, batch_first)
    if read.dim() == 2:
        return Layout(steps, 1, 1, unbatched=True)
    return Layout(steps, batch, min(streams, batch), batch_first)


def _packed(packed: PackedSequence, streams: int) -> Layout:
    sizes = packed.batch_sizes.tolist()
    batch = sizes[0]
    streams = min(streams, batch)
    # The data's order is that of falling lengths; unsorted_indices says where a stream of the user's order is in it.
    places = list(range(batch)) if packed.unsorted_indices is None else packed.unsorted_indices.tolist()
    rows = torch.full((len(sizes), streams), -1, dtype=torch.int64)
    begin = 0
    for t, size in enumerate(sizes):
        for s in range(streams):
            if places[s] < size:
                rows[t, s] = begin + places[s]
        begin += size
    return Layout(len(sizes), batch, streams, rows=rows, lengths=(rows >= 0).sum(dim=0).tolist())
