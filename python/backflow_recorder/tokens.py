"""The tokens of a step: what an embedding read, and from the gradient at the output layer what was to be predicted.

A layout that shapes leave open is settled by the values, and by nothing else: a guess is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Optional, Tuple

import torch
from torch import Tensor, nn

from .arrays import doubled
from .capture import Call, Capture, Chain, Seen
from .layout import Layout
from .modules import is_cell

# A mean of cross-entropies gives each row of scores the gradient w · (p − onehot); by how much a row may differ from that, relative to w.
TOLERATED = 1e-2
NO_TARGET = -100


@dataclass
class Tokens:
    ids: Optional[Tensor] = None  # int64 [T, S]
    embedding: Optional[nn.Module] = None
    targets: Optional[Tensor] = None  # int64 [T, S]
    head: Optional[nn.Module] = None
    share: Optional[Tensor] = None  # w: how much of ℓ_τ is in L; 1 / n for a mean over n
    whole_batch: Optional[int] = None  # targets of the whole micro-batch


def steps_of(chain: Chain) -> int:
    return sum(call.layout.steps for call in chain)


def tokens_of(capture: Capture, chain: Chain, count_all: bool) -> Tokens:
    result = Tokens()
    with torch.no_grad():
        _find_ids(result, capture.ids, chain)
        _find_targets(result, [seen for seen in capture.heads if any(seen.after is call for call in chain)], chain, count_all)
    return result


def _find_ids(result: Tokens, seen: List[Seen], chain: Chain) -> None:
    layout, steps = chain[0].layout, steps_of(chain)
    likely: Optional[Tuple[Tensor, nn.Module]] = None
    for one in reversed(seen):
        if one.read.is_floating_point():
            continue
        found = [ids.squeeze(-1) for ids in _readings(one.read.unsqueeze(-1), layout, steps, chain)]
        if not found and one.read.numel() == layout.batch and steps > 1 and likely is None:
            # A token a call.
            calls = [other.read.reshape(-1)[: layout.streams] for other in seen if other.module is one.module and other.read.numel() == layout.batch]
            if len(calls) >= steps:
                found = [torch.stack(calls[-steps:])]
        if not found:
            continue
        sure = [ids for ids in found if _are_read(ids, one.module, chain)]
        if sure:
            result.ids, result.embedding = sure[0].to("cpu", torch.int64), one.module
            return
        # Something between them, such as dropout, hides what was read: the last of the right shape. Of packed sequences and cells a shape says too little.
        is_clear = len(found) == 1 or not (layout.is_packed or is_cell(chain[0].module))
        if is_clear and likely is None:
            likely = found[0], one.module
    if likely is not None:
        result.ids, result.embedding = likely[0].to("cpu", torch.int64), likely[1]


def _are_read(ids: Tensor, embedding: nn.Embedding, chain: Chain) -> bool:
    """Whether the module read just these rows of the embedding; an evaluation in between reads others."""
    x = torch.cat([call.x for call in chain])
    if x.shape[-1] != embedding.embedding_dim or x.shape[:-1] != ids.shape:
        return False
    rows = embedding.weight[ids.clamp(min=0)]
    layout = chain[0].layout
    if layout.rows is not None:
        # Behind a sequence's end x is zero.
        rows = rows * (layout.rows >= 0).unsqueeze(-1).to(rows)
    return _equal(rows, x)


def _readings(tensor: Tensor, layout: Layout, steps: int, chain: Chain) -> Iterator[Tensor]:
    """All ways in which a tensor [..., width] can be [T, S, width], the likeliest first."""
    batch, streams = layout.batch, layout.streams
    shape = tensor.shape
    if len(shape) == 2 and layout.is_packed and shape[0] == int(chain[0].layout.rows.max()) + 1 and shape[0] != steps * batch:
        yield layout.cut(tensor)
        return
    if len(shape) == 3:
        batch_first = shape[0] == batch and shape[1] >= steps and (layout.is_packed or shape[1] == steps)
        time_first = shape[1] == batch and shape[0] >= steps and (layout.is_packed or shape[0] == steps)
        ways = [(True, batch_first), (False, time_first)]
        for first, fits in ways if layout.batch_first or layout.is_packed else ways[::-1]:
            if fits:
                yield (tensor.transpose(0, 1) if first else tensor)[:steps, :streams]
    elif len(shape) == 2 and shape[0] == steps * batch and not layout.is_packed:
        by_batch, by_time = (
            tensor.reshape(batch, steps, -1).transpose(0, 1)[:, :streams],
            tensor.reshape(steps, batch, -1)[:, :streams],
        )
        if batch == 1 or steps == 1:
            yield by_time
        else:
            yield from (by_batch, by_time) if layout.batch_first else (by_time, by_batch)


def _equal(ours: Tensor, theirs: Tensor) -> bool:
    return ours.shape == theirs.shape and bool(torch.allclose(ours.to(theirs.dtype), theirs, rtol=1e-4, atol=1e-6))


def _find_targets(result: Tokens, heads: List[Seen], chain: Chain, count_all: bool) -> None:
    """The last linear layer after the module that has as many outputs as there are symbols."""
    heads = [seen for seen in heads if seen.gradient is not None]
    if not heads:
        return
    last, layout, steps = heads[-1], chain[0].layout, steps_of(chain)
    output = torch.cat([call.output for call in chain])
    calls = [seen for seen in heads if seen.module is last.module]
    scores = gradient = None
    if steps > 1 and len(calls) == steps and all(seen.gave.dim() == 2 and seen.gave.shape[0] == layout.batch for seen in calls):
        scores, gradient = (torch.stack([part[: layout.streams] for part in parts]) for parts in ([s.gave for s in calls], [s.gradient for s in calls]))
        rows = [seen.gradient for seen in calls]
    else:
        ways = list(zip(_readings(last.read, layout, steps, chain), _readings(last.gave, layout, steps, chain), _readings(last.gradient, layout, steps, chain)))
        if len(ways) > 1:
            ways = [way for way in ways if _equal(way[0], output)] or ([] if is_cell(chain[0].module) else ways[:1])
        if not ways:
            return
        _, scores, gradient = ways[0]
        rows = [last.gradient]
    result.head = last.module
    _read_targets(result, doubled(scores), doubled(gradient), chain[-1])
    if result.targets is not None and count_all:
        result.whole_batch = sum(int((part.abs().amax(dim=-1) > 0).sum()) for part in rows)


def _read_targets(result: Tokens, scores: Tensor, gradient: Tensor, call: Call) -> None:
    """Of a mean of cross-entropies alone; else nothing is said."""
    p = torch.softmax(scores, dim=-1)
    target = gradient.argmin(dim=-1)
    shape = p - nn.functional.one_hot(target, p.shape[-1])
    share = (gradient * shape).sum(dim=-1) / (shape**2).sum(dim=-1).clamp(min=1e-300)
    has = gradient.abs().amax(dim=-1) > 0
    if not bool(has.any()):
        return
    largest = share[has].max()
    wrong = (gradient - share.unsqueeze(-1) * shape).abs().amax(dim=-1) > TOLERATED * largest
    uneven = (share - largest).abs() > TOLERATED * largest
    # Of a prediction that is sure the gradient is nothing but rounding, and says little of its share.
    clear = has & (shape.abs().amax(dim=-1) > 1e-3)
    if not bool(clear.any()) or bool((wrong & has).any()) or bool((uneven & clear).any()):
        return
    lengths = call.layout.lengths
    targets = torch.where(has, target, torch.full_like(target, NO_TARGET))
    if lengths is not None:
        for stream, length in enumerate(lengths):
            targets[length:, stream] = NO_TARGET
    result.targets = targets.to("cpu", torch.int64)
    result.share = share[clear].median().cpu()
