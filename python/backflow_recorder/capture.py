"""What is seen of a step: each call of a recurrent module, and the gradient that reached its output.

The fused modules (nn.RNN, LSTM, GRU) are not hooked inside, where there is nothing: kept are what they read and tensor hooks on what they gave. The hooks
are global and not on the user's modules, which may be pickled. A hook of ours never raises.
"""

from __future__ import annotations

import inspect
import weakref
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.nn.utils.rnn import PackedSequence

from . import passes
from .layout import Layout, layout_of, size_of

FUSED = (nn.RNNBase,)
CELLS = (nn.RNNCellBase,)
RECURRENT = FUSED + CELLS
# Calls that no gradient has reached (an evaluation with gradients switched on) are forgotten beyond so many.
KEPT = 256
# Steps × streams × recurrent weights of one call up to which all streams of the first recorded step are kept; a cell's calls are taken to be so many.
CHECKED = 5e7
CELL_STEPS = 64


@dataclass
class Call:
    """One call of a recurrent module. Tensors are copies of the first S streams, on the module's device."""

    module: nn.Module
    layout: Layout
    x: Tensor  # [T, S, I]
    output: Tensor  # [T, S, D·P]; of a cell its h
    h_0: Optional[Tensor]  # [L·D, S, P]
    c_0: Optional[Tensor]  # [L·D, S, H]
    h_n: Tensor
    weights: Dict[str, Tensor]  # those used, not copied yet; of a cell, none
    state_requires_grad: bool
    read: weakref.ref[Tensor]
    gave: List[weakref.ref[Tensor]] = field(default_factory=list)
    output_gradient: Optional[Tensor] = None
    h_n_gradient: Optional[Tensor] = None
    c_n_gradient: Optional[Tensor] = None
    # An LSTMCell of several operations (on the CPU) makes h from the very c that it gives, whose gradient then has what comes through h in it.
    c_feeds_h: bool = False
    rounding: float = 0.0  # relative, of what the module computed in
    backward_pass: int = passes.UNKNOWN  # the last that reached it

    @property
    def has_gradient(self) -> bool:
        return any(gradient is not None for gradient in (self.output_gradient, self.h_n_gradient, self.c_n_gradient))

    def begin(self, backward_pass: int, is_first: bool) -> None:
        """``is_first``: nothing is accumulated yet of what passes before it may have brought."""
        if is_first:
            self.output_gradient = self.h_n_gradient = self.c_n_gradient = None
        self.backward_pass = backward_pass

    def add(self, name: str, gradient: Tensor) -> None:
        before = getattr(self, name)
        setattr(self, name, gradient if before is None else before + gradient)


# Calls of which each reads the very states that the one before gave: one recurrence.
Chain = List[Call]


@dataclass
class Seen:
    """A call of an embedding, or of a linear layer that may be the output layer."""

    module: nn.Module
    read: Tensor
    gave: Optional[Tensor] = None
    gradient: Optional[Tensor] = None
    after: Optional[Call] = None


def _autocast_dtype(device: str) -> Optional[torch.dtype]:
    if hasattr(torch, "get_autocast_dtype"):
        return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    if device == "cpu":
        return torch.get_autocast_cpu_dtype() if torch.is_autocast_cpu_enabled() else None
    return torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled() else None


def _rounding(output: Tensor) -> float:
    """Under autocast an output may be float32 that was computed in half precision; on a graphics card float32 products may be TF32's."""
    found = [float(torch.finfo(output.dtype).eps)]
    dtype = _autocast_dtype(output.device.type)
    if dtype is not None:
        found.append(float(torch.finfo(dtype).eps))
    if output.is_cuda and output.dtype == torch.float32:
        found.append(2.0**-11)
    return max(found)


