"""Series of output as anybody keeps them, and promises about them: CSV or XLSX, with every problem at its place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from materiel.case.reading import Row, number_or_word, read_table
from materiel.case.sheets import read_sheet
from materiel.errors import CaseError, Place, Problem, nearest
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
    grouped: dict[str, list[Row]] = {}
    for row in _rows(path, shown, _NEEDS, _MAY):
        grouped.setdefault(row.cells.get("series", "").strip() or path.stem, []).append(row)
    if not grouped:
        raise CaseError([Problem(Place(shown, 2), "no row below the names of the columns", "a row for each period")])
    made = [_series(name, rows, problems) for name, rows in grouped.items()]
    promises = _targets(targets, made, problems) if targets is not None else {}
    if problems:
        raise CaseError(problems)
    return [replace(one, targets=tuple(promises.get(one.name, ()))) for one in made]


def flags(series: Series) -> list[str]:
    """Return what looks odd about a series and may still be right, with the place where it begins."""
    first, last = series.points[0], series.points[-1]
    rising = all(one.quantity <= other.quantity for one, other in pairwise(series.points)) and first.quantity < last.quantity
    odd = [f"the name {series.name} says {word!r}"] if (word := _so_far(series.name)) else []
    odd += (
        [f"{series.name} never falls in {len(series.points)} points, {first.period.text} to {last.period.text}"]
        if len(series.points) >= RISING and rising
        else []
    )
    return [f"{series.place}: {one}: if it counts everything so far, give what was made in each period instead" for one in odd]


def _so_far(text: str) -> str:
    """Return the word by which a text says that everything so far is counted, "" without one."""
    plain = text.lower().replace("-", " ").replace("_", " ")
    return next((word for word in _SO_FAR if word in plain), "")


def _rows(path: Path, shown: str, required: tuple[str, ...], allowed: tuple[str, ...]) -> list[Row]:
    return (read_sheet if path.suffix == ".xlsx" else read_table)(path, shown, required, allowed)


def _series(name: str, rows: Sequence[Row], problems: list[Problem]) -> Series:
    """Return a series in the order of its periods; one in two units, with periods twice, too short, or that says it counts everything so far, is a problem."""
    unit = rows[0].cells["unit"].strip()
    _one_unit(rows, problems)
    for column in ("series", "unit"):
        text = rows[0].cells.get(column, "").strip()
        if word := _so_far(text):
            found = f"{column} {text!r} says {word!r}: that each row counts everything so far"
            problems.append(Problem(rows[0].place(column), found, "what was made in each period: the differences"))
    if len(rows) < FEWEST:
        count = f"{len(rows)} point{'s' if len(rows) > 1 else ''}"
        problems.append(
            Problem(rows[0].place("period"), f"series {name!r} has {count}", f"at least {FEWEST}: three to forecast from, one to hold the forecast against")
        )
    dated = [(period, row) for row in rows if (period := _period(row, problems)) is not None]
    _apart(name, sorted(dated, key=lambda one: (one[0], one[1].line)), problems)
    points = [point for period, row in dated if (point := _point(period, row, problems)) is not None]
    return Series(name, unit, tuple(sorted(points, key=lambda one: one.period)), place=str(rows[0].place("period")))


def _one_unit(rows: Sequence[Row], problems: list[Problem]) -> None:
    """Tell of rows without a unit, and of each unit that is not that of the first row, once."""
    unit, others = rows[0].cells["unit"].strip(), dict[str, list[Row]]()
    for row in rows:
        found = row.cells["unit"].strip()
        if not found:
            problems.append(Problem(row.place("unit"), "unit is blank", "a unit in every row, such as rounds or rounds/month"))
        elif unit and found != unit:
            others.setdefault(found, []).append(row)
    for found, there in others.items():
        more = f", in {len(there)} rows" if len(there) > 1 else ""
        allowed = f"one unit in a series; {unit!r} stands in line {rows[0].line}"
        problems.append(Problem(there[0].place("unit"), f"unit {found!r} in a series in {unit!r}{more}", allowed))


def _apart(name: str, dated: Sequence[tuple[Period, Row]], problems: list[Problem]) -> None:
    """Tell of periods that stand twice, or overlap the one before."""
    for (one, first), (two, row) in pairwise(dated):
        if (one.start, one.end) == (two.start, two.end):
            problems.append(
                Problem(row.place("period"), f"period {two.text!r} stands twice in {name!r}", f"one {two.text!r}; the first is in line {first.line}")
            )
        elif two.start < one.end:
            problems.append(Problem(row.place("period"), f"period {two.text!r} overlaps {one.text!r}", f"periods apart; {one.text!r} is in line {first.line}"))


def _point(period: Period, row: Row, problems: list[Problem]) -> Point | None:
    amount, lower, upper = (_number(row, column, problems) for column in ("quantity", "lower", "upper"))
    if not row.cells["quantity"].strip():
        problems.append(Problem(row.place("quantity"), "quantity is blank", "a number; leave out the row of a period about which nothing is known"))
    if amount is not None and lower is not None and lower > amount:
        problems.append(Problem(row.place("lower"), f"{lower:g} is above the quantity {amount:g}", "at most the quantity"))
    if amount is not None and upper is not None and upper < amount:
        problems.append(Problem(row.place("upper"), f"{upper:g} is below the quantity {amount:g}", "at least the quantity"))
    return None if amount is None else Point(period, amount, lower, upper)


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
