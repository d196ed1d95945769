"""One look at how the gradient flows back through a model: at any module with a time axis, by autograd.

∂ℓ_τ/∂(output at t). A fused recurrent module (nn.RNN, LSTM, GRU) has no output by which its recurrence passes, so there autograd gives what enters at
every output, and the recorder's own unrolled pass carries it back; the states of its layers are shown.
"""

from __future__ import annotations

import copy
import inspect
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .analysis import LOG10, Series, relative_difference, unlike
from .arrays import float64
from .flow_result import Flow
from .modules import class_name, directions_of, is_cell, is_recurrent, series_name, unrolled, unwrapped, weights_now
from .sentences import RecorderError, Warner, refuse
from .unrolled import Entering

Loss = Callable[[Any, int], Tensor]


def flow(
    model: nn.Module,
    ids: Any,
    layers: Optional[Sequence[Union[nn.Module, str]]] = None,
    targets: Any = "last",
    *,
    labels: Any = None,
    loss: Optional[Loss] = None,
    vocabulary: Any = None,
) -> Flow:
    """The gradient norms ‖∂ℓ_τ/∂s_t‖ of one text, in evaluation mode, on a copy of the model in float64.

    Args:
        model: called as ``model(inputs)``; its answer is a tensor of scores, a tuple that begins with one, or has ``logits``.
        ids: token ids of one text, [T + 1], [1, T + 1] or [T + 1, 1]: T are read, and each predicts the next. With ``labels`` or ``loss`` all are read,
            and they may be numbers of any kind, with a time axis [1, T, I].
        layers: modules of the model, or their names; without, its recurrent modules, or else its embedding.
        targets: "last", "all" or step numbers τ.
        labels: [T] ids to be predicted, where they are not the next ones.
        loss: ``loss(answer, τ)`` gives ℓ_τ, one number, in place of −ln p.

    Raises RecorderError where an argument is wrong or a layer has no time axis. The user's model, its gradients, modes, hooks and the random state are as
    before, also after an exception.
    """
    if not isinstance(model, nn.Module):
        raise refuse("model", value=type(model).__name__)
    own = unwrapped(model)
    inputs, wanted, time = _inputs(ids, labels, loss)
    chosen = _chosen(own, layers)
    steps = inputs.shape[time]
    rows = _targets(targets, steps)
    with _undisturbed(own):
        try:
            probe = _Probe(_double(own), _as_double(inputs), time, chosen)
        except RecorderError:
            raise
        except Exception as error:
            Warner()("flowPrecision", reason=f"{type(error).__name__}: {error}")
            probe = _Probe(copy.deepcopy(own), inputs, time, chosen)
        result = Flow(class_name(own), steps, rows, ids=_stream(inputs, time), vocabulary=vocabulary)
        result.labels = wanted
        losses = probe.losses(rows, wanted, loss)
        for name in chosen:
            probe.add(result, name, losses)
    return result


def _inputs(ids: Any, labels: Any, loss: Optional[Loss]) -> Tuple[Tensor, Optional[List[int]], int]:
    """What the model reads, what it shall predict, and the axis of time."""
    try:
        tensor = ids.detach() if isinstance(ids, Tensor) else torch.as_tensor(np.asarray(ids))
    except (TypeError, ValueError):
        # A text, or what has no one shape.
        raise refuse("flowKind", value=type(ids).__name__) from None
    if not tensor.is_floating_point() and tensor.dim() == 1 and not isinstance(ids, Tensor):
        tensor = tensor[None]
    shape = list(tensor.shape)
    if tensor.is_floating_point() and len(shape) == 3 and 1 in shape[:2]:
        time = 1 if shape[0] == 1 else 0
    elif not tensor.is_floating_point() and 1 <= len(shape) <= 2 and sum(size > 1 for size in shape) == 1:
        time = next(axis for axis, size in enumerate(shape) if size > 1)
    else:
        raise refuse("flowIds", shape=shape)
    if labels is not None:
        return tensor, [int(label) for label in torch.as_tensor(labels).reshape(-1).tolist()], time
    if loss is not None:
        return tensor, None, time
    if tensor.is_floating_point():
        raise refuse("flowIds", shape=shape)
    last = shape[time] - 1
    return tensor.narrow(time, 0, last), tensor.reshape(-1)[1:].tolist(), time


