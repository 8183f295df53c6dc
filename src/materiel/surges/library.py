"""The library of surges that ships with this package: series of arms output with what kind of surge each was, and where every figure is from."""

from __future__ import annotations

import csv
import datetime
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from materiel.surges.groups import OfAWar
from materiel.surges.periods import rate
from materiel.surges.periods import read as read_period
from materiel.surges.reading import FEWEST
from materiel.surges.series import Point, Series, Target

FOLDER = Path(__file__).parent / "library"
"""Where its tables stand: output.csv, series.csv, promises.csv, sources.csv, and baselines.csv, which `make backtest` writes."""

_SAME = 3
"""Figures that two series must share to be taken for the same; in another unit, different ones."""
_DIGITS = 8
"""Digits that tell something which figures in one ratio must have together: round ones go together by chance."""
_ONE_RATIO = 1e-6
"""Up to which relative difference two ratios are one."""


@dataclass(frozen=True)
class Surge(OfAWar):
    """A series with what it was: its class of item, country and war, whether it has several stages, its plant (new, converted, existing, mixed), when demand began and ended.

    `dropped` says why it is shipped but neither learned from nor scored; `verified` is the share of its figures found again on a public page.
    """

    series: Series
    item: str
    country: str
    war: str
    stages: str
    plant: str
    begun: datetime.date
    ended: datetime.date | None
    dropped: str
    verified: float


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of the library."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def everything() -> tuple[Surge, ...]:
    """Return all series that are shipped, those that are dropped included."""
    figures: dict[str, list[dict[str, str]]] = {}
    for row in rows("output"):
        figures.setdefault(row["series"], []).append(row)
    promises: dict[str, list[Target]] = {}
    for row in rows("promises"):
        if row["series"] and row["period"]:
            period = read_period(row["period"])
            promises.setdefault(row["series"], []).append(Target(_day(row["announced"]), period, rate(float(row["target"]), row["unit"], period)))
    return tuple(_surge(row, figures[row["series"]], promises.get(row["series"], [])) for row in rows("series"))


def surges() -> tuple[Surge, ...]:
    """Return the series to learn from and to score on."""
    return tuple(one for one in everything() if not one.dropped)


def apart_from(series: Series) -> tuple[Surge, ...]:
    """Return the surges to learn from when a series is forecast: without the country and war of any that is the same, by its name or by its figures, whatever their unit."""
    same = {surge.group for surge in everything() if surge.series.name == series.name or _same_figures(surge.series, series)}
    return tuple(one for one in surges() if one.group not in same)


def _same_figures(ours: Series, theirs: Series) -> bool:
    """Say whether two series tell the same: three rates alike, or three different ones in one ratio, as in thousands or by the day, with digits enough that this is no chance."""
    at = {(one.period.start, one.period.end): float(monthly) for one, monthly in zip(theirs.points, theirs.rates, strict=True)}
    made = [at.get((one.period.start, one.period.end), 0.0) for one in ours.points]
    shared = [(one.quantity, their / float(mine)) for one, mine, their in zip(ours.points, ours.rates, made, strict=True) if mine > 0 and their > 0]
    ratios = np.array([ratio for _, ratio in shared])
    if np.count_nonzero(ratios == 1.0) >= _SAME:
        return True
    for ratio in ratios:
        figures = {figure for (figure, _), like in zip(shared, np.isclose(ratios, ratio, rtol=_ONE_RATIO, atol=0.0), strict=True) if like}
        if len(figures) >= _SAME and sum(map(_digits, figures)) >= _DIGITS:
            return True
    return False


def _digits(figure: float) -> int:
    """Return how many digits of a figure tell something: without noughts before and after."""
    return len(f"{figure:.12e}".partition("e")[0].replace(".", "").strip("0"))


def _surge(row: dict[str, str], figures: list[dict[str, str]], promises: list[Target]) -> Surge:
    points = [Point(read_period(one["period"]), float(one["quantity"]), _bound(one["lower"]), _bound(one["upper"])) for one in figures]
    series = Series(row["series"], figures[0]["unit"], tuple(sorted(points, key=lambda one: one.period)), tuple(promises))
    verified = sum(one["standing"] == "verified" for one in figures) / len(figures)
    few = "" if len(points) >= FEWEST else f"fewer than {FEWEST} points"
    ended = _day(row["ended"]) if row["ended"] else None
    return Surge(series, row["item"], row["country"], row["war"], row["stages"], row["plant"], _day(row["begun"]), ended, row["dropped"] or few, verified)


def _bound(text: str) -> float | None:
    return float(text) if text else None


def _day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)
