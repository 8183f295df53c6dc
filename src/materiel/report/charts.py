"""Fan charts as SVG: ranges over time, with what was observed by the day of the report."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.analysis import words
from materiel.case.model import Case
from materiel.evidence.records import Observation
from materiel.language import ENGLISH, Language
from materiel.results import Curve

Array = npt.NDArray[np.float64]
Place = TypeVar("Place", float, Array)

WIDE, NARROW = 760, 380
"""Widths for which charts are drawn: for a page, and for a telephone or a column."""
HEIGHT = 300
LEFT, RIGHT, TOP, BOTTOM = 50, 104, 16, 32
LINE = 14
"""Height of a line of text."""
SIGN = 6.6
"""Width of a sign, on average, of the letters of charts."""


@dataclass(frozen=True)
class Frame:
    """The plane of a chart: days from `first` to `last` across, values from `low` to `high` up; `top` is where it begins below the names of events."""

    first: float
    last: float
    low: float
    high: float
    width: int = WIDE
    top: int = TOP

    @property
    def most(self) -> float:
        """The value of the plane that is farthest from nought, which decides what the axis counts in."""
        return max(abs(self.low), abs(self.high))

    @property
    def right(self) -> int:
        """Where the plane ends."""
        return self.width - RIGHT

    @property
    def bottom(self) -> int:
        """Where its lowest value lies."""
        return self.top + HEIGHT - TOP - BOTTOM

    def x(self, day: Place) -> Place:
        """Return the place across of a day, or of many."""
        return LEFT + (day - self.first) / (self.last - self.first) * (self.right - LEFT)

    def y(self, value: Place) -> Place:
        """Return the place down of a value, or of many; beyond the ends of the plane, where an axis that was given may leave it, that of the end."""
        within = cast("Place", np.clip(value, self.low, self.high))
        return self.bottom - (within - self.low) / (self.high - self.low) * (self.bottom - self.top)


@dataclass(frozen=True)
class Mark:
    """An observation in the units of a chart: days from `start` to `end`, a value and its bounds, the reliability of its source and its own credibility."""

    start: float
    end: float
    value: float
    low: float
    high: float
    reliability: str
    credibility: int
    note: str


@dataclass(frozen=True)
class Fan:
    """What a fan chart shows: a curve, what was observed, events by name and day, and another median to hold it against.

    `axis` has the ends of the axis of values, in the unit of the `bare` curve; those that suit what is shown, if absent.
    """

    curve: Curve
    observed: Sequence[Observation] = ()
    events: Mapping[str, float] = field(default_factory=dict[str, float])
    ghost: Curve | None = None
    axis: tuple[float, float] | None = None


def fan(case: Case, shown: Fan, language: Language = ENGLISH, width: int = WIDE) -> str:
    """Return a fan chart as an SVG element: 50 and 90 % ranges, the median, the median it is held against, observations, events by day."""
    curve, ghost, marks, frame = _laid_out(case, shown, language, width)
    low, lower, middle, upper, high = curve.quantiles
    parts = [
        *_grid(case, frame, curve.unit, language),
        _band(frame, curve.days, low, high, "range90"),
        _band(frame, curve.days, lower, upper, "range50"),
        *([f'<path class="ghost" d="{_path(frame, ghost.days, ghost.quantiles[2])}"/>'] if ghost is not None else []),
        f'<path class="median" d="{_path(frame, curve.days, middle)}"/>',
        *_labels(frame, curve, language),
        *(part for row, (name, day) in enumerate(_events(shown, frame)) for part in _event(frame, name, day, TOP + LINE * (row + 1))),
        *(_drawn(frame, mark) for mark in marks),
    ]
    return svg(width, frame.bottom + BOTTOM, f"{curve.text}, {axis(curve.unit, frame.most, language)}", parts)


def ends(case: Case, shown: Fan, language: Language = ENGLISH) -> tuple[float, float]:
    """Return the ends of the axis of values of a fan chart, in the unit of the `bare` curve."""
    frame = _laid_out(case, shown, language, WIDE)[3]
    return frame.low, frame.high


def plane(case: Case, shown: Fan, language: Language = ENGLISH, width: int = WIDE) -> tuple[int, int, int, int]:
    """Return where the plane of a fan chart lies in its drawing, from `ends` to `ends` of its axis: left, right, top, bottom."""
    frame = _laid_out(case, shown, language, width)[3]
    return LEFT, frame.right, frame.top, frame.bottom


def _events(shown: Fan, frame: Frame) -> list[tuple[str, float]]:
    """Return the events that a chart shows, by day."""
    return [(name, day) for name, day in sorted(shown.events.items(), key=lambda event: event[1]) if frame.first <= day <= frame.last]


def _laid_out(case: Case, shown: Fan, language: Language, width: int) -> tuple[Curve, Curve | None, list[Mark], Frame]:
    """Return the curve, the one it is held against, the marks, and the frame of a chart."""
    curve = bare(shown.curve)
    ghost = _within(bare(shown.ghost), curve.days) if shown.ghost is not None else None
    marks = [mark for one in shown.observed if (mark := _mark(case, curve, one, language)) is not None]
    frame = _frame(curve, marks, ghost, width)
    frame = replace(frame, top=TOP + LINE * (len(_events(shown, frame)) + 1))
    return curve, ghost, marks, replace(frame, low=shown.axis[0], high=shown.axis[1]) if shown.axis else frame


def _within(curve: Curve, days: Array) -> Curve | None:
    """Return what a curve has on days that another spans, if anything: a war that begins on another day is shown over other days."""
    inside = (curve.days >= days[0]) & (curve.days <= days[-1])
    return replace(curve, days=curve.days[inside], quantiles=curve.quantiles[:, inside]) if inside.any() else None


def svg(width: float, height: float, title: str, parts: Sequence[str], kind: str = "chart") -> str:
    """Return an SVG element with a name for those who do not see it."""
    said = escape(title)
    return f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{said}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'


def bare(curve: Curve) -> Curve:
    """Return a curve in a unit without a prefix: rounds for thousands of rounds, so that the axis can say which it counts in."""
    head, slash, rest = curve.unit.partition("/")
    plain = units.bare(head)
    if plain == head or not head.endswith(plain):  # a month is no prefixed day
        return curve
    unit = f"{plain}{slash}{rest}"
    return replace(curve, unit=unit, quantiles=curve.quantiles * units.factor(curve.unit, unit))


def axis(unit: str, high: float, language: Language = ENGLISH) -> str:
    """Return what an axis that ends at a value counts in: million rounds."""
    name = {1e9: "billion", 1e6: "million", 1e3: "thousand"}.get(_scale(high), "")
    return language.counted_in(name, unit)


def rows(case: Case, curve: Curve, language: Language = ENGLISH, most: int = 12) -> list[list[str]]:
    """Return a table of the curve: dates and quantiles, rounded by their range."""
    chosen = np.unique(np.linspace(0, len(curve.days) - 1, min(most, len(curve.days))).round().astype(int))
    made: list[list[str]] = []
    for i in chosen:
        column = curve.quantiles[:, i]
        shown = [words.number(float(v), float(column[0]), float(column[-1]), "", language) for v in column]
        made.append([language.date(case.date(float(curve.days[i])), short=True), *shown])
    return made


def _mark(case: Case, curve: Curve, one: Observation, language: Language) -> Mark | None:
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
    grade = case.ledger.reliability(one.source)
    seen = words.number(one.quantity, one.quantity, one.quantity, one.unit, language)
    note = language.word(
        "observed note", seen=seen, start=language.date(one.start), end=language.date(one.end), source=one.source, grade=f"{grade}{one.credibility}"
    )
    return Mark(start, end, one.quantity * factor, low, high, grade, one.credibility, note)


def _frame(curve: Curve, marks: list[Mark], ghost: Curve | None, width: int) -> Frame:
    first, last = float(curve.days[0]), float(curve.days[-1])
    shown = [mark for mark in marks if first <= mark.end and mark.start <= last]
    besides = [] if ghost is None else [float(ghost.quantiles[2].min()), float(ghost.quantiles[2].max())]
    high = max([float(curve.quantiles.max()), *(mark.high for mark in shown), *besides])
    low = min([0.0, float(curve.quantiles.min()), *(mark.low for mark in shown), *besides])
    step = _nice((high - low) / 5 or 1.0)
    return Frame(first, max(last, first + 1), math.floor(low / step) * step, max(math.ceil(high / step) * step, low + step), width)


def _nice(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= step * 0.999)


def _grid(case: Case, frame: Frame, unit: str, language: Language) -> list[str]:
    parts: list[str] = []
    step = _nice((frame.high - frame.low) / 5)
    value = math.ceil(frame.low / step - 1e-9) * step  # nought is among them
    while value <= frame.high + step / 2:
        y = frame.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{frame.right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(value, frame.most, language)}</text>')
        value += step
    for day, label in _dates(case, frame, language):
        x = frame.x(day)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.bottom}" y2="{frame.bottom + 5}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{frame.bottom + 19}" text-anchor="middle">{escape(label)}</text>')
    parts.append(f'<text class="tick" x="2" y="12">{escape(axis(unit, frame.most, language))}</text>')
    return parts


def _scale(high: float) -> float:
    """Return what an axis that ends at a value counts in: whatever has four digits is read as it is."""
    return next((scale for scale, least in ((1e9, 2e9), (1e6, 2e6), (1e3, 1e4)) if high >= least), 1.0)


def _short(value: float, high: float, language: Language) -> str:
    return language.decimals(f"{value / _scale(high):,.4g}")


def _dates(case: Case, frame: Frame, language: Language) -> list[tuple[float, str]]:
    """Return days for ticks with their labels: firsts of months, as many as fit."""
    narrow = frame.width < WIDE
    months, room = (frame.last - frame.first) / 30.44, frame.right - LEFT
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 1200) if months / step <= room / ((50 if step < 12 else 36) if narrow else 70))
    day = case.date(frame.first)
    made: list[tuple[float, str]] = []
    year, month = day.year, day.month
    while True:
        first = datetime.date(year, month, 1)
        at = case.day(first)
        if at > frame.last:
            return made
        if at >= frame.first and (month - 1) % min(every, 12) == 0 and (every <= 12 or year % (every // 12) == 0):
            short = every >= 12 or (narrow and bool(made))  # a telephone has room for one month with its year
            made.append((at, _month(first, language) if short else language.month(first)))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _month(first: datetime.date, language: Language) -> str:
    """Return a month in one word, which of January is its year."""
    return f"{first.year}" if first.month == 1 else language.short_months[first.month - 1]


def _path(frame: Frame, days: Array, values: Array) -> str:
    """Return a line through values by day, to half a point: what lies between two points that are nearer is not seen."""
    every = max(1, int(len(days) / (2 * (frame.right - LEFT))))
    chosen = np.unique(np.append(np.arange(0, len(days), every), len(days) - 1))
    places = zip(frame.x(days[chosen]).tolist(), frame.y(values[chosen]).tolist(), strict=True)
    return "M" + "L".join([f"{x:.1f},{y:.1f}" for x, y in places])


def _band(frame: Frame, days: Array, low: Array, high: Array, kind: str) -> str:
    back = _path(frame, days[::-1], low[::-1])[1:]
    return f'<path class="{kind}" d="{_path(frame, days, high)}L{back}Z"/>'


def _labels(frame: Frame, curve: Curve, language: Language) -> list[str]:
    """Label the right edge of the ranges directly, kept apart where they are close."""
    names = {4: "95 %", 3: "75 %", 2: language.word("median"), 1: "25 %", 0: "5 %"}
    ends = [(language.spaced(f"{name}{language.word('colon')}"), float(curve.quantiles[i, -1])) for i, name in names.items()]
    low, high = float(curve.quantiles[0, -1]), float(curve.quantiles[4, -1])
    places: list[float] = []
    for _, value in ends:
        y = frame.y(value) + 4
        places.append(max(y, places[-1] + 13) if places else y)
    over = places[-1] - (frame.bottom + 4)
    if over > 0:
        places = [min(place, frame.bottom + 4 - 13 * (len(ends) - 1 - i)) for i, place in enumerate(places)]
    return [
        f'<text class="label" x="{frame.right + 6}" y="{y:.1f}">{name}{_short(words.rounded(value, low, high), frame.most, language)}</text>'
        for (name, value), y in zip(ends, places, strict=True)
    ]


def _event(frame: Frame, name: str, day: float, y: float) -> list[str]:
    """Draw an event: a line from its name, which has a row of its own above the plane, down to the axis."""
    x = frame.x(day)
    anchor, shift = ("end", -4) if x > (LEFT + frame.right) / 2 else ("start", 4)
    most = int((x if anchor == "end" else frame.width - x) / SIGN) - 1
    name = name if len(name) <= most else f"{name[: most - 1]}…"
    return [
        f'<line class="event" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 9:.1f}" y2="{frame.bottom}"/>',
        f'<text class="tick" x="{x + shift:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(name)}</text>',
    ]


def _drawn(frame: Frame, mark: Mark) -> str:
    """Draw an observation in the shape of its credibility, filled if its source is reliable; a line over its period, a whisker over its bounds."""
    if mark.end < frame.first or mark.start > frame.last:
        return ""
    start, end = frame.x(max(mark.start, frame.first)), frame.x(min(mark.end, frame.last))
    x, y = (start + end) / 2, frame.y(mark.value)
    whisker = f'<line class="seen" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.y(mark.low):.1f}" y2="{frame.y(mark.high):.1f}"/>'
    line = f'<line class="seen" x1="{start:.1f}" x2="{end:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>' if mark.end - mark.start > 2 else ""
    return f"<g><title>{escape(mark.note)}</title>{whisker}{line}{shape(x, y, mark.reliability, mark.credibility)}</g>"


def shape(x: float, y: float, reliability: str, credibility: int) -> str:
    """Return the mark of a grade: a circle where what is said is confirmed or probably true, a square where it is possible, a diamond where it is doubtful or cannot be judged; filled for A and B."""
    kind = "seen sure" if reliability in ("A", "B") else "seen"
    if credibility <= 2:
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if credibility > 3 else ""
    return f'<rect class="{kind}" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"{turn}/>'
