"""What forecasts a series of output: the baselines, with the fewest points that each needs and what it falls back to, and our own methods.

A further method of ours is one more entry of `ours`: a rule from a past and times ahead to quantiles, made from the surges that it may learn from.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from materiel.analysis import scores
from materiel.surges import curves, lines, naive, promises, smoothing
from materiel.surges.analogues import FIRST, Analogues
from materiel.surges.library import Surge
from materiel.surges.series import Array, Past

PROMISED, DISCOUNTED = "announced target", "announced target, discounted"
"""Methods that speak only where something was promised."""

Rule = Callable[[Past, Array], Array | None]
"""From a past, and how many spacings ahead, to quantiles on the scale of the scores, shape (ahead, quantiles); None where it has nothing to say."""


@dataclass(frozen=True)
class Method:
    """A way to forecast: its rule, the fewest points it needs, what it falls back to ("" for nothing: it is skipped, and the skip counted), and the module of an extra that it needs."""

    name: str
    rule: Rule
    fewest: int
    falls_back: str = ""
    needs: str = ""


BASELINES = (
    Method("last value", naive.last_value, 1),
    Method("drift", naive.drift, 3, "last value"),
    Method("damped trend", naive.damped_trend, 3, "last value"),
    Method("logistic", curves.logistic, 5, "damped trend", "scipy"),
    Method("Gompertz", curves.gompertz, 5, "damped trend", "scipy"),
    Method("ETS", smoothing.smoothed, 8, "damped trend", "statsmodels"),
    Method(PROMISED, naive.announced, 1),
)
"""What has to be beaten."""


def available() -> tuple[tuple[Method, ...], tuple[Method, ...]]:
    """Return the baselines whose libraries are installed, and those that are left out."""
    there = tuple(one for one in BASELINES if not one.needs or importlib.util.find_spec(one.needs) is not None)
    return there, tuple(one for one in BASELINES if one not in there)


def ours(surges: Sequence[Surge]) -> tuple[Method, ...]:
    """Return our methods, fitted to the surges that they may learn from and to nothing else."""
    learned, discount, line = Analogues(surges), promises.apart(surges), lines.fitted(surges)
    there = (
        Method(DISCOUNTED, lambda past, ahead: promises.announced(discount, past, ahead), 1),
        Method("analogues", learned.forecast, FIRST),
        Method("growth paths", learned.mixed, FIRST),
    )
    if line is None:
        return there
    return (*there, Method("line", line.forecast, lines.FIRST), Method("line and paths", mixed(line.forecast, learned.mixed), lines.FIRST))


def mixed(one: Callable[[Past, Array], Array], other: Callable[[Past, Array], Array]) -> Rule:
    """Return the even mixture of two forecasts."""
    return lambda past, ahead: np.stack([scores.of(row) for row in np.concatenate([one(past, ahead), other(past, ahead)], axis=1)])


def forecast(method: Method, methods: Sequence[Method], past: Past, ahead: Array) -> tuple[Array, str] | None:
    """Return the quantiles of a method and the name of the method that made them, itself or what it fell back to; None where it is skipped.

    Quantiles are on the scale of the scores and never below nought. Shape (ahead, quantiles).
    """
    made = method.rule(past, ahead) if len(past.rates) >= method.fewest else None
    if made is not None:
        return np.maximum(made, 0.0), method.name
    below = next((one for one in methods if one.name == method.falls_back), None)
    return forecast(below, methods, past, ahead) if below is not None else None
