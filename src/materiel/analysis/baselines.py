"""Naive forecasts, which a model has to beat: each from what was observed by the day of the forecast, and from nothing else.

They are those of Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed. (2021), ch. 5 and 7, on observations that need not be evenly spaced.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.analysis.scores import COUNT, PROBABILITIES

Array = npt.NDArray[np.float64]

FEWEST_FOR_A_TREND = 5
"""Points from which a trend is fitted: two parameters, and a variance that exists."""


@dataclass(frozen=True)
class Seen:
    """What was observed over some days, both ends included, in the unit of the question."""

    start: datetime.date
    end: datetime.date
    quantity: float


@dataclass(frozen=True)
class Points:
    """Observations as points in time: `values` per day at the middle of their days where the question asks for a total, else as they are at their last day.

    `ahead` is how many days after the last point the question is about, `scale` how many days its total has, 1 where it is none.
    """

    days: Array
    values: Array
    ahead: float
    scale: float

    @property
    def positive(self) -> bool:
        """Whether every value has a logarithm."""
        return bool(np.all(self.values > 0))


def points(seen: Sequence[Seen], first: datetime.date | None, day: datetime.date) -> Points:
    """Return what was seen as points, in the order of their days; `first` is the first day of a total."""
    ordered = sorted(seen, key=lambda one: (one.end, one.start))
    lengths = np.array([(one.end - one.start).days + 1.0 for one in ordered])
    ends, values = np.array([float(one.end.toordinal()) for one in ordered]), np.array([one.quantity for one in ordered])
    if first is None:
        days, goal, scale = ends, float(day.toordinal()), 1.0
    else:
        days, values = ends - (lengths - 1) / 2, values / lengths
        scale = (day - first).days + 1.0
        goal = day.toordinal() - (scale - 1) / 2
    return Points(days, values, goal - float(days[-1]) if len(days) else 0.0, scale)


def naive(seen: Sequence[Seen], first: datetime.date | None, day: datetime.date) -> dict[str, Array | str]:
    """Return the quantiles of every naive forecast at PROBABILITIES, or why there is none."""
    found = points(seen, first, day)
    rules: dict[str, tuple[int, Callable[[Points], Array]]] = {
        "last value": (1, _last), "drift": (2, _drift), "base rate": (2, _base_rate), "trend": (FEWEST_FOR_A_TREND, _trend),
    }  # fmt: skip
    made: dict[str, Array | str] = {"nothing": np.zeros(COUNT)}
    for name, (least, rule) in rules.items():
        if len(found.days) < least or len(set(found.days)) < len(found.days):
            made[name] = f"{len(set(found.days))} of {least} observations" if len(found.days) < least else "two observations of one day"
        elif name == "trend" and not found.positive:
            made[name] = "a value that has no logarithm"
        else:
            made[name] = rule(found) * found.scale
    return made


def _normal(middle: float, deviation: float) -> Array:
    return middle + deviation * portable.normal_quantile(PROBABILITIES)


def _last(found: Points) -> Array:
    """Carry the last value forward, spread as changes so far were: a random walk, of logarithms where there are any; one value or two are carried as they are."""
    values = np.log(found.values) if found.positive else found.values
    changes, lengths = np.diff(values), np.diff(found.days)
    deviation = math.sqrt(float(np.mean(changes**2 / lengths)) * max(found.ahead, 0.0)) if len(changes) > 1 else 0.0
    made = _normal(float(values[-1]), deviation)
    return np.exp(made) if found.positive else _not_below(made, found)


def _drift(found: Points) -> Array:
    """Carry on by the mean change so far, spread as changes differed from it; of two values nobody knows how they differ."""
    changes, lengths = np.diff(found.values), np.diff(found.days)
    whole = float(np.sum(lengths))
    slope = float(found.values[-1] - found.values[0]) / whole
    variance = float(np.sum((changes - slope * lengths) ** 2 / lengths)) / (len(changes) - 1) if len(changes) > 1 else 0.0
    ahead = max(found.ahead, 0.0)
    return _not_below(_normal(float(found.values[-1]) + slope * ahead, math.sqrt(variance * ahead * (1 + ahead / whole))), found)


def _base_rate(found: Points) -> Array:
    """Take every value so far for equally likely to come again."""
    return portable.quantiles(np.sort(found.values), PROBABILITIES, observed=True)


def _trend(found: Points) -> Array:
    """Carry on the straight line through the logarithms; Student's distribution is taken as a normal one of its variance."""
    n = len(found.days)
    x: Array = found.days - found.days[-1]
    y: Array = np.log(found.values)
    centre, squares = float(np.mean(x)), float(np.sum((x - np.mean(x)) ** 2))
    slope = float(np.sum((x - centre) * (y - np.mean(y)))) / squares
    residual = float(np.sum((y - np.mean(y) - slope * (x - centre)) ** 2)) / (n - 2)
    variance = residual * (1 + 1 / n + (found.ahead - centre) ** 2 / squares) * (n - 2) / (n - 4)
    return np.exp(np.minimum(_normal(float(np.mean(y)) + slope * (found.ahead - centre), math.sqrt(variance)), 700.0))


def _not_below(made: Array, found: Points) -> Array:
    """Keep what was never negative from becoming so."""
    return np.maximum(made, 0.0) if np.all(found.values >= 0) else made
