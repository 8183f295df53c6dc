"""Fan charts as SVG: ranges over time, with what was observed by the day of the report."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.analysis import words
from materiel.case.model import Case
from materiel.evidence.records import Observation
from materiel.results import Curve

Array = npt.NDArray[np.float64]

WIDTH, HEIGHT = 760, 330
LEFT, RIGHT, TOP, BOTTOM = 70, 96, 16, 40


@dataclass(frozen=True)
class Frame:
    """The plane of a chart: days from `first` to `last` across, values from `low` to `high` up."""

    first: float
    last: float
    low: float
    high: float

    def x(self, day: float) -> float:
        """Return the place across of a day."""
        return LEFT + (day - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the place down of a value."""
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


@dataclass(frozen=True)
class Mark:
    """An observation in the units of a chart: days from `start` to `end`, a value and its bounds, the credibility of its item."""

    start: float
    end: float
    value: float
    low: float
    high: float
    credibility: int
    note: str


def fan(case: Case, curve: Curve, observed: list[Observation], events: dict[str, float]) -> str:
    """Return the fan chart of a curve as an SVG element: 50 and 90 % ranges, the median, observations, events by day."""
    marks = [mark for one in observed if (mark := _mark(case, curve, one)) is not None]
    frame = _frame(curve, marks)
    low, lower, middle, upper, high = curve.quantiles
    parts = [
        *_grid(case, frame, curve.unit),
        _band(frame, curve.days, low, high, "range90"),
        _band(frame, curve.days, lower, upper, "range50"),
        f'<path class="median" d="{_path(frame, curve.days, middle)}"/>',
        *_labels(frame, curve),
        *(part for name, day in events.items() for part in _event(frame, name, day)),
        *(_drawn(frame, mark) for mark in marks),
    ]
    title = escape(f"{curve.text}, {curve.unit}")
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'


def rows(case: Case, curve: Curve, most: int = 12) -> list[list[str]]:
    """Return a table of the curve: dates and quantiles, rounded by their range."""
    chosen = np.unique(np.linspace(0, len(curve.days) - 1, min(most, len(curve.days))).round().astype(int))
    made: list[list[str]] = []
    for i in chosen:
        column = curve.quantiles[:, i]
        shown = [words.number(float(v), float(column[0]), float(column[-1]), "") for v in column]
        made.append([case.date(float(curve.days[i])).isoformat(), *shown])
    return made


def _mark(case: Case, curve: Curve, one: Observation) -> Mark | None:
    """Return an observation in the unit of a curve; an amount over a period is shown as its mean rate beside a curve of rates."""
    start, end = case.day(one.start), case.day(one.end) + 1
    try:
        factor = units.factor(one.unit, curve.unit)
    except units.UnitError:
        try:
            factor = units.factor(f"({one.unit})/day", curve.unit) / (end - start)
        except units.UnitError:
            return None
    low, high = (factor * (one.quantity if bound is None else bound) for bound in (one.lower, one.upper))
    return Mark(start, end, one.quantity * factor, low, high, one.credibility, f"{one.quantity:g} {one.unit}, {one.start} to {one.end} ({one.source})")


def _frame(curve: Curve, marks: list[Mark]) -> Frame:
    first, last = float(curve.days[0]), float(curve.days[-1])
    shown = [mark for mark in marks if first <= mark.end and mark.start <= last]
    high = max([float(curve.quantiles.max()), *(mark.high for mark in shown)])
    low = min([0.0, float(curve.quantiles.min()), *(mark.low for mark in shown)])
    step = _nice((high - low) / 5 or 1.0)
    return Frame(first, max(last, first + 1), math.floor(low / step) * step, max(math.ceil(high / step) * step, low + step))


def _nice(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= step * 0.999)


def _grid(case: Case, frame: Frame, unit: str) -> list[str]:
    parts: list[str] = []
    step = _nice((frame.high - frame.low) / 5)
    value = frame.low
    while value <= frame.high + step / 2:
        y = frame.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(value, frame.high)}</text>')
        value += step
    for day, label in _dates(case, frame):
        x = frame.x(day)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 5}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 19}" text-anchor="middle">{label}</text>')
    scale = {1e9: "billion ", 1e6: "million ", 1e3: "thousand "}.get(_scale(frame.high), "")
    parts.append(f'<text class="tick" x="{LEFT}" y="11">{escape(scale)}{escape(words.plural(unit).strip())}</text>')
    return parts