def _stream(inputs: Tensor, time: int) -> Optional[List[int]]:
    return None if inputs.is_floating_point() else inputs.reshape(-1).tolist()


def _chosen(model: nn.Module, layers: Optional[Sequence[Union[nn.Module, str]]]) -> List[str]:
    names = {id(module): name for name, module in reversed(list(model.named_modules()))}
    known = dict(model.named_modules())
    if layers is None:
        found = [name for name, module in known.items() if is_recurrent(module)]
        return found or [name for name, module in known.items() if isinstance(module, nn.Embedding)][:1]
    result = []
    for layer in layers:
        name = layer if isinstance(layer, str) else names.get(id(unwrapped(layer))) if isinstance(layer, nn.Module) else None
        if name is None or name not in known:
            raise refuse("flowLayers", value=layer if isinstance(layer, str) else type(layer).__name__)
        result.append(name)
    return list(dict.fromkeys(result))


def _targets(targets: Any, steps: int) -> List[int]:
    if isinstance(targets, str):
        if targets not in ("last", "all"):
            raise refuse("flowTargets", last=steps - 1, value=repr(targets))
        return [steps - 1] if targets == "last" else list(range(steps))
    found = np.atleast_1d(np.asarray(targets, dtype=object)).tolist()
    if not found or not all(isinstance(one, (int, np.integer)) and not isinstance(one, bool) and 0 <= one < steps for one in found):
        raise refuse("flowTargets", last=steps - 1, value=repr(targets))
    return [int(one) for one in found]


def _double(model: nn.Module) -> nn.Module:
    return copy.deepcopy(model).double()


def _as_double(inputs: Tensor) -> Tensor:
    return inputs.double() if inputs.is_floating_point() else inputs


@contextmanager
def _undisturbed(model: nn.Module) -> Iterator[None]:
    """Random state as before; no autocast; cuDNN off, which gives no gradients in evaluation mode."""
    devices = sorted({parameter.device.index or 0 for parameter in model.parameters() if parameter.is_cuda})
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in ("cpu", *(["cuda"] if devices else [])):
            stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


@dataclass
class _Seen:
    read: List[Tuple[Tuple[Any, ...], Dict[str, Any]]]  # arguments of each call
    gave: List[Any]


