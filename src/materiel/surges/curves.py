"""Curves of saturation fitted to what was seen: logistic and Gompertz, spread as a random walk beside the curve. They need SciPy, which the extra `backtest` brings."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from materiel.surges.naive import fan
from materiel.surges.series import Array, Past

_BOUNDS = ([math.log(1e-2), math.log(1e-2), -60.0], [math.log(1e3), math.log(5.0), 60.0])
"""Least and most ceiling in levels, pace a spacing, and middle in spacings from the origin: wide enough to let the data speak, narrow enough for numbers to stay finite."""


def logistic(past: Past, ahead: Array) -> Array:
    """Fit a logistic curve to the rates by least squares on the scale of the scores, and go on beside it from the last value. Shape (ahead, quantiles)."""
    return _fitted(past, ahead, lambda x: 1 / (1 + np.exp(-x)))


def gompertz(past: Past, ahead: Array) -> Array:
    """Fit a Gompertz curve, which rises early and flattens late. Shape (ahead, quantiles)."""
    return _fitted(past, ahead, lambda x: np.exp(-np.exp(-x)))


def _fitted(past: Past, ahead: Array, curve: Callable[[Array], Array]) -> Array:
    least_squares: Any = importlib.import_module("scipy.optimize").least_squares  # untyped, and there only with the extra

    def logs(parameters: Array, times: Array) -> Array:
        ceiling, pace, middle = parameters
        return np.log1p(math.exp(ceiling) * curve(np.clip(math.exp(pace) * (times - middle), -30.0, 30.0)))

    peak = math.log(max(float(np.max(past.rates)) / past.level, 0.1))
    starts = [np.array([peak + more, pace, middle]) for more in (0.1, 1.0) for pace in (-1.0, 0.0) for middle in (float(past.times[0]) / 2, 0.0)]

    def misses(parameters: Array) -> Array:
        return logs(parameters, past.times) - past.logs

    fits = [least_squares(misses, start, bounds=_BOUNDS) for start in starts]
    found: Array = fits[int(np.argmin([fit.cost for fit in fits]))].x
    missed = past.logs - logs(found, past.times)
    deviation = math.sqrt(float(np.mean(np.diff(missed) ** 2 / np.diff(past.times))))
    return fan(missed[-1] + logs(found, ahead), deviation * np.sqrt(ahead))
