"""Series of output as anybody keeps them, and promises about them: CSV or XLSX, with every problem at its place."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path

from materiel.case.reading import Row, number_or_word, read_table
from materiel.case.sheets import read_sheet
from materiel.errors import CaseError, Problem, nearest
from materiel.surges.periods import ALLOWED, Period, rate
from materiel.surges.periods import read as read_period
from materiel.surges.series import Point, Series, Target

FEWEST = 4
"""Points of a series: three to forecast from, one to hold the forecast against."""
RISING = 8
"""Points from which a series that never falls is flagged: it may count everything so far."""

_NEEDS = ("period", "quantity", "unit")
_MAY = (*_NEEDS, "series", "lower", "upper", "source", "standing", "note")
_TARGET_NEEDS = ("announced", "period", "target")
_TARGET_MAY = (*_TARGET_NEEDS, "series", "unit", "source", "note")
_SO_FAR = ("cumulative", "cumul", "so far", "to date", "running total")


def read_series(path: Path, shown: str, targets: Path | None = None) -> list[Series]:
    """Return the series of a table, in the order in which they first stand there. Raises CaseError with all problems of both files."""
    problems: list[Problem] = []
    grouped: dict[str, list[tuple[Row, Point]]] = {}
    units: dict[str, tuple[str, Row]] = {}
    for row in _rows(path, shown, _NEEDS, _MAY):
        name, unit = row.cells.get("series", "").strip() or path.stem, row.cells["unit"].strip()
        first, there = units.setdefault(name, (unit, row))
        if not unit:
            problems.append(Problem(row.place("unit"), "unit is blank", "a unit in every row, such as rounds or rounds/month"))
        elif unit != first:
            problems.append(
                Problem(row.place("unit"), f"unit {unit!r} in a series in {first!r}", f"one unit in a series; {first!r} stands in line {there.line}")
            )
        point = _point(row, problems)
        grouped.setdefault(name, [])
        if point is not None:
            grouped[name].append((row, point))
    made = [_series(name, units[name], found, problems) for name, found in grouped.items()]
    promises = _targets(targets, made, problems) if targets is not None else {}
    if problems:
        raise CaseError(problems)
    return [Series(one.name, one.unit, one.points, tuple(promises.get(one.name, ()))) for one in made]


def flags(series: Series) -> list[str]:
    """Return what looks odd about a series and may still be right."""
    rising = all(one.quantity <= other.quantity for one, other in pairwise(series.points))
    if len(series.points) >= RISING and rising:
        return [f"{series.name} never falls in {len(series.points)} points: if it counts everything so far, give what was made in each period instead"]
    return []


def _rows(path: Path, shown: str, required: tuple[str, ...], allowed: tuple[str, ...]) -> list[Row]:
    return (read_sheet if path.suffix == ".xlsx" else read_table)(path, shown, required, allowed)


def _point(row: Row, problems: list[Problem]) -> Point | None:
    period = _period(row, problems)
    amount, lower, upper = (_number(row, column, problems) for column in ("quantity", "lower", "upper"))
    if not row.cells["quantity"].strip():
        problems.append(Problem(row.place("quantity"), "quantity is blank", "a number; leave out the row of a period about which nothing is known"))
    if amount is not None and lower is not None and lower > amount:
        problems.append(Problem(row.place("lower"), f"{lower:g} is above the quantity {amount:g}", "at most the quantity"))
    if amount is not None and upper is not None and upper < amount:
        problems.append(Problem(row.place("upper"), f"{upper:g} is below the quantity {amount:g}", "at least the quantity"))
    return None if period is None or amount is None else Point(period, amount, lower, upper)


def _period(row: Row, problems: list[Problem]) -> Period | None:
    try:
        return read_period(row.cells["period"])
    except ValueError as error:
        problems.append(Problem(row.place("period"), str(error), ALLOWED))
        return None


def _number(row: Row, column: str, problems: list[Problem]) -> float | None:
    """Return the number of a cell, or None where it is blank or, with a problem, no output."""
    raw = row.cells.get(column, "").strip()
    if not raw:
        return None
    value = number_or_word(raw)
    if isinstance(value, str) or not math.isfinite(value):
        problems.append(Problem(row.place(column), f"{raw!r} is not a number", "a plain number, such as 1200 or 1.5"))
        return None
    if value < 0:
        problems.append(Problem(row.place(column), f"{column} {value:g} is negative", "output of nought or more"))
        return None
    return float(value)


def _series(name: str, unit: tuple[str, Row], found: list[tuple[Row, Point]], problems: list[Problem]) -> Series:
    """Return a series in the order of its periods; those that are given twice, overlap, are too few or count everything so far are problems."""
    ordered = sorted(found, key=lambda one: one[1].period)
    for (row, one), (other, two) in pairwise(ordered):
        if one.period.start == two.period.start and one.period.end == two.period.end:
            problems.append(
                Problem(
                    other.place("period"), f"period {two.period.text!r} stands twice in {name!r}", f"one {two.period.text!r}; the first is in line {row.line}"
                )
            )
        elif two.period.start < one.period.end:
            problems.append(
                Problem(
                    other.place("period"),
                    f"period {two.period.text!r} overlaps {one.period.text!r}",
                    f"periods apart; {one.period.text!r} is in line {row.line}",
                )
            )
    text, row = unit
    said = next((word for word in _SO_FAR if word in f"{name} {text}".lower().replace("-", " ").replace("_", " ")), "")
    if said:
        problems.append(Problem(row.place("unit"), f"{name!r} in {text!r} is {said}", "what was made in each period: the differences"))
    if 0 < len(found) < FEWEST:
        count = f"{len(found)} point{'s' if len(found) > 1 else ''}"
        problems.append(
            Problem(row.place("period"), f"series {name!r} has {count}", f"at least {FEWEST}: three to forecast from, one to hold the forecast against")
        )
    return Series(name, text, tuple(point for _, point in ordered))


def _targets(path: Path, series: Iterable[Series], problems: list[Problem]) -> dict[str, list[Target]]:
    """Return the promises of a table by the series that they are about."""
    known = {one.name: one for one in series}
    made: dict[str, list[Target]] = {}
    for row in _rows(path, str(path), _TARGET_NEEDS, _TARGET_MAY):
        name = row.cells.get("series", "").strip() or (next(iter(known)) if len(known) == 1 else "")
        if name not in known:
            problems.append(Problem(row.place("series"), f"no series {name!r}", ", ".join(known), nearest(name, list(known))))
            continue
        unit = row.cells.get("unit", "").strip() or known[name].unit
        if unit != known[name].unit:
            problems.append(Problem(row.place("unit"), f"a target in {unit!r} for a series in {known[name].unit!r}", known[name].unit))
        period, amount = _period(row, problems), _number(row, "target", problems)
        try:
            announced = date.fromisoformat(row.cells["announced"].strip())
        except ValueError:
            problems.append(Problem(row.place("announced"), f"{row.cells['announced'].strip()!r} is not a day", "a day as YYYY-MM-DD"))
            continue
        if period is not None and amount is not None:
            made.setdefault(name, []).append(Target(announced, period, rate(amount, unit, period)))
    return made
