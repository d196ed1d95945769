"""What a recording says of itself: the model, the frameworks, and what a step used beside its recurrent modules."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple

import torch
from torch import Tensor, nn

from .analysis import Snapshot
from .modules import class_name, settings_of, unwrapped
from .stepwork import StepContent
from .tokens import Tokens
from .version import __version__

if TYPE_CHECKING:
    from .recording import Options


def content_of(tokens: Tokens, main: Snapshot, snapshots: List[Snapshot], names: Mapping[int, str]) -> StepContent:
    ids, targets = (None if one is None else one[:, : main.streams].contiguous() for one in (tokens.ids, tokens.targets))
    content = StepContent(snapshots, main.name, ids, targets)
    if tokens.share is not None and float(tokens.share) > 0:
        content.target_count = main.scale / float(tokens.share)
    for module in (tokens.embedding, tokens.head):
        if module is not None and id(module) in names:
            content.others.append((names[id(module)], plain_weights(module)))
    return content


def plain_weights(module: nn.Module) -> Dict[str, Tensor]:
    return {name: getattr(module, name).detach().clone() for name in ("weight", "bias") if isinstance(getattr(module, name, None), Tensor)}


def run_description(
    options: Options,
    roots: List[Tuple[str, nn.Module]],
    recurrent: List[Tuple[str, nn.Module]],
    names: Mapping[int, str],
    tokens: Tokens,
    is_compiled: bool,
) -> Dict[str, Any]:
    parameters = [parameter for _, root in roots for parameter in root.parameters()]
    return {
        "recorder": __version__,
        "model": {
            "class": " + ".join(class_name(unwrapped(root)) for _, root in roots),
            "modules": [{"name": name, "class": class_name(module), **settings_of(module)} for name, module in recurrent],
            "embedding": None if tokens.embedding is None else names.get(id(tokens.embedding)),
            "head": None if tokens.head is None else names.get(id(tokens.head)),
        },
        "vocabulary": None if options.vocabulary is None else symbols_of(options.vocabulary),
        "framework": {
            "torch": str(torch.__version__),
            "python": platform.python_version(),
            "device": str(parameters[0].device) if parameters else "cpu",
            "compiled": is_compiled or any(hasattr(part, "_orig_mod") for _, root in roots for part in root.modules()),
            "adapter": options.adapter,
        },
        "side": options.side,
        "every": options.every,
        "script": options.script,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def symbols_of(vocabulary: Any) -> List[str]:
    """Of a list of symbols, or of a dict from id to symbol or from symbol to id."""
    if isinstance(vocabulary, Mapping):
        pairs = [(key, value) if isinstance(key, int) else (value, key) for key, value in vocabulary.items()]
        found = dict(pairs)
        return [str(found.get(i, "")) for i in range(max(found, default=-1) + 1)]
    return [str(symbol) for symbol in vocabulary]
