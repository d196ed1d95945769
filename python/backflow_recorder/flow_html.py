"""A flow as HTML that needs nothing else: its curves as SVG, and what they come to as a table. For notebooks without Backflow's renderer."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, List, Tuple

import numpy as np

from .notebook import symbols
from .scalars import EXPLODING, VANISHING
from .sentences import sentence

if TYPE_CHECKING:
    from .analysis import Series
    from .flow_result import Flow

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 104, 14, 38
# Seen on white and on black, and told apart by those who see no red or no green.
COLORS = ("#2f8fd0", "#d9760f", "#1f9e77", "#c0559b", "#8c7d16", "#8a6fe0")
DASHES = ("", "6 3", "2 2")
MAX_LINES = 12
# Points of a curve: more than there are pixels.
MAX_POINTS = 2 * WIDTH
MAX_WRITTEN_TOKENS = 64
MARKS = {" ": "·", "\n": "⏎", "\t": "→"}


def html_of(flow: Flow) -> str:
    shown = flow.series[:MAX_LINES]
    rest = len(flow.series) - len(shown)
    more = f'<p style="margin:4px 0 0">{escape(sentence("flowMore", count=rest))}</p>' if rest else ""
    caption = f'<figcaption style="margin:0 0 4px"><b>{escape(flow.title())}</b><br>{escape(sentence("flowAxis"))}</figcaption>'
    return (
        f'<figure style="margin:4px 0;max-width:{WIDTH}px;font:13px/1.4 system-ui,sans-serif">'
        f"{caption}{_picture(flow, shown) if shown else ''}{_table(flow, shown) if shown else ''}{more}"
        f'<p style="margin:0;opacity:0.8">{escape(sentence("flowExplained"))}</p></figure>'
    )


class _Axes:
    def __init__(self, flow: Flow, rows: List[np.ndarray]):
        finite = np.concatenate([np.zeros(1), *(row[np.isfinite(row)] for row in rows)])
        self.low = math.floor(min(VANISHING - 1, finite.min()))
        self.high = math.ceil(max(0.5, finite.max()))
        self.pitch = (WIDTH - LEFT - RIGHT) / flow.steps

    def x(self, step: float) -> float:
        return LEFT + (step + 0.5) * self.pitch

    def y(self, value: float) -> float:
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def _picture(flow: Flow, shown: List[Series]) -> str:
    target = flow.targets[-1]
    rows = [_relative(flow.flows[one.name][-1], target) for one in shown]
    axes = _Axes(flow, rows)
    parts = [_grid(axes), _limit(axes, VANISHING, "flowVanishedAt"), _limit(axes, EXPLODING, "flowExplodedAt")]
    x = axes.x(target)
    parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="currentColor" stroke-dasharray="2 2" opacity="0.7"/>')
    for i, (one, row) in enumerate(zip(shown, rows)):
        color, dash = _style(i)
        for points in _lines(row, axes):
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.6" stroke-dasharray="{dash}" stroke-linejoin="round">'
                f"<title>{escape(_name(flow, one))}</title></polyline>"
            )
    parts.append(_steps(flow, axes, target))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" style="display:block;width:100%;height:auto" role="img" aria-label="{escape(repr(flow))}" '
        f'font-family="system-ui,sans-serif" font-size="11" fill="currentColor">{"".join(parts)}</svg>'
    )


def _relative(flow: np.ndarray, target: int) -> np.ndarray:
    own = flow[target]
    return flow - own if np.isfinite(own) else np.full_like(flow, np.nan)


def _grid(axes: _Axes) -> str:
    stride = max(1, math.ceil((axes.high - axes.low) / 6))
    parts = []
    for power in range(0, axes.low - 1, -stride):
        parts.append(_grid_line(axes, power))
    for power in range(stride, axes.high + 1, stride):
        parts.append(_grid_line(axes, power))
    return "".join(parts)


def _grid_line(axes: _Axes, power: int) -> str:
    y = axes.y(power)
    name = "1" if power == 0 else f'10<tspan dy="-4" font-size="8">{str(power).replace("-", "−")}</tspan>'
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" opacity="0.15"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{name}</text>'
    )


def _limit(axes: _Axes, value: float, key: str) -> str:
    if not axes.low <= value <= axes.high:
        return ""
    y = axes.y(value)
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="currentColor" stroke-dasharray="5 4" opacity="0.6"/>'
        f'<text x="{WIDTH - RIGHT + 6}" y="{y + 4:.1f}">{escape(sentence(key))}</text>'
    )


def _lines(row: np.ndarray, axes: _Axes) -> List[str]:
    """The stretches of finite numbers. Where steps outnumber pixels, the least and the greatest of each few."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(row).astype(np.int8), [0]])))
    lines = []
    for start, end in zip(bounds[::2], bounds[1::2]):
        steps = np.arange(start, end)
        if len(steps) > MAX_POINTS:
            groups = np.array_split(steps, MAX_POINTS // 2)
            steps = np.array([at for group in groups for at in sorted((group[row[group].argmin()], group[row[group].argmax()]))])
        lines.append(" ".join(f"{axes.x(t):.1f},{axes.y(row[t]):.1f}" for t in steps.tolist()))
    return lines


def _steps(flow: Flow, axes: _Axes, target: int) -> str:
    """Under the curves the tokens, where there is room, and how far back they are."""
    tokens = symbols(flow)
    parts = []
    y = HEIGHT - BOTTOM + 14
    if tokens is not None and flow.steps <= MAX_WRITTEN_TOKENS and all(len(one) <= 2 for one in tokens):
        for t, token in enumerate(tokens):
            parts.append(f'<text x="{axes.x(t):.1f}" y="{y}" text-anchor="middle" font-family="monospace">{escape(MARKS.get(token, token))}</text>')
        y += 14
    stride = _round_stride(flow.steps / 8)
    for lag in range(0, target + 1, stride):
        name = sentence("flowTarget") if lag == 0 else f"−{lag}"
        parts.append(f'<text x="{axes.x(target - lag):.1f}" y="{y}" text-anchor="middle">{escape(name)}</text>')
    return "".join(parts)


def _round_stride(at_least: float) -> int:
    power = 10 ** max(0, math.floor(math.log10(max(1.0, at_least))))
    return next(int(factor * power) for factor in (1, 2, 5, 10) if factor * power >= at_least)


def _table(flow: Flow, shown: List[Series]) -> str:
    cell = 'style="padding:1px 14px 1px 0;text-align:left;font-weight:normal"'
    keys = ("flowSeries", "flowHorizonHead", "flowSlopeHead", "flowVanishedHead", "flowExplodedHead")
    heads = "".join(f'<th scope="col" {cell}>{escape(sentence(key))}</th>' for key in keys)
    rows = []
    for i, one in enumerate(shown):
        color, dash = _style(i)
        line = f'<line x1="0" x2="22" y1="4" y2="4" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"/>'
        sample = f'<svg width="22" height="8" aria-hidden="true">{line}</svg>'
        cells = "".join(f"<td {cell}>{escape(text)}</td>" for text in flow.in_words(one.name))
        rows.append(f'<tr><th scope="row" {cell}>{sample} {escape(_name(flow, one))}</th>{cells}</tr>')
    style = "border-collapse:collapse;margin:4px 0;font:inherit;color:inherit"
    return f'<table style="{style}"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _style(index: int) -> Tuple[str, str]:
    return COLORS[index % len(COLORS)], DASHES[index // len(COLORS) % len(DASHES)]


def _name(flow: Flow, series: Series) -> str:
    return series.name or flow.model
