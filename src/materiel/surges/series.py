"""A series of output, what is known of it at an origin, and what was promised about it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from materiel.surges.periods import Period, rate

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """What was made in a period, in the unit of its series, with the bounds that its source gives."""

    period: Period
    quantity: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Target:
    """What was promised: on the day `announced`, output at the rate `monthly` in a period."""

    announced: datetime.date
    period: Period
    monthly: float


@dataclass(frozen=True)
class Series:
    """Output over time, its points in the order of their periods, none overlapping another; `place` says where it was read."""

    name: str
    unit: str
    points: tuple[Point, ...]
    targets: tuple[Target, ...] = ()
    place: str = ""

    @cached_property
    def rates(self) -> Array:
        """Output a month, shape (points,)."""
        return np.array([rate(one.quantity, self.unit, one.period) for one in self.points])

    @cached_property
    def middles(self) -> Array:
        """Middles of the periods in months, shape (points,)."""
        return np.array([one.period.middle for one in self.points])

    def past(self, seen: int) -> Past:
        """Return what is known once so many points were seen: nothing of a later one, nor of a promise made after the last of them ended."""
        day = self.points[seen - 1].period.end
        return Past(self.rates[:seen].copy(), self.middles[:seen].copy(), tuple(one for one in self.targets if one.announced < day))


@dataclass(frozen=True)
class Past:
    """What a forecaster may look at: rates a month at the middles of their periods (in months), and promises made by then."""

    rates: Array
    middles: Array
    targets: Sequence[Target] = ()

    @cached_property
    def level(self) -> float:
        """What forecasts and outcomes are scaled by: the mean rate so far."""
        return float(np.mean(self.rates))

    @cached_property
    def logs(self) -> Array:
        """The past on the scale on which it is forecast and scored: log(1 + rate / level). It is defined at nought."""
        return self.scaled(self.rates)

    @cached_property
    def spacing(self) -> float:
        """How far apart points are, in months: the median."""
        return float(np.median(np.diff(self.middles))) if len(self.middles) > 1 else 1.0

    @cached_property
    def times(self) -> Array:
        """When the points lie, counted in spacings from the last one, which is at 0; gaps are longer steps."""
        return (self.middles - self.middles[-1]) / self.spacing

    def ahead(self, middles: Array) -> Array:
        """Return how many spacings after the last point later middles lie."""
        return (middles - self.middles[-1]) / self.spacing

    def scaled(self, rates: npt.ArrayLike) -> Array:
        """Return rates on the scale of the scores."""
        return np.log1p(np.asarray(rates, dtype=np.float64) / self.level)

    def unscaled(self, logs: npt.ArrayLike) -> Array:
        """Return rates from that scale."""
        return np.expm1(np.asarray(logs, dtype=np.float64)) * self.level