class _Probe:
    """A copy of the model in evaluation mode, run once; its chosen modules' outputs are kept in the graph."""

    def __init__(self, model: nn.Module, inputs: Tensor, time: int, names: List[str]):
        self.model, self.steps, self.time = model.eval(), inputs.shape[time], time
        self.modules = dict(model.named_modules())
        self.seen = {name: _Seen([], []) for name in names}
        handles = [_hooked(self.modules[name], self._keep(name)) for name in names]
        try:
            self.answer = model(inputs)
        finally:
            for handle in handles:
                handle.remove()

    def _keep(self, name: str) -> Callable[..., Any]:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> Any:
            output = _in_graph(output)
            self.seen[name].read.append((args, kwargs))
            self.seen[name].gave.append(output)
            return output

        return hook

    def losses(self, targets: List[int], wanted: Optional[List[int]], loss: Optional[Loss]) -> List[Tensor]:
        if loss is not None:
            return [loss(self.answer, target) for target in targets]
        scores = self._scores()
        assert wanted is not None
        if len(wanted) != self.steps or max(wanted) >= scores.shape[1] or min(wanted) < 0:
            raise refuse("flowScores", steps=self.steps, shape=list(scores.shape))
        return [nn.functional.cross_entropy(scores[target][None], torch.tensor([wanted[target]], device=scores.device)) for target in targets]

    def _scores(self) -> Tensor:
        """[T, V] of one stream."""
        answer = getattr(self.answer, "logits", self.answer)
        if isinstance(answer, dict):
            answer = answer.get("logits")
        while isinstance(answer, (tuple, list)) and answer:
            answer = answer[0]
        if not isinstance(answer, Tensor) or answer.numel() == 0 or answer.numel() % self.steps or answer.squeeze().dim() > 2:
            raise refuse("flowScores", steps=self.steps, shape=list(getattr(answer, "shape", [])))
        if self.steps not in answer.shape[:-1]:
            raise refuse("flowScores", steps=self.steps, shape=list(answer.shape))
        return answer.reshape(self.steps, -1)

    def add(self, result: Flow, name: str, losses: List[Tensor]) -> None:
        module, seen = self.modules[name], self.seen[name]
        if not seen.gave:
            raise refuse("flowNotCalled", module=name or class_name(module))
        if is_recurrent(module) and not is_cell(module):
            if len(seen.gave) > 1:
                raise refuse("flowTime", module=name, calls=len(seen.gave), shape=list(seen.gave[0][0].shape), steps=self.steps)
            self._add_fused(result, name, module, seen, losses)
            return
        states = ("h", "c") if is_cell(module) and isinstance(seen.gave[0], tuple) else ("h",) if is_cell(module) else (None,)
        for i, state in enumerate(states):
            outputs = [one[i] if isinstance(one, tuple) else one for one in (_first_tensors(seen.gave) if state is None else seen.gave)]
            tensors, axis = self._by_time(name, module, outputs)
            rows = [self._norms(gradients, axis) for gradients in _gradients(losses, tensors)]
            values = self._norms(tensors, axis)
            label = f"{name}.l0:{state}" if state else name
            width = int(sum(tensor.numel() for tensor in tensors) / self.steps)
            self._put(
                result, Series(label, name, 0 if state else None, "forward" if state else None, state, "state" if state else "tensor", width), values, rows
            )

    def _by_time(self, name: str, module: nn.Module, outputs: List[Any]) -> Tuple[List[Tensor], Optional[int]]:
        """One tensor with its axis of time, or one for each step with none."""
        shape = list(getattr(outputs[0], "shape", []))
        if all(isinstance(one, Tensor) for one in outputs):
            if len(outputs) == self.steps and self.steps > 1 and not _axes(outputs[0], self.steps):
                return outputs, None
            if len(outputs) == 1:
                axes = _axes(outputs[0], self.steps)
                if axes:
                    # Of several axes as long as the text, that where the model's own input has it.
                    return outputs, self.time if self.time in axes else axes[0]
        raise refuse("flowTime", module=name or class_name(module), calls=len(outputs), shape=shape, steps=self.steps)

    def _norms(self, tensors: Sequence[Optional[Tensor]], axis: Optional[int]) -> np.ndarray:
        if axis is None:
            return np.array([0.0 if one is None else _norm(one.detach()) for one in tensors])
        tensor = tensors[0]
        if tensor is None:
            return np.zeros(self.steps)
        return np.array([_norm(row) for row in tensor.detach().movedim(axis, 0)])

    def _put(self, result: Flow, series: Series, values: np.ndarray, rows: Sequence[np.ndarray]) -> None:
        with np.errstate(divide="ignore"):
            result.add(series, values, np.log10(np.array(rows)))

    def _add_fused(self, result: Flow, name: str, module: Any, seen: _Seen, losses: List[Tensor]) -> None:
        (args, kwargs), (output, states) = seen.read[0], seen.gave[0]
        read = args[0] if args else kwargs.get("input")
        if read is None:
            raise refuse("keywordInput", module=name or class_name(module))
        if isinstance(output, PackedSequence) or output.numel() % self.steps or output.shape[-1] * self.steps != output.numel():
            data = output.data if isinstance(output, PackedSequence) else output
            raise refuse("flowTime", module=name or class_name(module), calls=1, shape=list(data.shape), steps=self.steps)
        h_n, c_n = states if isinstance(states, tuple) else (states, None)
        given = args[1] if len(args) > 1 else kwargs.get("hx")
        h_0, c_0 = given if isinstance(given, tuple) else (given, None)
        own = unrolled(module, weights_now(module))
        forward = own.forward(float64(read).reshape(self.steps, -1), *(None if s is None else float64(s).reshape(len(own.weights), -1) for s in (h_0, c_0)))
        gave = float64(output).reshape(self.steps, -1)
        if unlike(forward.output, gave, float(torch.finfo(output.dtype).eps)) > 1.0:
            raise refuse("notReproduced", module=name or class_name(module), difference=relative_difference(forward.output, gave))
        wanted = [output, h_n, *([] if c_n is None else [c_n])]
        flows = []
        for gradients in _gradients(losses, wanted):
            of_output, of_h, of_c = (*gradients, None)[:3]
            dense = np.zeros((self.steps, output.shape[-1])) if of_output is None else float64(of_output).reshape(self.steps, -1)
            flows.append(own.total(forward, dense, _finals(own.directions, len(own.weights), self.steps, of_h, of_c)))
        for index, state in sorted(flows[0].logs, key=lambda key: (key[0], key[1] == "c")):
            layer, reverse = divmod(index, directions_of(module))
            values = forward.traces[index].h if state == "h" else forward.traces[index].c
            norms = np.linalg.norm(values[1:], axis=1)
            series = Series(series_name(name, layer, bool(reverse), state), name, layer, "backward" if reverse else "forward", state, "state", values.shape[1])
            result.add(series, norms[::-1] if reverse else norms, np.concatenate([flow.logs[index, state] for flow in flows]) / LOG10)


