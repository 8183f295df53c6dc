"""The record of promises: how each came out, and the discount that is learned from it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from materiel.analysis import scores
from materiel.evidence.promises import Discount, added, features, logarithm
from materiel.surges import naive
from materiel.surges.groups import Fold, OfAWar
from materiel.surges.library import Surge, rows, surges
from materiel.surges.naive import NORMAL
from materiel.surges.periods import DAYS_OF_A_MONTH
from materiel.surges.periods import read as read_period
from materiel.surges.series import Array, Past

MEANS = (0.5, 0.0, 0.0)
"""The share of growth that is expected before any outcome is known: half-way between no change and the promise at its word, whatever horizon and ambition."""
VARIANCES = (1.0, 0.25, 0.25)
"""How uncertain that is, in units of the squared error."""
ERROR, FREEDOM = 0.5, 4
"""Error that is expected beforehand, and what that is worth in promises."""
TOGETHER = 0.5
"""Correlation of the errors of promises of one country at war, so that many of them do not count as many."""
RESAMPLES = 2000
"""Times that countries at war are drawn anew."""
FIRST_DAY = datetime.date(1900, 1, 1)
"""Day from which what was assumed beforehand holds."""


@dataclass(frozen=True)
class Outcome(OfAWar):
    """A promise and what came of it: the growth promised and the growth that came, as logarithms, months ahead, and the day on which the outcome was known."""

    what: str
    country: str
    war: str
    announced: datetime.date
    months: float
    promised: float
    came: float
    known: datetime.date


def outcomes() -> tuple[Outcome, ...]:
    """Return the promises of growth that have a level, a due period and an outcome, in the order in which outcomes became known."""
    made: list[Outcome] = []
    for row in rows("promises"):
        if row["level"] and row["reached"] and row["period"]:
            announced, period = datetime.date.fromisoformat(row["announced"]), read_period(row["period"])
            months = ((period.start - announced).days + (period.end - announced).days) / 2 / DAYS_OF_A_MONTH
            level, target, reached = (float(row[name]) for name in ("level", "target", "reached"))
            known = datetime.date.fromisoformat(row["known"])
            made.append(Outcome(row["what"], row["country"], row["war"], announced, months, logarithm(target / level), logarithm(reached / level), known))
    return tuple(sorted(made, key=lambda one: (one.known, one.announced)))


def fit(learned: Sequence[Outcome], known: datetime.date = FIRST_DAY) -> Discount:
    """Return the discount that outcomes teach: a linear regression with conjugate priors, errors of one country at war correlated; known answers for none and for many."""
    design, came, apart = _regression(learned)
    before, expected = np.diag(1.0 / np.array(VARIANCES)), np.array(MEANS)
    precision = before + design.T @ np.linalg.solve(apart, design)
    covariance = np.linalg.inv(precision)
    means = covariance @ (before @ expected + design.T @ np.linalg.solve(apart, came))
    left = float(came @ np.linalg.solve(apart, came) + expected @ before @ expected - means @ precision @ means)
    freedom = FREEDOM + len(learned)
    error = float(np.sqrt((FREEDOM * ERROR**2 + left) / freedom))
    groups = len({one.group for one in learned})
    return Discount(known, len(learned), groups, tuple(map(float, means)), tuple(map(float, covariance.ravel())), error, freedom)


def _regression(learned: Sequence[Outcome]) -> tuple[Array, Array, Array]:
    """Return what outcomes hang on and what came, both divided by the root of the growth so that errors are of one size, and the correlation of the errors."""
    roots = np.sqrt(np.array([one.promised for one in learned]))
    design = roots[:, None] * np.array([features(one.promised, one.months) for one in learned]).reshape(len(learned), 3)
    same = np.array([[one.group == other.group for other in learned] for one in learned], dtype=np.float64).reshape(len(learned), len(learned))
    apart = TOGETHER * same + (1.0 - TOGETHER) * np.eye(len(learned))
    return design, np.array([one.came for one in learned]) / roots, apart


def discounts() -> list[Discount]:
    """Return what promises were worth, from the beginning and from each day on which an outcome became known."""
    found = outcomes()
    days = [FIRST_DAY, *sorted({one.known for one in found})]
    return [fit([one for one in found if one.known <= day], day) for day in days]


def apart(left: Sequence[Surge]) -> Discount:
    """Return the discount for a fold, given the surges that may be learned from: nothing of a country at war that is left out, nor of a war of which no surge is left."""
    wars = {one.war for one in left}
    out = {one.group for one in surges()} - {one.group for one in left}
    return fit([one for one in outcomes() if one.group not in out and one.war in wars])


def announced(discount: Discount, past: Past, ahead: Array) -> Array | None:
    """Forecast a series by the last promise that has not come due, discounted: as much of the way to it, and after it, as comes of such promises. Shape (ahead, quantiles).

    The way is straight on the scale of logarithms from the last value, as if each point of it had been promised; what comes of it and the unsteadiness of the series so far are
    independent doubts. None where nothing was promised, nothing is made yet, or no growth is promised.
    """
    way, level = naive.promised(past), float(past.rates[-1])
    if not way or level <= 0 or min(one.monthly for one in way) <= level:
        return None
    times = [0.0, *(float(past.ahead(np.array(one.period.middle))) for one in way)]
    growths = np.interp(ahead, times, [0.0, *(logarithm(one.monthly / level) for one in way)])
    months = np.minimum(ahead, times[-1]) * past.spacing
    comes = np.array([discount.comes(float(growth), float(span), NORMAL) for growth, span in zip(growths, months, strict=True)])
    middles = past.scaled(level * np.exp([growth * discount.share(growth, span) for growth, span in zip(growths, months, strict=True)]))[:, None]
    own = naive.unsteadiness(past) * np.sqrt(ahead)[:, None] * np.broadcast_to(NORMAL, comes.shape)
    return middles + added([(1.0, past.scaled(level * np.exp(comes)) - middles), (1.0, own)])


Forecast = Callable[[Sequence[Outcome], Outcome], Array]
"""From outcomes that may be learned from and a promise to quantiles of the growth that comes."""


def discounted(learned: Sequence[Outcome], one: Outcome) -> Array:
    """Forecast what comes of a promise by its discount."""
    return fit(learned).comes(one.promised, one.months, NORMAL)


def point(share: float) -> Forecast:
    """Return a forecast that just a fixed share of the growth comes."""
    return lambda _, one: np.full(len(NORMAL), share * one.promised)


def spread(share: float) -> Forecast:
    """Return a forecast that a fixed share of the growth comes, spread as it erred for the promises that may be learned from: the rivals, given a fair chance."""

    def forecast(learned: Sequence[Outcome], one: Outcome) -> Array:
        errors = [(other.came - share * other.promised) ** 2 / other.promised for other in learned]
        return share * one.promised + np.sqrt(one.promised * float(np.mean(errors))) * NORMAL

    return forecast


RIVALS: dict[str, Forecast] = {
    "discounted": discounted,
    "at its word": point(1.0),
    "no change": point(0.0),
    "at its word, spread as it erred": spread(1.0),
    "no change, spread as it erred": spread(0.0),
}
"""What is held against the record."""


@dataclass(frozen=True)
class Held:
    """A forecast held against the record, promise by promise: CRPS of the growth as a logarithm, and whether what came lies in the 50 and 90 % ranges."""

    crps: Array
    in50: Array
    in90: Array


def held(forecast: Forecast, fold: Fold) -> Held:
    """Return how a forecast does at each promise, made from what is of other folds."""
    record = outcomes()
    marks: list[tuple[float, float, float]] = []
    for one in record:
        quantiles = forecast([other for other in record if fold(other) != fold(one)], one)
        in50, in90 = (float(low <= one.came <= high) for low, high in (scores.interval(quantiles, share) for share in (0.5, 0.9)))
        marks.append((scores.crps(quantiles, one.came), in50, in90))
    return Held(*np.array(marks).T)


def below(ours: Held, rival: Held) -> tuple[float, float, float]:
    """Return by which share the CRPS of a forecast is below that of a rival, with the middle 90 % over countries at war drawn anew, pairs kept."""
    groups = [one.group for one in outcomes()]
    names = sorted(set(groups))
    mine, theirs = (np.array([sum(mark for mark, group in zip(one.crps, groups, strict=True) if group == name) for name in names]) for one in (ours, rival))
    drawn = np.random.default_rng(1).integers(0, len(names), (RESAMPLES, len(names)))
    low, high = np.quantile(1 - np.sum(mine[drawn], axis=1) / np.sum(theirs[drawn], axis=1), [0.05, 0.95])
    return float(1 - np.sum(mine) / np.sum(theirs)), float(low), float(high)
