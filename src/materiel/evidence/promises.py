"""What an announced target is worth: the target, discounted by what became of promises of which that was known by a day.

A promise is of growth: from the level on the day it is made to the target, on the scale of logarithms. What comes of it by the due day is

    log(reached / level) = growth * share + sqrt(growth) * error,

the share of the growth that comes, which may hang on how far ahead and how steep the promise is, and an error that is wider, the more is promised, but less than in
proportion. Both were fitted to the record of promises, once for every day on which the outcome of one became known; before the first, only what was assumed beforehand is left,
and that is wide. Why this form: docs/decisions/0018-promises.md.
"""

from __future__ import annotations

import csv
import datetime
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.evidence.data import FOLDER

Array = npt.NDArray[np.float64]

FILE = FOLDER / "promises.csv"
"""The discounts by the day from which each holds, made by `make promises`."""
DAYS_OF_A_MONTH = 365.25 / 12
SLOPES = ("share", "horizon", "ambition")
"""What the share of growth is made of: a constant, how far ahead, how steep."""


def features(growth: float, months: float) -> tuple[float, float, float]:
    """Return what the share of a promised growth (a logarithm, above nought) in so many months hangs on.

    Horizon and ambition lie between -1 and 1, and are nought at a year and at a growth by the factor e, so that no promise lies far outside of those that were learned from.
    """
    return 1.0, (months - 12.0) / (months + 12.0), (1.0 - growth) / (1.0 + growth)


@dataclass(frozen=True)
class Discount:
    """What promises are worth by what was known on a day: of how many promises, and of how many countries at war, the outcome was known.

    `means` are those of the share of growth that comes, by SLOPES; `covariance` is theirs in units of the squared error, by rows; `error` has `freedom` degrees of it.
    """

    known: datetime.date
    promises: int
    groups: int
    means: tuple[float, ...]
    covariance: tuple[float, ...]
    error: float
    freedom: int

    def share(self, growth: float, months: float) -> float:
        """Return the median share of a promised growth that comes."""
        return sum(mean * one for mean, one in zip(self.means, features(growth, months), strict=True))

    def scale(self, growth: float, months: float) -> float:
        """Return how far what comes is spread around its median, on the scale of logarithms, for a country at war of which nothing was learned."""
        on = features(growth, months)
        own = sum(self.covariance[3 * i + j] * on[i] * on[j] for i in range(3) for j in range(3))
        return self.error * math.sqrt(growth * (1.0 + growth * own))

    def comes(self, growth: float, months: float, scores: Array) -> Array:
        """Return the growth that comes of a promised one, a logarithm, at normal scores; any shape."""
        return growth * self.share(growth, months) + self.scale(growth, months) * student(scores, self.freedom)


def student(scores: Array, freedom: int) -> Array:
    """Return quantiles of Student's distribution at the probabilities of normal scores, as `portable` arithmetic gives them everywhere (Abramowitz and Stegun 26.7.5)."""
    z, z2 = scores, scores * scores
    terms = (
        z * (z2 + 1.0) / 4.0,
        z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0,
        z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0,
        z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92160.0,
    )
    made = z
    for power, term in enumerate(terms, 1):
        made = made + term / float(freedom**power)
    return made


def added(doubts: Sequence[tuple[float, Array]]) -> Array:
    """Return how far percentiles lie from their median where independent doubts add up, each given by its weight and by how far its own percentiles lie from its median."""
    whole = np.zeros_like(doubts[0][1])
    for weight, offsets in doubts:
        whole = whole + (weight * offsets) ** 2
    return np.sign(doubts[0][1]) * np.sqrt(whole)


@functools.cache
def discounts() -> tuple[Discount, ...]:
    """Return the discounts that ship with this package, in the order of the days from which they hold."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_read(row) for row in csv.DictReader(file))


def as_of(day: datetime.date) -> Discount:
    """Return the discount by what was known on a day; before any day of the record, as where nothing was known."""
    known = [one for one in discounts() if one.known <= day]
    return known[-1] if known else discounts()[0]


def _read(row: dict[str, str]) -> Discount:
    means = tuple(float(row[name]) for name in SLOPES)
    covariance = tuple(float(row[_column(i, j)]) for i in range(3) for j in range(3))
    return Discount(
        datetime.date.fromisoformat(row["known"]), int(row["promises"]), int(row["groups"]), means, covariance, float(row["error"]), int(row["freedom"])
    )


def written(one: Discount) -> dict[str, str]:
    """Return a discount as a row of the file."""
    row = {"known": one.known.isoformat(), "promises": str(one.promises), "groups": str(one.groups), "error": f"{one.error:.6g}", "freedom": str(one.freedom)}
    row |= {name: f"{mean:.6g}" for name, mean in zip(SLOPES, one.means, strict=True)}
    return row | {_column(i, j): f"{one.covariance[3 * i + j]:.6g}" for i in range(3) for j in range(i, 3)}


def _column(i: int, j: int) -> str:
    """Return the name of the column of a covariance, which stands once for both orders."""
    return f"{SLOPES[min(i, j)]} and {SLOPES[max(i, j)]}"


def horizon(said: datetime.date, due: tuple[datetime.date, datetime.date]) -> float:
    """Return how many months lie between a promise and the middle of the days for which it is made."""
    return ((due[0] - said).days + (due[1] - said).days) / 2.0 / DAYS_OF_A_MONTH


def logarithm(factor: float) -> float:
    """Return a growth on the scale on which promises are discounted."""
    return float(portable.log(factor))