def _hooked(module: nn.Module, hook: Callable[..., Any]) -> Any:
    """Before PyTorch 2.0 arguments that are given by name are not shown."""
    if "with_kwargs" in inspect.signature(module.register_forward_hook).parameters:
        return module.register_forward_hook(hook, with_kwargs=True)
    return module.register_forward_hook(lambda module, args, output: hook(module, args, {}, output))


def _finals(directions: int, count: int, steps: int, of_h: Optional[Tensor], of_c: Optional[Tensor]) -> List[Entering]:
    h, c = (None if one is None else float64(one).reshape(count, -1) for one in (of_h, of_c))
    return [
        Entering(index, 0 if index % directions else steps - 1, steps - 1, None if h is None else h[index], None if c is None else c[index])
        for index in range(count)
    ]


def _gradients(losses: List[Tensor], tensors: Sequence[Tensor]) -> Iterator[Tuple[Optional[Tensor], ...]]:
    for loss in losses:
        if not loss.requires_grad:
            yield tuple(None for _ in tensors)
        else:
            yield torch.autograd.grad(loss, list(tensors), retain_graph=True, allow_unused=True)


def _in_graph(output: Any) -> Any:
    """With a gradient to ask for also where all below is frozen."""
    if isinstance(output, Tensor):
        return output if output.requires_grad or not output.is_floating_point() else output.detach().requires_grad_()
    if type(output) in (tuple, list):
        return type(output)(_in_graph(one) for one in output)
    return output


def _first_tensors(outputs: List[Any]) -> List[Any]:
    found = []
    for output in outputs:
        while isinstance(output, (tuple, list)) and output:
            output = output[0]
        found.append(getattr(output, "last_hidden_state", output))
    return found


def _axes(tensor: Tensor, steps: int) -> List[int]:
    return [axis for axis, size in enumerate(tensor.shape) if size == steps]


def _norm(tensor: Tensor) -> float:
    values = float64(tensor).reshape(-1)
    largest = float(np.abs(values).max(initial=0.0))
    return largest * float(np.sqrt(((values / largest) ** 2).sum())) if 0 < largest < float("inf") else largest
