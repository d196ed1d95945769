"""A sweep as a page: horizon and loss over two of the grid's axes, on logarithmic scales. One file, without a script."""

from __future__ import annotations

import html
import math
from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ..sentences import is_korean, refuse, sentence
from .folder import Outcome, compared_loss

# Sequential and legible on white for people of every color vision: light to dark blue, and to dark orange.
BLUE = ((222, 235, 247), (8, 48, 107))
ORANGE = ((254, 237, 222), (127, 39, 4))
WIDTH, HEIGHT, LEFT, TOP = 460, 340, 90, 24


def axes_of(grid: Mapping[str, Sequence[str]], wanted: Optional[Sequence[str]]) -> Tuple[str, str]:
    """x and y: those asked for, or the first two with several values, the others filled from the front."""
    if wanted is not None:
        if len(wanted) != 2 or wanted[0] == wanted[1] or any(key not in grid and key != "seed" for key in wanted):
            raise refuse("sweepAxes", axes=",".join(wanted), keys=", ".join([*grid, "seed"]))
        return wanted[0], wanted[1]
    several = [key for key, values in grid.items() if len(values) > 1]
    keys = [*several, *(key for key in grid if key not in several), "seed"]
    return keys[0], keys[1]


def page(title: str, grid: Mapping[str, Sequence[str]], samples: int, outcomes: Sequence[Outcome], axes: Tuple[str, str], is_own: bool = False) -> str:
    """``is_own``: the losses are a training function's own, in units that only it knows."""
    values = {**grid, "seed": [str(seed) for seed in range(1, samples + 1)]}
    ways = [_sorted(values[key]) for key in axes]
    cells: Dict[Tuple[str, str], List[Outcome]] = {}
    for outcome in outcomes:
        own = {**outcome.trial.values, "seed": str(outcome.trial.seed)}
        cells.setdefault((own[axes[0]], own[axes[1]]), []).append(outcome)
    horizons = {place: _horizon(own) for place, own in cells.items()}
    compared = compared_loss(outcomes)
    losses = {place: _loss(own, compared) for place, own in cells.items()}
    counts = {place: f"{sum(one.state == 'done' for one in own)}/{len(own)}" for place, own in cells.items()}
    figures = [
        _figure(sentence("sweepHorizon"), axes, ways, horizons, counts, BLUE),
        _figure(_loss_title(outcomes, compared, is_own), axes, ways, losses, counts, ORANGE),
    ]
    states = {state: sum(one.state == state for one in outcomes) for state in ("done", "stopped", "diverged", "failed", "missing")}
    told, medians, language = sentence("sweepStates", **states), sentence("sweepMedians"), "ko" if is_korean() else "en"
    return (
        f'<!doctype html>\n<html lang="{language}"><meta charset="utf-8"><title>{html.escape(title)}</title>\n'
        "<style>body{font:14px system-ui,sans-serif;margin:24px;color:#222;background:#fff}figure{display:inline-block;margin:0 24px 24px 0}"
        "figcaption{font-weight:600;margin-bottom:4px}text{font:12px system-ui,sans-serif;fill:#222}</style>\n"
        f"<h1>{html.escape(title)}</h1>\n<p>{html.escape(told)} {html.escape(medians)}</p>\n" + "\n".join(figures) + "\n</html>\n"
    )


def _sorted(values: Sequence[str]) -> List[str]:
    try:
        return sorted(values, key=float)
    except ValueError:
        return list(values)


