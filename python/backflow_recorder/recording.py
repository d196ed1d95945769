"""A recording while it is made: what a step is, what is copied of it, and what is done with it beside the training.

Everything here that runs inside the user's training is guarded by ``guarded``: a failure ends the recording with one sentence and never the training.
"""

from __future__ import annotations

import functools
import os
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List, Mapping, Optional, Sequence, Set, Tuple, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer

from . import about
from .analysis import Snapshot
from .capture import Capture, Chain
from .check import Check, compare
from .folder import Folder
from .modules import class_name, directions_of, is_cell, is_recurrent, is_sharded, joined, names_of, unwrapped, weights_now
from .norms import Norms
from .pending import Pending, copied, kept_by_clipping, line_of
from .scalar_targets import scalars_out, senders
from .scaling import Divisor, Scaling
from .sentences import Warner, refuse
from .stepwork import StepContent, write_step
from .tokens import Tokens, steps_of, tokens_of
from .worker import Worker

SIDES = ("before-clipping", "after-clipping")
# Of a larger model only the parameters of what is recorded have their norms in every line.
SHOWN_PARAMETERS = 64
Any_ = TypeVar("Any_")


def guarded(method: Callable[..., Any_]) -> Callable[..., Optional[Any_]]:
    """A failure inside ends the recording, not the training."""

    @functools.wraps(method)
    def wrapper(self: Recording, *args: Any, **kwargs: Any) -> Optional[Any_]:
        if self.is_over or os.getpid() != self.process:
            return None
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self.fail(error)
            return None

    return wrapper