class Capture:
    """Watches the whole process while it is open; keeps calls only while ``armed``."""

    def __init__(self, streams: int, failed: Callable[[BaseException], None]):
        self.streams = streams
        # At first every stream is kept where the recorder can afford to compute the weights' gradient from all of them, to compare it with PyTorch's.
        self.keeps_all = True
        self.is_compiled = False
        self.armed = False
        self.paused = False
        self.chains: Dict[int, List[Chain]] = {}
        self.ids: List[Seen] = []
        self.heads: List[Seen] = []
        self.named_only: List[nn.Module] = []
        # Called with gradients since the last step, for the count of micro-batches.
        self.roots: Dict[int, int] = {}
        self.watched_roots: Tuple[int, ...] = ()
        # Forward passes so far: by them it is told whether an update came before the gradients were read.
        self.forwards = 0
        # Every module called, while it is not known which the model is.
        self.called: Optional[Dict[int, weakref.ref[nn.Module]]] = None
        # Which backward passes the gradients are of that the parameters have now.
        self.passes = passes.Passes()
        self._failed = failed
        self._last: Optional[Call] = None
        self._handle: Any = None

    def open(self) -> None:
        register = torch_module.register_module_forward_hook
        if "with_kwargs" in inspect.signature(register).parameters:
            self._handle = register(self._hook, with_kwargs=True)
        else:
            self._handle = register(lambda module, args, output: self._hook(module, args, None, output))

    def close(self) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None
        self.clear()

    def clear(self) -> None:
        self.chains, self.ids, self.heads, self.roots, self._last = {}, [], [], {}, None
        self.passes.clear()

    def _hook(self, module: nn.Module, args: Tuple[Any, ...], kwargs: Optional[Dict[str, Any]], output: Any) -> None:
        if self.paused or not torch.is_grad_enabled():
            return
        try:
            if self.called is not None:
                self.called[id(module)] = weakref.ref(module)
            if not self.is_compiled and type(module).__name__ == "OptimizedModule":
                self.is_compiled = True
            if id(module) in self.watched_roots:
                self.roots[id(module)] = self.roots.get(id(module), 0) + 1
                self.forwards += 1
            if not self.armed:
                return
            if isinstance(module, RECURRENT):
                self._recurrent(module, args, kwargs or {}, output)
            elif isinstance(module, nn.Embedding):
                read = args[0] if args else (kwargs or {}).get("input")
                if isinstance(read, Tensor):
                    self.ids.append(Seen(module, read.detach().clone()))
                    del self.ids[:-KEPT]
            elif isinstance(module, nn.Linear):
                self._linear(module, args, output)
        except Exception as error:
            self._failed(error)

    def _recurrent(self, module: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any], output: Any) -> None:
        read = args[0] if args else kwargs.get("input")
        if read is None:
            self.named_only.append(module)
            return
        states = args[1] if len(args) > 1 else kwargs.get("hx")
        h_0, c_0 = states if isinstance(states, tuple) else (states, None)
        call, tensors = self._cell(module, read, h_0, c_0, output) if isinstance(module, CELLS) else self._fused(module, read, h_0, c_0, output)
        call.gave = [weakref.ref(tensor) for name, tensor, _ in tensors if tensor is not None and name != "output_gradient"]
        call.rounding = _rounding(call.output)
        hooked = False
        for name, tensor, cut in tensors:
            # A frozen layer, or the first pass of a checkpoint, has no gradient to wait for.
            if tensor is not None and tensor.requires_grad:
                tensor.register_hook(self._gradient_hook(call, name, cut))
                hooked = True
        if not hooked:
            return
        chains = self.chains.setdefault(id(module), [])
        if chains and self._continues(chains[-1][-1], h_0, c_0):
            chains[-1].append(call)
        else:
            chains.append([call])
            if len(chains) > 2 * KEPT:
                chains[:] = [chain for i, chain in enumerate(chains) if i >= len(chains) - KEPT or any(one.has_gradient for one in chain)]
        self._last = call

    @staticmethod
    def _continues(before: Call, h_0: Optional[Tensor], c_0: Optional[Tensor]) -> bool:
        given = [state for state in (h_0, c_0) if state is not None]
        return len(given) > 0 and len(given) == len(before.gave) and all(ref() is state for ref, state in zip(before.gave, given))

    def chains_of(self, module: nn.Module) -> List[Chain]:
        """Those that a gradient has reached which is in the parameters' now: not of a batch that was thrown away."""
        first = self.passes.first_of(module)
        reached = [chain for chain in self.chains.get(id(module), []) if any(call.has_gradient for call in chain)]
        return [chain for chain in reached if any(call.backward_pass >= first for call in chain if call.has_gradient)]

    def forget(self, parameters: Set[int]) -> None:
        """What is kept of modules with one of these parameters, which are about to change."""
        for key, chains in list(self.chains.items()):
            if any(id(parameter) in parameters for parameter in chains[0][0].module.parameters()):
                del self.chains[key]
                self.passes.forget(key)

    def _kept(self, module: nn.Module, batch: int, steps: int) -> int:
        recurrent = module.hidden_size**2 * getattr(module, "num_layers", 1)
        return batch if self.keeps_all and batch * steps * recurrent <= CHECKED else self.streams

    def _fused(self, module: nn.Module, read: Any, h_0: Any, c_0: Any, output: Any) -> Tuple[Call, List[Any]]:
        steps, batch = size_of(read, module.batch_first)
        layout = layout_of(read, module.batch_first, self._kept(module, batch, steps))
        y, states = output
        h_n, c_n = states if isinstance(states, tuple) else (states, None)
        data_in = read.data if isinstance(read, PackedSequence) else read
        data_out = y.data if isinstance(y, PackedSequence) else y
        call = Call(
            module,
            layout,
            layout.cut(data_in),
            layout.cut(data_out),
            None if h_0 is None else layout.cut_state(h_0),
            None if c_0 is None else layout.cut_state(c_0),
            layout.cut_state(h_n),
            dict(zip(module._flat_weights_names, module._flat_weights)),
            any(state is not None and state.requires_grad for state in (h_0, c_0)),
            weakref.ref(data_in),
        )
        return call, [("output_gradient", data_out, layout.cut), ("h_n_gradient", h_n, layout.cut_state), ("c_n_gradient", c_n, layout.cut_state)]

    def _cell(self, module: nn.Module, read: Tensor, h_0: Any, c_0: Any, output: Any) -> Tuple[Call, List[Any]]:
        h, c = output if isinstance(output, tuple) else (output, None)
        batch = read.shape[0] if read.dim() == 2 else 1
        layout = Layout(1, batch, min(self._kept(module, batch, CELL_STEPS), batch), unbatched=read.dim() == 1)

        def cut(tensor: Tensor) -> Tensor:
            """[B, width] or [width] as [1, S, width], like a state of one layer."""
            tensor = tensor.detach()
            return (tensor.unsqueeze(0) if tensor.dim() == 1 else tensor[: layout.streams]).unsqueeze(0).clone()

        states = [None if state is None else cut(state) for state in (h_0, c_0)]
        requires = any(state is not None and state.requires_grad for state in (h_0, c_0))
        call = Call(module, layout, cut(read), cut(h), states[0], states[1], cut(h), {}, requires, weakref.ref(read))
        call.c_feeds_h = c is not None and c.grad_fn is not h.grad_fn
        return call, [("h_n_gradient", h, cut), ("c_n_gradient", c, cut)]

    def _gradient_hook(self, call: Call, name: str, cut: Callable[[Tensor], Tensor]) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            try:
                if self.paused:
                    return
                now, is_first = self.passes.now(call.module)
                if now == passes.ASIDE:
                    return
                if now != call.backward_pass:
                    call.begin(now, is_first)
                call.add(name, cut(gradient))
            except Exception as error:
                self._failed(error)

        return hook

    def _linear(self, module: nn.Linear, args: Tuple[Any, ...], output: Any) -> None:
        last = self._last
        if last is None or not args or not isinstance(output, Tensor) or not output.requires_grad:
            return
        sizes = [seen.module.num_embeddings for seen in self.ids] or [last.module.input_size]
        if module.out_features not in sizes:
            return
        seen = Seen(module, args[0].detach(), output.detach(), after=last)
        self.heads.append(seen)
        del self.heads[:-KEPT]

        def hook(gradient: Tensor) -> None:
            seen.gradient = gradient.detach()

        output.register_hook(hook)
