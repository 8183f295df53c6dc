"""How heavy the tail of importance weights is: the shape of the generalised Pareto law that fits the largest of them (Vehtari et al., JMLR, 2024)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FEWEST = 5
"""Weights in a tail below which no law is fitted."""
_PRIOR, _PRIOR_SIZE = 0.5, 10
"""A shape is drawn towards a half as if ten more weights had it."""


def shape(logs: Array) -> float:
    """Return the shape k of the tail of weights, from their logarithms: infinite where too few differ from nought, minus infinity where the largest are alike.

    Means of the weights have a variance if k is below a half; up to about 0.7 they can be relied upon.
    """
    finite = np.sort(logs[np.isfinite(logs)])
    size = math.ceil(min(0.2 * len(logs), 3 * math.sqrt(len(logs))))
    if size < _FEWEST or len(finite) <= size:
        return math.inf
    ratios = np.exp(finite - finite[-1])
    tail = ratios[-size:] - ratios[-size - 1]
    if tail[-1] <= 1e-12:
        return -math.inf
    return fitted(tail[tail > 0])


def fitted(exceedances: Array) -> float:
    """Return the shape of a generalised Pareto law through exceedances in rising order (Zhang and Stephens, Technometrics, 2009), drawn towards a half."""
    size = len(exceedances)
    if size < _FEWEST:
        return math.inf
    steps = 30 + math.floor(math.sqrt(size))
    quartile = exceedances[math.floor(size / 4 + 0.5) - 1]
    thetas = 1 / exceedances[-1] + (1 - np.sqrt(steps / (np.arange(1, steps + 1) - 0.5))) / (3 * quartile)
    shapes = np.log1p(-thetas[:, None] * exceedances).mean(axis=1)
    profile = size * (np.log(-thetas / shapes) - shapes - 1)
    weights = np.exp(profile - profile.max())
    theta = float((thetas * weights).sum() / weights.sum())
    found = float(np.log1p(-theta * exceedances).mean())
    return (size * found + _PRIOR * _PRIOR_SIZE) / (size + _PRIOR_SIZE)


def highest(draws: int) -> float:
    """Return the largest shape at which means over so many weights can be relied upon."""
    return min(1 - 1 / math.log10(max(draws, 11)), 0.7)
