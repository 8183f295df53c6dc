"""Growth paths of other surges, weighted by how much their beginnings are like what was seen so far.

Every surge that is learned from is cut at each of its points; what came after a cut, on the scale of logarithms and relative to it, is a path. A forecast takes the paths
of other surges whose past looks alike: how steep it was at last and before, how far it had risen, how far it had fallen from its peak, how unsteady it was, how many
points it had, how long its periods are. Falls belong to the paths, so the end of a war, a change of design or a lack of powder widen what is forecast below as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from materiel.analysis import scores
from materiel.analysis.scores import PROBABILITIES
from materiel.surges import naive
from materiel.surges.library import Surge
from materiel.surges.series import Array, Past

FIRST = 3
"""Points after which a surge is first cut."""
FARTHEST = 6
"""Points after a cut that belong to its path."""

_RECENT = 4
"""Points over which a slope is recent."""
_PRIOR = 2
"""Points that the mean unsteadiness of all surges counts for beside a surge's own."""
_FLATTENING = 0.7
"""What is left of growth after each step in the regression of paths on beginnings."""
_RIDGE = 0.02
"""How strongly that regression is drawn to nought: as much as so many times its rows would."""
_HORIZON = 0.25
"""Over what difference in the logarithm of how far ahead it is a path still counts."""
_ANY = 1e-3
"""Weight of a path that is like nothing that was seen, beside 1 for one that is alike in all."""
_ALIKE = 1e-9
"""Standard deviation up to which a feature is the same in all, but for rounding."""
_MOST_SCALING = 5.0
"""Times by which a path is made wider or narrower, at most, for being from a steadier or less steady surge."""


_UNSTEADY = 4
"""Which feature of a beginning is its unsteadiness."""


class Choice(NamedTuple):
    """What is chosen by leaving out surges that are learned from: the width of likeness in standard deviations, and how much of a difference in growth is carried over."""

    width: float
    carried: float


CHOICES = tuple(Choice(width, carried) for width in (0.7, 1.0, 1.4) for carried in (0.0, 0.5, 1.0))
"""What may be chosen."""


@dataclass(frozen=True)
class Paths:
    """Paths of surges, one for each cut and point after it: the group and the series it is from, its beginning (features), how far ahead in spacings, and the growth by then."""

    groups: tuple[str, ...]
    names: tuple[str, ...]
    beginnings: Array
    ahead: Array
    growth: Array
    kept: dict[float, tuple[Array, Array, Array]] = field(default_factory=dict[float, tuple[Array, Array, Array]], compare=False, repr=False)

    @cached_property
    def weights(self) -> Array:
        """Weights that keep long series from speaking for all: one over the root of how many paths a series has."""
        names, counts = np.unique(self.names, return_counts=True)
        return 1 / np.sqrt(counts[np.searchsorted(names, self.names)])

    @cached_property
    def spread(self) -> Array:
        """Standard deviation of each feature, shape (features,); infinite where none differs, as nothing can be told by it."""
        middle = np.average(self.beginnings, axis=0, weights=self.weights)
        found = np.sqrt(np.average((self.beginnings - middle) ** 2, axis=0, weights=self.weights))
        return np.where(found > _ALIKE, found, np.inf)

    def toward(self, ahead: float) -> tuple[Array, Array, Array]:
        """Return what does not hang on whose path is asked for: weights by horizon, coefficients of growth on beginnings, and the growth that they expect of each path."""
        if ahead not in self.kept:
            near = self.weights * np.exp(-0.5 * (np.log(self.ahead / ahead) / _HORIZON) ** 2)
            slopes = _regressed(self, near)
            self.kept[ahead] = near, slopes, _regressors(self.beginnings, self.ahead) @ slopes
        return self.kept[ahead]

    def only(self, chosen: npt.NDArray[np.bool_]) -> Paths:
        """Return the paths at which `chosen` is true."""
        at = np.flatnonzero(chosen)
        return Paths(tuple(self.groups[i] for i in at), tuple(self.names[i] for i in at), self.beginnings[at], self.ahead[at], self.growth[at])


def beginning(past: Past, typical: float) -> Array:
    """Return the features of a past, shape (7,): last growth, recent slope, rise over the level, fall from the peak, and logarithms of unsteadiness, points, spacing.

    `typical` is the unsteadiness of surges on the whole, to which that of a short one is drawn.
    """
    logs, times = past.logs, past.times
    growth = np.diff(logs) / np.diff(times)
    recent = times[-_RECENT:] - np.mean(times[-_RECENT:])
    slope = float(np.sum(recent * logs[-_RECENT:]) / np.sum(recent**2))
    unsteady = math.sqrt((float(np.sum((growth - np.median(growth)) ** 2)) + _PRIOR * typical**2) / (len(growth) + _PRIOR))
    return np.array([growth[-1], slope, logs[-1] - math.log(2), logs[-1] - np.max(logs), math.log(unsteady), math.log(len(logs)), math.log(past.spacing)])


