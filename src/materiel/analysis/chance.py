"""What a number of draws leaves open: intervals for probabilities counted from draws, and for where a probability reaches a bound."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import portable

Array = npt.NDArray[np.float64]

COVER = 0.9
"""How often a Monte-Carlo interval holds what endless draws would give."""

TAIL = (1.0 - COVER) / 2.0


@dataclass(frozen=True)
class Chance:
    """A probability counted from draws, with its Monte-Carlo interval."""

    probability: float
    low: float
    high: float


def counted(count: int, draws: int) -> Chance:
    """Return the probability of what came in `count` of so many draws, with the interval of Wilson (Journal of the American Statistical Association 22, 1927)."""
    z = _reach()
    share, weight = count / draws, z * z / draws
    centre = (share + weight / 2.0) / (1.0 + weight)
    reach = z * math.sqrt(share * (1.0 - share) / draws + weight / (4.0 * draws)) / (1.0 + weight)
    return Chance(share, 0.0 if count == 0 else max(centre - reach, 0.0), 1.0 if count == draws else min(centre + reach, 1.0))


@functools.cache
def _reach() -> float:
    """Return how many standard errors a Monte-Carlo interval reaches to either side."""
    return -float(portable.normal_quantile(TAIL))


def plausible(probability: float, draws: int) -> tuple[int, int]:
    """Return the fewest and the most draws in which what has a probability comes without surprise: each tail beyond is a twentieth at most (the exact binomial test)."""
    below = _cumulative(probability, draws)
    fewest = int(np.searchsorted(below, TAIL, side="right"))
    most = int(np.searchsorted(below, 1.0 - TAIL, side="left"))
    return min(fewest, draws), min(most, draws)


def _cumulative(probability: float, draws: int) -> Array:
    """Return the binomial probability of at most 0, 1, ... draws."""
    factorial = _log_factorials(draws)
    k = np.arange(draws + 1)
    logs = factorial[-1] - factorial - factorial[::-1] + k * math.log(probability) + (draws - k) * math.log1p(-probability)
    return np.cumsum(portable.exp(logs))


@functools.lru_cache(maxsize=4)
def _log_factorials(most: int) -> Array:
    return np.concatenate([[0.0], np.cumsum(portable.log(np.arange(1, most + 1)))])
