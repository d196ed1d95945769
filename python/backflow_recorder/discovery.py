"""Which objects of an unchanged script are its model: what was called, and what the script has names for."""

from __future__ import annotations

import sys
import weakref
from typing import Dict, List, Mapping, Tuple

from torch import nn

from .modules import class_name, is_recurrent, unwrapped


def roots_of(called: Mapping[int, weakref.ref[nn.Module]]) -> List[Tuple[str, nn.Module]]:
    """The outermost modules with parameters, each with the name that its weights begin with: none where there is one. Empty without a recurrent layer."""
    alive = [module for module in (ref() for ref in called.values()) if module is not None]
    inside = {id(module) for module in alive}
    named = _named_modules()
    # A model of which only parts are called is found by the script's name for it.
    candidates = {id(unwrapped(module)): unwrapped(module) for module in [*alive, *named] if any(id(part) in inside for part in module.modules())}
    modules = sorted(candidates.values(), key=lambda module: -sum(1 for _ in module.modules()))
    roots: List[nn.Module] = []
    covered: set = set()
    for module in modules:
        if id(module) not in covered and next(module.parameters(), None) is not None:
            roots.append(module)
            covered.update(id(part) for part in module.modules())
    if not any(is_recurrent(part) and id(part) in inside for root in roots for part in root.modules()):
        return []
    if len(roots) == 1:
        return [("", roots[0])]
    return list(zip(_prefixes(roots, named), roots))


def _named_modules() -> Dict[nn.Module, str]:
    variables = vars(sys.modules["__main__"]) if "__main__" in sys.modules else {}
    return {value: name for name, value in list(variables.items()) if isinstance(value, nn.Module)}


def _prefixes(roots: List[nn.Module], named: Dict[nn.Module, str]) -> List[str]:
    by_identity = {id(unwrapped(module)): name for module, name in named.items()}
    taken: List[str] = []
    for root in roots:
        name = wanted = by_identity.get(id(root), class_name(root).lower())
        count = 1
        while name in taken:
            count += 1
            name = f"{wanted}{count}"
        taken.append(name)
    return taken
