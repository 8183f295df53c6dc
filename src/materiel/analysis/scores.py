"""Proper scores of a forecast that is given as quantiles: CRPS, log score, Brier score, interval scores, coverage. Lower is better.

A forecast is what its quantiles draw: the distribution function runs straight between neighbouring ones, jumps where several coincide, and has nothing beyond the
first and the last. CRPS: Gneiting and Raftery, JASA 102 (2007). Interval scores: Bracher et al., PLoS Computational Biology 17 (2021). Scores of logarithms: Bosse et
al., PLoS Computational Biology 19 (2023).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import portable

Array = npt.NDArray[np.float64]

COUNT = 199
"""Quantiles of a frozen forecast."""
PROBABILITIES: Array = np.arange(1, COUNT + 1) / (COUNT + 1)
"""Their probabilities: 0.005 to 0.995, with the ends and the middle of every interval among them."""
WEIGHTED = (0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
"""Central intervals of the weighted interval score, those of the forecast hubs."""
BLUR = 0.05
"""Half the width, in logarithms, over which the density at the outcome is taken: a twentieth of it either way."""
LEAST = 1e-3
"""Least probability of that stretch: what a forecast has beyond its quantiles it has not said."""


def of(values: Array, weights: Array | None = None) -> Array:
    """Return the quantiles at PROBABILITIES of values of any order, by their weights if they have any."""
    return portable.quantiles(np.sort(values), PROBABILITIES) if weights is None else portable.weighted_quantiles(values, weights, PROBABILITIES)


def below(quantiles: Array, x: npt.ArrayLike, *, strictly: bool = False) -> Array:
    """Return the probability of at most x, or of less than x, by the quantiles at PROBABILITIES; shape of x."""
    values = np.asarray(x, dtype=np.float64)
    at = np.searchsorted(quantiles, values, side="left" if strictly else "right")
    low, high = quantiles[np.clip(at - 1, 0, COUNT - 1)], quantiles[np.clip(at, 0, COUNT - 1)]
    part = np.divide(values - low, high - low, out=np.zeros_like(values), where=high > low)
    return np.where(at == 0, 0.0, np.where(at == COUNT, 1.0, (np.maximum(at, 1) + part) / (COUNT + 1)))


def crps(quantiles: Array, outcome: float) -> float:
    """Return the continuous ranked probability score: the area between the distribution function and the step at the outcome, squared; in the unit of both."""
    x = np.sort(np.append(quantiles, outcome))
    left = below(quantiles, x[:-1]) - (x[:-1] >= outcome)
    right = below(quantiles, x[1:], strictly=True) - (x[1:] > outcome)
    return float(np.sum(np.diff(x) * (left * left + left * right + right * right)) / 3.0)


def logarithms(values: npt.ArrayLike) -> Array | None:
    """Return log(1 + value) of values in a unit without prefix, or None where one of them is negative."""
    found = np.asarray(values, dtype=np.float64)
    return None if np.any(found < 0) else np.log1p(found)


def log_score(quantiles: Array, outcome: float) -> float:
    """Return minus the logarithm of the density at the outcome, both given as logarithms; the density is that of a forecast blurred by BLUR, at least that of LEAST."""
    probability = float(below(quantiles, outcome + BLUR) - below(quantiles, outcome - BLUR, strictly=True))
    return -math.log(max(probability, LEAST) / (2 * BLUR))


def brier(probability: float, came: bool) -> float:
    """Return the squared distance of a probability from what came."""
    return (probability - came) ** 2


def interval(quantiles: Array, share: float) -> tuple[float, float]:
    """Return the central interval that holds a share of the forecast."""
    low, high = np.interp([(1 - share) / 2, (1 + share) / 2], PROBABILITIES, quantiles)
    return float(low), float(high)


def interval_score(quantiles: Array, share: float, outcome: float) -> float:
    """Return the width of a central interval, and how far the outcome lies outside times 2 / (1 - share)."""
    low, high = interval(quantiles, share)
    return high - low + 2 / (1 - share) * (max(low - outcome, 0.0) + max(outcome - high, 0.0))


def weighted_interval_score(quantiles: Array, outcome: float) -> float:
    """Return the mean over the WEIGHTED intervals, each by half of what it leaves out, and the median; it nears the CRPS as intervals are added."""
    median = float(quantiles[COUNT // 2])
    parts = [(1 - share) / 2 * interval_score(quantiles, share, outcome) for share in WEIGHTED]
    return (0.5 * abs(outcome - median) + sum(parts)) / (len(WEIGHTED) + 0.5)


@dataclass(frozen=True)
class Marks:
    """How one forecast did at one outcome. `crps` and `wis` are in the unit of the question, `crps_log` in logarithms; what has no logarithm, or no threshold, has no such score.

    `percentile` is the share of the forecast below the outcome, half of what lies on it included; `inside` says which central intervals hold the outcome.
    """

    median: float
    ranges: dict[int, tuple[float, float]]
    percentile: float
    inside: dict[int, bool]
    crps: float
    crps_log: float | None
    wis: float
    log_score: float | None
    probability: float | None
    brier: float | None

    def nearer(self, other: Marks) -> bool:
        """Whether it did better than another at the same outcome: by the CRPS of logarithms, or by that of values where either has none."""
        if self.crps_log is None or other.crps_log is None:
            return self.crps < other.crps
        return self.crps_log < other.crps_log


def marks(quantiles: Array, outcome: float, size: float, threshold: tuple[str, float, float | None] | None) -> Marks:
    """Return all scores of one forecast; `size` is how many units without prefix the unit is.

    A threshold is its side, its bound, and the probability that the forecast gave it; where that is None, it is read off the quantiles.
    """
    logs, came = logarithms(np.append(quantiles, outcome) * size), None
    probability = None
    if threshold is not None:
        side, bound, given = threshold
        read = float(1 - below(quantiles, bound) if side == "above" else below(quantiles, bound, strictly=True))
        probability, came = read if given is None else given, outcome > bound if side == "above" else outcome < bound
    ranges = {percent: interval(quantiles, percent / 100) for percent in (50, 90)}
    return Marks(
        float(quantiles[COUNT // 2]), ranges, float(below(quantiles, outcome) + below(quantiles, outcome, strictly=True)) / 2,
        {percent: low <= outcome <= high for percent, (low, high) in ranges.items()}, crps(quantiles, outcome),
        None if logs is None else crps(logs[:-1], float(logs[-1])), weighted_interval_score(quantiles, outcome),
        None if logs is None else log_score(logs[:-1], float(logs[-1])), probability, None if probability is None or came is None else brier(probability, came),
    )  # fmt: skip
