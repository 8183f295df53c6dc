"""Naive forecasts of output: what a model has to beat, each given a fair chance.

All of them work on the scale of the scores, log(1 + rate / level), where growth is additive and nought is defined, and count time in spacings of the series, so
that gaps and unequal periods are longer steps. Last value, drift and damping: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed. (2021), ch. 5 and 8.
"""

from __future__ import annotations

import math

import numpy as np

from materiel import portable
from materiel.analysis.scores import PROBABILITIES
from materiel.surges.series import Array, Past, Target

DAMPING = 0.8
"""What is left of a trend after each step: the least that Hyndman and Athanasopoulos allow (ch. 8.2), since ramps flatten sooner than economies."""

NORMAL: Array = portable.normal_quantile(PROBABILITIES)
"""Quantiles of a standard normal forecast."""


def last_value(past: Past, ahead: Array) -> Array:
    """Carry the last value forward, spread as steps so far were (a random walk); one value is carried as it is. Shape (ahead, quantiles)."""
    return fan(np.full(len(ahead), past.logs[-1]), unsteadiness(past) * np.sqrt(ahead))


def drift(past: Past, ahead: Array) -> Array:
    """Carry on by the mean step so far, spread as steps differed from it. Shape (ahead, quantiles)."""
    changes, steps = np.diff(past.logs), np.diff(past.times)
    whole = float(np.sum(steps))
    slope = float(past.logs[-1] - past.logs[0]) / whole
    variance = float(np.sum((changes - slope * steps) ** 2 / steps)) / (len(changes) - 1)
    return fan(past.logs[-1] + slope * ahead, np.sqrt(variance * ahead * (1 + ahead / whole)))


def damped_trend(past: Past, ahead: Array) -> Array:
    """Carry on the log-linear trend from the last value, damped at each step, spread as the same rule erred one step ahead so far. Shape (ahead, quantiles)."""
    logs, times = past.logs, past.times
    errors: list[float] = []
    for seen in range(2, len(logs)):
        step = times[seen] - times[seen - 1]
        errors.append(float(logs[seen] - logs[seen - 1] - _slope(times[:seen], logs[:seen]) * _damped(step)) / math.sqrt(step))
    deviation = math.sqrt(float(np.mean(np.square(errors))))
    return fan(logs[-1] + _slope(times, logs) * _damped(ahead), deviation * np.sqrt(ahead))


def announced(past: Past, ahead: Array) -> Array | None:
    """Take the last promise that has not come due at its word: a straight way to it on the scale of logarithms, then level; spread as the last value is. Shape (ahead, quantiles).

    None where nothing of the kind was promised by then. Of several promises made on one day, each holds up to its own date.
    """
    way = promised(past)
    if not way:
        return None
    times = [0.0, *(float(past.ahead(np.array(one.period.middle))) for one in way)]
    logs = [float(past.logs[-1]), *(float(past.scaled(one.monthly)) for one in way)]
    return fan(np.interp(ahead, times, logs), unsteadiness(past) * np.sqrt(ahead))


def promised(past: Past) -> list[Target]:
    """Return the promises of the last day on which any was made that is not due yet, in the order in which they fall due."""
    due = [one for one in past.targets if one.period.middle > past.middles[-1]]
    return sorted((one for one in due if one.announced == max(other.announced for other in due)), key=lambda one: one.period.middle)


def unsteadiness(past: Past) -> float:
    """Return the root mean square of the steps so far, of a spacing each; 0 for a single point."""
    changes, steps = np.diff(past.logs), np.diff(past.times)
    return math.sqrt(float(np.mean(changes**2 / steps))) if len(changes) else 0.0


def fan(middles: Array, deviations: Array) -> Array:
    """Return normal forecasts, shape (ahead, quantiles)."""
    return middles[:, None] + deviations[:, None] * NORMAL


def _slope(times: Array, logs: Array) -> float:
    """Return the slope of the least squares line."""
    centred = times - np.mean(times)
    return float(np.sum(centred * logs) / np.sum(centred**2))


def _damped(ahead: Array | float) -> Array | float:
    """Return how many undamped steps a trend goes in so many damped ones: the damping, its square, and so on, added up, between whole steps as well."""
    return DAMPING * (1 - DAMPING**ahead) / (1 - DAMPING)
