"""A series with one forecast of it: what was seen before the origin, what came after, and the range that was forecast in between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np

from materiel.analysis import scores
from materiel.report import html
from materiel.surges.methods import Method, forecast
from materiel.surges.periods import per
from materiel.surges.series import Array, Series

WIDTH, HEIGHT = 760, 330
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 24, 40
_TICKS, _APART, _LINE = 5, 64.0, 14.0
"""Steps up, and how far dates and lines of text are apart."""


@dataclass(frozen=True)
class _Frame:
    """The plane: months from `first` to `last` across, rates from 0 to `high` up."""

    first: float
    last: float
    high: float

    def x(self, month: float) -> float:
        return LEFT + (month - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, rate: float) -> float:
        return HEIGHT - BOTTOM - min(rate / self.high, 1.0) * (HEIGHT - TOP - BOTTOM)


def draw(series: Series, seen: int, farthest: int, drawn: Method, rival: Method, methods: tuple[Method, ...]) -> str:
    """Return an SVG file that stands alone: the fan of a method from the origin after so many points, the median of a baseline beside it, and the points.

    Rates are in the series' own unit of time, or a month for amounts. What is beyond the top is cut there.
    """
    past, after = series.past(seen), slice(seen, seen + farthest)
    scale = _scale(series.unit)
    lines = dict[str, Array]()
    for method in (drawn, rival):
        found = forecast(method, methods, past, past.ahead(series.middles[after])) if past.level > 0 else None
        if found is not None:
            now = np.full((1, scores.COUNT), past.logs[-1])
            lines[method.name] = past.unscaled(np.concatenate([now, found[0]])) * scale
    months = np.concatenate([series.middles[seen - 1 : seen], series.middles[after]])
    top = max([float(np.max(series.rates)) * scale, *(float(np.max(_quantile(line, 0.75))) for line in lines.values())])
    frame = _Frame(float(series.middles[0]), float(series.middles[-1]), _nice(top * 1.05 or 1.0))
    parts = [*_grid(series, frame), *_event(frame, float(series.middles[seen - 1]))]
    if drawn.name in lines:
        fan = lines[drawn.name]
        parts += [_band(frame, months, fan, 0.05, 0.95, "range90"), _band(frame, months, fan, 0.25, 0.75, "range50")]
        parts.append(f'<path class="median" d="{_path(frame, months, _quantile(fan, 0.5))}"/>')
    if rival.name in lines:
        parts.append(f'<path class="event" fill="none" d="{_path(frame, months, _quantile(lines[rival.name], 0.5))}"/>')
    parts += _labels(frame, float(months[-1]), {name: float(_quantile(line, 0.5)[-1]) for name, line in lines.items()})
    parts += [_dot(series, frame, i, i < seen, scale) for i in range(len(series.points))]
    title = escape(f"{series.name}, {series.unit}: forecast after {series.points[seen - 1].period.text}")
    return html.alone(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _scale(unit: str) -> float:
    """Return what a rate a month is multiplied by to be in the unit of a series."""
    days = per(unit)
    return 1.0 if days is None else days / (365.25 / 12)


def _quantile(line: Array, share: float) -> Array:
    """Return a quantile of each forecast, between the two that are kept next to it."""
    at = share * (scores.COUNT + 1) - 1
    below = int(at)
    return line[:, below] + (at - below) * (line[:, below + 1] - line[:, below])


def _nice(high: float) -> float:
    size = 10.0 ** math.floor(math.log10(high))
    return next(size * factor for factor in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if size * factor >= high * 0.999)


def _grid(series: Series, frame: _Frame) -> list[str]:
    unit = series.unit if per(series.unit) is not None else f"{series.unit}/month"
    parts = [f'<text class="tick" x="{LEFT}" y="13">{escape(unit)}</text>']
    for i in range(_TICKS + 1):
        value = frame.high * i / _TICKS
        y = frame.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{f"{value:,.0f}" if frame.high >= _TICKS else f"{value:.3g}"}</text>'
        )
    last = -math.inf
    for point, middle in zip(series.points, series.middles, strict=True):
        x = frame.x(float(middle))
        if x - last >= _APART:
            parts.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 19}" text-anchor="middle">{escape(point.period.text[:10])}</text>')
            last = x
    return parts


def _event(frame: _Frame, month: float) -> list[str]:
    x = frame.x(month)
    return [
        f'<line class="event" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
        f'<text class="tick" x="{x + 4:.1f}" y="{TOP + 9}">known up to here</text>',
    ]


def _path(frame: _Frame, months: Array, values: Array) -> str:
    return "M" + "L".join(f"{frame.x(float(m)):.1f},{frame.y(float(v)):.1f}" for m, v in zip(months, values, strict=True))


def _band(frame: _Frame, months: Array, line: Array, low: float, high: float, kind: str) -> str:
    back = _path(frame, months[::-1], _quantile(line, low)[::-1])[1:]
    return f'<path class="{kind}" d="{_path(frame, months, _quantile(line, high))}L{back}Z"/>'


def _labels(frame: _Frame, month: float, ends: dict[str, float]) -> list[str]:
    """Return the names of lines beside their last values, kept apart."""
    parts, above = list[str](), -math.inf
    for name, value in sorted(ends.items(), key=lambda item: -item[1]):
        above = max(frame.y(value) + 4, above + _LINE)
        parts.append(f'<text class="label" x="{frame.x(month) + 6:.1f}" y="{above:.1f}">{escape(name)}</text>')
    return parts


def _dot(series: Series, frame: _Frame, at: int, known: bool, scale: float) -> str:
    """Draw a point, filled if it was known at the origin, with its bounds as a whisker."""
    point, rate = series.points[at], float(series.rates[at]) * scale
    x, factor = frame.x(float(series.middles[at])), rate / point.quantity if point.quantity else 0.0
    low, high = (frame.y((bound if bound is not None else point.quantity) * factor) for bound in (point.lower, point.upper))
    note = escape(f"{point.quantity:g} {series.unit}, {point.period.text}")
    whisker = f'<line class="seen" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'
    return f'<g><title>{note}</title>{whisker}<circle class="{"seen sure" if known else "seen"}" cx="{x:.1f}" cy="{frame.y(rate):.1f}" r="4"/></g>'