@dataclass(frozen=True)
class Options:
    folder: Path
    vocabulary: Optional[Sequence[str]] = None
    every: int = 100
    streams: int = 1
    matrix: bool = False
    side: str = "before-clipping"
    scalars: Sequence[Any] = ()
    adapter: Optional[str] = None
    script: Optional[str] = None

    def check(self) -> None:
        for name in ("every", "streams"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise refuse(name, value=repr(value))
        if self.side not in SIDES:
            raise refuse("side", value=repr(self.side))
        senders(self.scalars)


class Recording:
    def __init__(self, options: Options):
        options.check()
        self.options = options
        self.folder = Folder(options.folder)
        self.process = os.getpid()
        self.warn = Warner()
        self.is_over = False
        self.step = 0
        self.files = 0
        self.dropped = 0
        self.capture = Capture(options.streams, self.fail)
        self.scaling = Scaling(self._skipped)
        # Called when a scaler has skipped an update.
        self.on_skipped: Callable[[], None] = lambda: None
        self.roots: List[Tuple[str, nn.Module]] = []
        self.pending: Optional[Pending] = None
        self._names: Dict[int, str] = {}
        self.parameters: List[Tuple[str, Tensor]] = []
        self._shown: Optional[set] = None
        self._worker = Worker(self.fail)
        self._senders = senders(options.scalars)
        self._outbox: Deque[Tuple[Dict[str, float], int]] = deque()
        self._lines: List[Pending] = []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        # Whether this PyTorch tells of every update: then one that is not told of was skipped.
        self.hooks_tell = False
        self.parameter_ids: Set[int] = set()
        self._has_begun = False
        self._unseen = 0
        self._tokens = Tokens()

    # ── Beginning and end ──

    def open(self) -> None:
        self.capture.open()
        self.scaling.open()
        self.capture.armed = True

    def set_roots(self, roots: List[Tuple[str, nn.Module]]) -> None:
        self.roots = roots
        self._look_at_model()
        self.capture.watched_roots = tuple({id(one) for _, root in roots for one in (root, unwrapped(root))})

    def _look_at_model(self) -> None:
        inner = [(prefix, unwrapped(root)) for prefix, root in self.roots]
        self._names = names_of(inner)
        self.parameters = [(joined(prefix, name), parameter) for prefix, root in inner for name, parameter in root.named_parameters()]

        self.parameter_ids = {id(parameter) for _, parameter in self.parameters}

    def recurrent(self) -> List[Tuple[str, nn.Module]]:
        found = [(self._names[id(module)], module) for _, root in self.roots for module in unwrapped(root).modules() if is_recurrent(module)]
        return list(dict.fromkeys(found))

    def recurrent_parameters(self) -> Set[int]:
        return {id(parameter) for _, module in self.recurrent() for parameter in module.parameters()}

    def fail(self, error: BaseException) -> None:
        """One sentence; the recording ends here, and what it has stays."""
        if self.is_over:
            return
        self.is_over = True
        self._detach()
        reason = str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        self.warn("stopped", step=self.step, reason=reason)

    def stop(self, key: str) -> None:
        """Ends the recording with a sentence; what it has is written."""
        self.warn(key)
        self.close()

    def _detach(self) -> None:
        self.capture.paused = True
        self.capture.close()
        self.scaling.close()

    def close(self, timeout: float = 30.0) -> None:
        """Writes what is left; safe to call again. Never raises."""
        if os.getpid() != self.process:
            return
        try:
            if not self.is_over:
                self.commit()
                self._detach()
                self._ending.set()
                self._worker.close(timeout)
                self.send_scalars()
                self.is_over = True
                if self.dropped:
                    self.warn("dropped", count=self.dropped, every=self.options.every)
        except Exception as error:
            self.fail(error)

    # ── A step ──

    def wants(self, step: int) -> bool:
        return step == 1 or step % self.options.every == 0

    @guarded
    def take(
        self,
        loss: Any = None,
        gradient_norm: Any = None,
        before: Optional[Norms] = None,
        updating: Optional[Optimizer] = None,
        passes: int = 1,
        micro_batches: Optional[int] = None,
    ) -> None:
        """Reads a step whose gradients are there and whose update is not.

        ``before``: the norms before clipping, where they were read earlier; ``updating``: the optimizer, where it is about to update;
        ``passes``: backward passes, which count where the model's forward passes could not be counted; ``micro_batches``: how many, where it is known.
        """
        self.send_scalars()
        self.commit()
        self.step += 1
        divisor = self.scaling.divisor(updating)
        norms = Norms(self.parameters, divisor)
        counts = [count for count in self.capture.roots.values() if count]
        count = max([*counts, passes, 1])
        # Forward passes are also those of an evaluation, or of a batch that was thrown away.
        seen = self.capture.passes.count()
        count = micro_batches if micro_batches is not None else min(count, seen) if seen else count
        pending = Pending(self.step, copied(loss), self.scaling.scale(), count, gradient_norm=copied(gradient_norm))
        if self.options.side == "before-clipping":
            pending.before = norms
        else:
            pending.before, pending.after, pending.is_read_after = before, norms, True
        pending.dropped, self._unseen = self._unseen, 0
        if self.capture.armed:
            if self._worker.has_room():
                pending.content = self._content(pending)
                if self.capture.keeps_all and pending.content is not None:
                    self.capture.keeps_all = False
                    pending.content.checks = self._checks(pending.content, divisor)
            else:
                self._unseen += 1
                self.dropped += 1
        self.pending = pending
        self.capture.clear()
        self.capture.armed = self.wants(self.step + 1)

    @guarded
    def norms(self) -> Norms:
        """Of the gradients as they are now."""
        return Norms(self.parameters, self.scaling.divisor())

    @guarded
    def see_clipped(self, optimizer: Optimizer) -> None:
        """The gradients as the optimizer is about to use them."""
        if self.pending is not None and self.pending.after is None:
            self.pending.after = Norms(self.parameters, self.scaling.divisor(optimizer))

    @guarded
    def commit(self) -> None:
        """The pending step's update takes place: it is handed to the worker."""
        pending, self.pending = self.pending, None
        if pending is None:
            return
        if not self._has_begun:
            self._has_begun = True
            run = self._run_description()
            self._worker.add(lambda: self.folder.begin(run), False)
        with self._lock:
            self._lines.append(pending)
            is_first = len(self._lines) == 1
        if pending.content is not None:
            self._worker.add(self._write_lines, True)
        elif is_first:
            self._worker.add(self._write_lines_later, False)

    @guarded
    def _skipped(self) -> None:
        self.drop_pending()
        self.capture.clear()
        self.on_skipped()

    def drop_pending(self) -> None:
        """The scaler has skipped the update: there was no such step."""
        if self.pending is not None:
            self.pending = None
            self.step -= 1
            self.capture.armed = self.wants(self.step + 1)

    def _content(self, pending: Pending) -> Optional[StepContent]:
        """Copies of what the step used; None where no recorded module took part."""
        self._look_at_model()
        scale = 1.0 if pending.scale is None else float(pending.scale)
        snapshots = []
        for name, module in self.recurrent():
            chain = self._chain(name, module)
            if chain is None:
                continue
            if is_sharded(module):
                self.warn("sharded", module=name or class_name(module))
                continue
            dropout = module.training and getattr(module, "dropout", 0.0) > 0 and getattr(module, "num_layers", 1) > 1
            snapshots.append(Snapshot(name, module, chain, weights_now(module, chain[-1].weights), scale, dropout, self.options.streams))
        if self.step > 1 or self.options.every == 1:
            recorded = {snapshot.name for snapshot in snapshots}
            silent = [name or class_name(module) for name, module in self.recurrent() if name not in recorded and id(module) not in self.capture.chains]
            if silent:
                self.warn("notSeen", modules=", ".join(silent), module=",".join(silent))
        if not snapshots:
            return None
        # The longest is the one that the ids and the output layer are looked up for; of several the last, which is nearest to the loss.
        main = max(enumerate(snapshots), key=lambda pair: (steps_of(pair[1].chain), pair[0]))[1]
        self._tokens = tokens_of(self.capture, main.chain, pending.micro_batches > 1)
        content = about.content_of(self._tokens, main, snapshots, self._names)
        self._check_division(pending.micro_batches, content.target_count)
        return content

    def _checks(self, content: StepContent, divisor: Optional[Divisor]) -> List[Check]:
        """Gradients that the recorder's own pass can be compared with: not of averages over processes, nor where dropout is unknown to it."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return []
        checks = []
        for snapshot in content.snapshots:
            name = "weight_hh" if is_cell(snapshot.module) else "weight_hh_l0"
            parameter = dict(snapshot.module.named_parameters(recurse=False)).get(name)
            chains = self.capture.chains_of(snapshot.module)
            if parameter is not None and parameter.grad is not None and not snapshot.has_dropout:
                scale = None if divisor is None else divisor.of(parameter)
                checks.append(Check(snapshot, chains, joined(snapshot.name, name), parameter.grad.detach().clone(), scale))
        return checks

    def _check_division(self, micro_batches: int, target_count: Optional[float]) -> None:
        whole = self._tokens.whole_batch
        if micro_batches > 1 and whole and target_count and abs(target_count / whole - 1) < 0.01:
            self.warn("lossNotDivided", count=micro_batches)

    def _chain(self, name: str, module: nn.Module) -> Optional[Chain]:
        """Of the calls that a gradient reached, the longest, of several the last; None where the module's steps are no one recurrence."""
        label = name or class_name(module)
        if any(one is module for one in self.capture.named_only):
            self.warn("keywordInput", module=label)
            return None
        chains = self.capture.chains_of(module)
        if not chains:
            return None
        if _is_broken(chains):
            self.warn("changedState", module=label)
            return None
        chosen = max(enumerate(chains), key=lambda pair: (sum(call.layout.steps for call in pair[1]), pair[0]))[1]
        if len(chosen) > 1 and directions_of(module) == 2:
            self.warn("chainedDirections", module=label)
            return None
        return chosen

    # ── Beside the training ──

    def _write_lines_later(self) -> None:
        # Lines of half a second are written at once: a file that is opened for every step would cost a fast loop more than the step.
        self._ending.wait(0.5)
        self._write_lines()

    def _write_lines(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        written = []
        for pending in lines:
            line = line_of(pending)
            if pending.content is not None:
                if written:
                    self.folder.add_metrics(written)
                    written = []
                line.update(write_step(self.folder, pending.step, pending.content, self.options.matrix, self.warn))
                for check in pending.content.checks:
                    compare(check, kept_by_clipping(pending), self.warn)
                self._shown = pending.content.shown
                self.files += 1
            written.append(self._trimmed(line))
            if self._senders:
                self._outbox.append((scalars_out(line), pending.step))
        if written:
            self.folder.add_metrics(written)

    def _trimmed(self, line: Dict[str, Any]) -> Dict[str, Any]:
        norms: Mapping[str, float] = line["parameterNorms"]
        if len(norms) > SHOWN_PARAMETERS:
            shown = self._shown or set()
            norms = {name: value for name, value in norms.items() if name in shown}
        return {**line, "parameterNorms": norms}

    @guarded
    def send_scalars(self) -> None:
        """On the training's own thread: not every writer may be called from another."""
        while self._outbox:
            values, step = self._outbox.popleft()
            for send in self._senders:
                send(values, step)

    def _run_description(self) -> Dict[str, Any]:
        return about.run_description(self.options, self.roots, self.recurrent(), self._names, self._tokens, self.capture.is_compiled)


def _is_broken(chains: List[Chain]) -> bool:
    """Whether a recurrence was cut into these: single steps that each read a state with a gradient, or a piece that begins with the end of another."""
    begun = [chain for chain in chains if chain[0].state_requires_grad and chain[0].h_0 is not None]
    if sum(len(chain) == 1 and chain[0].layout.steps == 1 for chain in begun) > 1:
        return True
    ends = [chain[-1].h_n for chain in chains]
    return any(end.shape == chain[0].h_0.shape and torch.equal(end, chain[0].h_0) for chain in begun for end in ends if end is not chain[-1].h_n)