def _scale(high: float) -> float:
    return next((scale for scale in (1e9, 1e6, 1e3) if high >= 2 * scale), 1.0)


def _short(value: float, high: float) -> str:
    return f"{value / _scale(high):,.4g}"


def _dates(case: Case, frame: Frame) -> list[tuple[float, str]]:
    """Return days for ticks with their labels: firsts of months, as many as fit."""
    months = (frame.last - frame.first) / 30.44
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 1200) if months / step <= 8)
    day = case.date(frame.first)
    made: list[tuple[float, str]] = []
    year, month = day.year, day.month
    while True:
        first = datetime.date(year, month, 1)
        at = case.day(first)
        if at > frame.last:
            return made
        if at >= frame.first and (month - 1) % min(every, 12) == 0 and (every <= 12 or year % (every // 12) == 0):
            made.append((at, f"{first:%b %Y}" if every < 12 else f"{year}"))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _path(frame: Frame, days: Array, values: Array) -> str:
    return "M" + "L".join(f"{frame.x(float(d)):.1f},{frame.y(float(v)):.1f}" for d, v in zip(days, values, strict=True))


def _band(frame: Frame, days: Array, low: Array, high: Array, kind: str) -> str:
    back = _path(frame, days[::-1], low[::-1])[1:]
    return f'<path class="{kind}" d="{_path(frame, days, high)}L{back}Z"/>'


def _labels(frame: Frame, curve: Curve) -> list[str]:
    """Label the right edge of the ranges directly, kept apart where they are close."""
    ends = [("95 %", float(curve.quantiles[4, -1])), ("75 %", float(curve.quantiles[3, -1])), ("median", float(curve.quantiles[2, -1]))]
    ends += [("25 %", float(curve.quantiles[1, -1])), ("5 %", float(curve.quantiles[0, -1]))]
    places: list[float] = []
    for _, value in ends:
        y = frame.y(value) + 4
        places.append(max(y, places[-1] + 13) if places else y)
    over = places[-1] - (HEIGHT - BOTTOM + 4)
    if over > 0:
        places = [min(place, HEIGHT - BOTTOM + 4 - 13 * (len(ends) - 1 - i)) for i, place in enumerate(places)]
    return [
        f'<text class="label" x="{WIDTH - RIGHT + 6}" y="{y:.1f}">{name} {_short(words.rounded(value, *_ends(curve)), frame.high)}</text>'
        for (name, value), y in zip(ends, places, strict=True)
    ]


def _ends(curve: Curve) -> tuple[float, float]:
    return float(curve.quantiles[0, -1]), float(curve.quantiles[4, -1])


def _event(frame: Frame, name: str, day: float) -> list[str]:
    if not frame.first <= day <= frame.last:
        return []
    x = frame.x(day)
    anchor, shift = ("end", -4) if x > WIDTH - RIGHT - 90 else ("start", 4)
    return [
        f'<line class="event" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
        f'<text class="tick" x="{x + shift:.1f}" y="{TOP + 9}" text-anchor="{anchor}">{escape(name)}</text>',
    ]


def _drawn(frame: Frame, mark: Mark) -> str:
    """Draw an observation: filled if its credibility is 1 or 2, hollow otherwise; a line over its period, a whisker over its bounds."""
    if mark.end < frame.first or mark.start > frame.last:
        return ""
    start, end = frame.x(max(mark.start, frame.first)), frame.x(min(mark.end, frame.last))
    x, y = (start + end) / 2, frame.y(mark.value)
    kind = "seen sure" if mark.credibility <= 2 else "seen"
    whisker = f'<line class="seen" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.y(mark.low):.1f}" y2="{frame.y(mark.high):.1f}"/>'
    line = f'<line class="seen" x1="{start:.1f}" x2="{end:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>' if mark.end - mark.start > 2 else ""
    return f'<g><title>{escape(mark.note)}</title>{whisker}{line}<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/></g>'
