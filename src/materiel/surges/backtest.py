"""Forecasts from the origins of a series, each with only what came before, held against what came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from materiel.analysis import scores
from materiel.surges.methods import Method, forecast
from materiel.surges.periods import quantity
from materiel.surges.series import Array, Past, Series

FIRST = 3
"""Points before the first origin: a trend and how far it was off need as many."""


class Mark(NamedTuple):
    """How one method did at one period: `seen` points were known, the period is the `horizon`-th after them, `months` later between middles.

    `crps` is on the scale of logarithms, `error` is how far the median is off in the unit of the series.
    """

    series: str
    method: str
    seen: int
    horizon: int
    months: float
    crps: float
    error: float
    in50: bool
    in90: bool
    fell_back: bool


@dataclass
class Marked:
    """Marks of a series, and how often each method had nothing to say: neither itself nor what it falls back to."""

    marks: list[Mark] = field(default_factory=list[Mark])
    skipped: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, other: Marked) -> None:
        """Take in the marks and skips of another."""
        self.marks += other.marks
        for name, count in other.skipped.items():
            self.skipped[name] = self.skipped.get(name, 0) + count


def origins(series: Series) -> range:
    """Return after how many points a series can be forecast and scored."""
    return range(FIRST, len(series.points))


def score(series: Series, methods: Sequence[Method], seen: Iterable[int], farthest: int) -> Marked:
    """Return how methods did from origins, given as the numbers of points known, up to so many periods ahead. Origins at which nothing was made so far are skipped by all."""
    made = Marked(skipped={one.name: 0 for one in methods})
    for count in seen:
        past = series.past(count)
        outcomes = list(range(count, min(count + farthest, len(series.points))))
        ahead = past.ahead(series.middles[outcomes])
        for method in methods:
            found = forecast(method, methods, past, ahead) if past.level > 0 else None
            if found is None:
                made.skipped[method.name] += 1
                continue
            quantiles, by = found
            made.marks += [_mark(series, past, method.name, at, quantiles[i], by != method.name) for i, at in enumerate(outcomes)]
    return made


def _mark(series: Series, past: Past, method: str, at: int, quantiles: Array, fell_back: bool) -> Mark:
    point, seen = series.points[at], len(past.rates)
    came = float(past.scaled(series.rates[at]))
    inside = [low <= came <= high for low, high in (scores.interval(quantiles, share) for share in (0.5, 0.9))]
    median = quantity(float(past.unscaled(quantiles[scores.COUNT // 2])), series.unit, point.period)
    months = float(series.middles[at] - series.middles[seen - 1])
    return Mark(series.name, method, seen, at - seen + 1, months, scores.crps(quantiles, came), abs(median - point.quantity), inside[0], inside[1], fell_back)


def mean(values: Iterable[float]) -> float:
    """Return the mean of values, nan of none."""
    found = list(values)
    return float(np.mean(found)) if found else float("nan")