class Analogues:
    """Forecasts by the growth paths of surges that are learned from."""

    def __init__(self, surges: Sequence[Surge]) -> None:
        """Cut the surges into paths and choose the width of likeness by leaving out each group in turn; nothing but these surges is looked at."""
        steps = np.concatenate([np.diff(one.series.past(len(one.series.points)).logs) for one in surges if np.any(one.series.rates > 0)])
        self.typical = math.sqrt(float(np.mean((steps - np.median(steps)) ** 2)))
        self.paths = _cut(surges, self.typical)
        self.choice = self._chosen()

    def forecast(self, past: Past, ahead: Array) -> Array:
        """Return quantiles of the paths of like surges, shape (ahead, quantiles)."""
        start = beginning(past, self.typical)
        return past.logs[-1] + np.stack([_quantiles(*_weighted(self.paths, _likeness(self.paths, start, float(far)), self.choice)) for far in ahead])

    def mixed(self, past: Past, ahead: Array) -> Array:
        """Return the even mixture of like surges and of the series' own damped trend, shape (ahead, quantiles)."""
        both = np.concatenate([self.forecast(past, ahead), naive.damped_trend(past, ahead)], axis=1)
        return np.stack([scores.of(row) for row in both])

    def _chosen(self) -> Choice:
        """Return the choice whose forecasts of each group, made from the other groups, score best on average; the middle one where there is but one group."""
        groups = np.array(self.paths.groups)
        if len(set(self.paths.groups)) < 2:
            return CHOICES[len(CHOICES) // 2]
        total = dict.fromkeys(CHOICES, 0.0)
        for group in sorted(set(self.paths.groups)):
            others = self.paths.only(groups != group)
            for at in np.flatnonzero(groups == group):
                like = _likeness(others, self.paths.beginnings[at], float(self.paths.ahead[at]))
                for choice in CHOICES:
                    made, weights = _weighted(others, like, choice)
                    total[choice] += self.paths.weights[at] * _crps(made, weights, float(self.paths.growth[at]))
        return min(CHOICES, key=lambda choice: total[choice])


def _cut(surges: Sequence[Surge], typical: float) -> Paths:
    groups, names, beginnings, ahead, growth = list[str](), list[str](), list[Array](), list[float](), list[float]()
    for surge in surges:
        series = surge.series
        for seen in range(FIRST, len(series.points)):
            past = series.past(seen)
            if past.level <= 0:
                continue
            after = slice(seen, seen + FARTHEST)
            start, far, logs = beginning(past, typical), past.ahead(series.middles[after]), past.scaled(series.rates[after])
            groups += [surge.group] * len(far)
            names += [series.name] * len(far)
            beginnings += [start] * len(far)
            ahead += far.tolist()
            growth += (logs - past.logs[-1]).tolist()
    return Paths(tuple(groups), tuple(names), np.array(beginnings), np.array(ahead), np.array(growth))


class _Likeness(NamedTuple):
    """What paths say of a beginning before anything is chosen: weights by horizon, squared distances of their beginnings, scalings, and growth moved by the regression."""

    near: Array
    distances: Array
    scaling: Array
    carried: Array


def _likeness(paths: Paths, start: Array, ahead: float) -> _Likeness:
    near, slopes, usual = paths.toward(ahead)
    distances = np.sum(((paths.beginnings - start) / paths.spread) ** 2, axis=1) / math.sqrt(len(start))
    expected = float((_regressors(start[None], np.array([ahead])) @ slopes)[0])
    scaling = np.clip(np.exp((start[_UNSTEADY] - paths.beginnings[:, _UNSTEADY]) / 2), 1 / _MOST_SCALING, _MOST_SCALING)
    return _Likeness(near, distances, scaling, expected + (paths.growth - usual) * scaling)


def _weighted(paths: Paths, like: _Likeness, choice: Choice) -> tuple[Array, Array]:
    """Return the growth by each path, moved and scaled by how its own beginning differs, and the weights of the paths, whose sum is 1."""
    weights = like.near * (np.exp(-0.5 * like.distances / choice.width**2) + _ANY)
    weights /= np.sum(weights)
    mean = float(np.sum(weights * paths.growth))
    alike = mean + (paths.growth - mean) * like.scaling
    return choice.carried * like.carried + (1 - choice.carried) * alike, weights


def _regressors(beginnings: Array, ahead: Array) -> Array:
    """Return what growth is regressed on: last growth, recent slope, rise, fall from the peak and one, each flattening over time. Shape (paths, 5)."""
    flattened = (1 - _FLATTENING**ahead)[:, None]
    return flattened * np.concatenate([beginnings[:, :4], np.ones((len(beginnings), 1))], axis=1)


def _regressed(paths: Paths, weights: Array) -> Array:
    """Return the coefficients of growth by ridge regression on standardised regressors, shape (5,)."""
    x = _regressors(paths.beginnings, paths.ahead)
    size = np.sqrt(np.average(x**2, axis=0, weights=weights)) + 1e-12
    scaled, shares = x / size, weights / np.sum(weights)
    return np.linalg.solve((scaled * shares[:, None]).T @ scaled + _RIDGE * np.eye(x.shape[1]), (scaled * shares[:, None]).T @ paths.growth) / size


def _quantiles(values: Array, weights: Array) -> Array:
    """Return quantiles of weighted values, straight lines between the middles of their weights."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return np.interp(PROBABILITIES, (reached - weights[order] / 2) / reached[-1], values[order])


def _crps(values: Array, weights: Array, outcome: float) -> float:
    """Return the continuous ranked probability score of weighted values: how far they are from the outcome, less half of how far from each other."""
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    apart = np.sum(weights * values * (2 * np.cumsum(weights) - weights - 1))
    return float(np.sum(weights * np.abs(values - outcome)) - apart)