def _median(own: Sequence[Outcome], bound_of: Callable[[Outcome], Optional[Tuple[float, bool]]]) -> Optional[Tuple[float, str]]:
    """The median over the trials of a cell that are done, or where none is, over those that were stopped, and the sign before it. None where there is none.

    A value that is only known to be larger than a number counts as that number, so the median can only be larger: it is where one in the middle is such a
    value, and where only one below is, it may be. The editor's picture has the same.
    """
    for state in ("done", "stopped"):
        found = sorted(bound for one in own if one.state == state for bound in [bound_of(one)] if bound is not None)
        if found:
            lower, upper = found[(len(found) - 1) // 2], found[len(found) // 2]
            below = any(beyond for _, beyond in found[: (len(found) - 1) // 2])
            return (lower[0] + upper[0]) / 2, "> " if lower[1] or upper[1] else "≥ " if below else ""
    return None


def _horizon(own: Sequence[Outcome]) -> Optional[Tuple[float, str]]:
    median = _median(own, lambda one: None if one.within is None else (float(one.within), True) if one.horizon is None else (one.horizon, False))
    return median and (median[0], f"{median[1]}{median[0]:g}")


def _loss_title(outcomes: Sequence[Outcome], compared: str, is_own: bool) -> str:
    name = sentence("sweepValidationLoss" if compared == "validation_loss" else "sweepLoss")
    if is_own:
        return name
    is_of_numbers = any(one.objective == "squaredError" for one in outcomes)
    return sentence("sweepSquaredError" if is_of_numbers else "sweepNats", name=name)


def _loss(own: Sequence[Outcome], compared: str) -> Optional[Tuple[float, str]]:
    median = _median(own, lambda one: None if getattr(one, compared) is None else (getattr(one, compared), False))
    return median and (median[0], f"{median[0]:.3g}")


def places(values: Sequence[str], length: float) -> List[float]:
    """Where the cells of an axis begin and the last ends, from 0 to length: positive numbers by their logarithms, anything else at equal distances."""
    equal = [i * length / len(values) for i in range(len(values) + 1)]
    try:
        logs = [math.log(float(value)) for value in values]
    except ValueError:
        return equal
    if len(logs) < 2 or not all(math.isfinite(log) for log in logs):
        return equal
    middles = [(a + b) / 2 for a, b in zip(logs, logs[1:])]
    ends = [2 * logs[0] - middles[0], *middles, 2 * logs[-1] - middles[-1]]
    found = [(end - ends[0]) / (ends[-1] - ends[0]) * length for end in ends]
    # A cell too narrow for its number says less than equal ones.
    return found if min(b - a for a, b in zip(found, found[1:])) >= 28 else equal


def _figure(
    title: str,
    axes: Tuple[str, str],
    ways: Sequence[Sequence[str]],
    values: Mapping[Tuple[str, str], Optional[Tuple[float, str]]],
    counts: Mapping[Tuple[str, str], str],
    colors: Tuple[Tuple[int, int, int], Tuple[int, int, int]],
) -> str:
    xs, ys = places(ways[0], WIDTH), places(ways[1], HEIGHT)
    shown = [value[0] for value in values.values() if value is not None]
    # A training function's loss can be below zero.
    place: Callable[[float], float] = math.log if all(value > 0 for value in shown) else float
    low, high = (place(min(shown)), place(max(shown))) if shown else (0.0, 0.0)
    parts = [
        f'<figure><figcaption>{html.escape(title)}</figcaption><svg width="{LEFT + WIDTH + 10}" height="{TOP + HEIGHT + 50}" role="img" '
        f'aria-label="{html.escape(title)}">',
        '<defs><pattern id="missing" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#fff"/><line x1="0" y1="0" x2="0" y2="6" stroke="#999"/></pattern></defs>',
    ]
    for i, x in enumerate(ways[0]):
        for j, y in enumerate(ways[1]):
            left, top, wide, tall = LEFT + xs[i], TOP + HEIGHT - ys[j + 1], xs[i + 1] - xs[i], ys[j + 1] - ys[j]
            value = values.get((x, y))
            share = 0.0 if value is None or high == low else (place(value[0]) - low) / (high - low)
            fill = "url(#missing)" if value is None else "rgb({},{},{})".format(*(round(a + (b - a) * share) for a, b in zip(*colors)))
            text = sentence("sweepMissing") if value is None else value[1]
            white = ' style="fill:#fff"' if value is not None and share > 0.55 else ""
            label = f"{axes[0]} {x}, {axes[1]} {y}: {text} ({counts.get((x, y), '0/0')})"
            parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{fill}" stroke="#fff">'
                f"<title>{html.escape(label)}</title></rect>"
                f'<text x="{left + wide / 2:.1f}" y="{top + tall / 2 + 4:.1f}" text-anchor="middle"'
                f"{white}>{html.escape(text)}</text>"
            )
    for i, x in enumerate(ways[0]):
        parts.append(f'<text x="{LEFT + (xs[i] + xs[i + 1]) / 2:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{html.escape(x)}</text>')
    for j, y in enumerate(ways[1]):
        parts.append(f'<text x="{LEFT - 8}" y="{TOP + HEIGHT - (ys[j] + ys[j + 1]) / 2 + 4:.1f}" text-anchor="end">{html.escape(y)}</text>')
    parts.append(f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 40}" text-anchor="middle">{html.escape(axes[0])}</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 8}" text-anchor="end">{html.escape(axes[1])}</text></svg></figure>')
    return "".join(parts)
