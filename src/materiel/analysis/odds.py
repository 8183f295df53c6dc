"""Rival hypotheses weighed: from the likelihood of what was seen, draw by draw, to odds, to the evidence for and against each, and to answers.

Each hypothesis is run on the same draws. The probability that it gives to what was seen, its evidence, is the mean of the likelihood over its draws; its posterior odds
are its prior odds times that. So other prior odds need no other run. A posterior answer is the answer over all draws of all hypotheses, each draw with the weight that
its hypothesis and its likelihood give it. That holds while enough draws count: Kish's effective number and the shape k of the largest weights say so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from materiel.analysis import pareto

Array = npt.NDArray[np.float64]

FEWEST = 200
"""Effective draws of a hypothesis below which nothing is said of its odds: its 5th percentile would rest on fewer than ten."""
MOST_ERROR = 0.5
"""Standard error of the logarithm of an evidence above which nothing is said of its odds."""
SURE = 3.0
"""Standard errors beyond which a number is said to move the odds."""
ALIKE = 1e-9
"""Difference of log-likelihoods below which two hypotheses expect the same of everything seen."""


@dataclass(frozen=True)
class Evidence:
    """The probability that a hypothesis gives to what was seen, as a logarithm with its standard error, and what that rests on.

    `effective` is Kish's number of the draws that count, of `draws`; `k` the shape of their largest weights, minus infinity where draws were not weighed but moved. `relative` is the
    likelihood of every draw over the mean, shape (draws,), where draws of all hypotheses are the same.
    """

    log: float
    error: float
    effective: float
    k: float
    draws: int
    method: Literal["reweighting", "aiming", "tempering"]
    relative: Array | None = None

    @property
    def sound(self) -> bool:
        """Whether its draws can be relied upon."""
        return self.effective >= FEWEST and self.k <= pareto.highest(self.draws) and self.error <= MOST_ERROR


@dataclass(frozen=True)
class Standing:
    """How a hypothesis stands: its probability before and after, and the Monte-Carlo standard error of the latter."""

    prior: float
    posterior: float
    error: float
    evidence: Evidence


def reweighted(logs: Array) -> Evidence:
    """Return the evidence of a hypothesis from the log-likelihood of draws from its prior, shape (draws,)."""
    log = log_mean(logs)
    if log == -math.inf:
        return Evidence(log, math.inf, 0.0, math.inf, len(logs), "reweighting", np.ones_like(logs))
    relative = np.exp(logs - log)
    square = float((relative**2).mean())
    error = math.sqrt(max(square - 1, 0.0) / len(logs))
    return Evidence(log, error, len(logs) / square, pareto.shape(logs), len(logs), "reweighting", relative)


def standings(priors: Mapping[str, float], evidence: Mapping[str, Evidence]) -> dict[str, Standing]:
    """Return how hypotheses stand, from their prior probabilities and their evidence.

    The standard error is that of the delta method. Where all were reweighted on the same draws, what they have in common cancels draw by draw.
    """
    posterior = posteriors(priors, {name: one.log for name, one in evidence.items()})
    paired = {name: one.relative for name, one in evidence.items() if one.relative is not None}
    if len(paired) == len(evidence):
        common = sum((posterior[name] * relative for name, relative in paired.items()), start=np.zeros(1))
        errors = {name: float(posterior[name] * np.sqrt(((relative - common) ** 2).mean() / len(common))) for name, relative in paired.items()}
    else:
        spread = sum((posterior[name] * one.error) ** 2 for name, one in evidence.items())
        errors = {name: posterior[name] * math.sqrt(max(spread + (1 - 2 * posterior[name]) * one.error**2, 0.0)) for name, one in evidence.items()}
    return {name: Standing(priors[name], posterior[name], errors[name], one) for name, one in evidence.items()}


def posteriors(priors: Mapping[str, float], evidence: Mapping[str, float]) -> dict[str, float]:
    """Return the probability of each hypothesis after what was seen, from its prior probability and the logarithm of its evidence."""
    logs = {name: math.log(prior) + evidence[name] for name, prior in priors.items()}
    best = max(logs.values())
    if best == -math.inf:
        return dict(priors)
    whole = sum(math.exp(value - best) for value in logs.values())
    return {name: math.exp(value - best) / whole for name, value in logs.items()}


def log_mean(logs: Array) -> float:
    """Return the logarithm of the mean of numbers given by their logarithms."""
    best = float(logs.max())
    return best if best == -math.inf else best + math.log(float(np.exp(logs - best).mean()))


def bits(probability: float, without: float) -> float:
    """Return the weight of evidence, in bits, that moves one probability to another: the binary logarithm of the ratio of their odds, 50 at most either way."""
    odds = [min(max(math.log2(max(p, 1e-300)) - math.log2(max(1 - p, 1e-300)), -1000.0), 1000.0) for p in (probability, without)]
    return min(max(odds[0] - odds[1], -50.0), 50.0)


def alike(logs: Mapping[str, Array]) -> list[tuple[str, str]]:
    """Return the pairs of hypotheses that expect the same of everything seen, which no evidence here can tell apart."""
    names = list(logs)
    with np.errstate(invalid="ignore"):
        apart = {(a, b): np.abs(np.nan_to_num(logs[a] - logs[b], nan=0.0)).max() for i, a in enumerate(names) for b in names[i + 1 :]}
    return [pair for pair, distance in apart.items() if distance < ALIKE]


def systematic(weights: Array, size: int) -> npt.NDArray[np.int64]:
    """Return the positions of a sample of weighed draws, shape (size,), that has each as often as its weight asks for, to the nearest whole number below or above."""
    reached: Array = np.cumsum(weights)
    return np.minimum(np.searchsorted(reached, (np.arange(size) + 0.5) / size * float(reached[-1])), len(weights) - 1)


def reweighed(stated: Mapping[str, float], wanted: Mapping[str, float]) -> dict[str, float]:
    """Return prior probabilities with some of them replaced, the others sharing what is left in their own proportions. Raises ValueError when they do not add up."""
    rest = {name: prior for name, prior in stated.items() if name not in wanted}
    left = 1 - sum(wanted.values())
    if any(not 0 < probability < 1 for probability in wanted.values()) or (left <= 0 if rest else abs(left) > 1e-6):
        what = f"add up to {1 - left:g}"
        raise ValueError(what)
    whole = sum(rest.values())
    return {name: wanted[name] if name in wanted else stated[name] / whole * left for name in stated}


@dataclass(frozen=True)
class Thirds:
    """An uncertain number under one hypothesis: the medians of the lowest and the highest third of its prior draws, the share of the weight that each has after what was seen,
    and the standard errors of the logarithms of these shares.
    """  # noqa: D205

    ends: tuple[float, float]
    shares: tuple[float, float]
    errors: tuple[float, float]


def thirds(before: Array, after: Array, weights: Array) -> Thirds | None:
    """Return the thirds of a number from its draws before and after what was seen, the latter with their weights; None for one that is mostly the same."""
    ordered = np.sort(before)
    low, high = ordered[len(ordered) // 3], ordered[-1 - len(ordered) // 3]
    if low >= high:
        return None
    ends = float(np.median(ordered[ordered <= low])), float(np.median(ordered[ordered >= high]))
    shares = float(weights[after <= low].sum()), float(weights[after >= high].sum())
    effective = 1 / float((weights**2).sum())
    least = 1 / effective
    errors = [math.sqrt(max(1 - share, 0.0) / (effective * max(share, least))) for share in shares]
    return Thirds(ends, shares, (errors[0], errors[1]))


@dataclass(frozen=True)
class Hinge:
    """A number on which the odds hang: the probability of the leading hypothesis were it in the lowest or the highest third of its draws, the medians of these, the swing in bits."""

    stream: str
    ends: tuple[float, float]
    posterior: tuple[float, float]
    swing: float


def hinges(posterior: Mapping[str, float], numbers: Mapping[str, Mapping[str, Thirds]], lead: str) -> list[Hinge]:
    """Return the numbers, by stream, on which the odds of the leading hypothesis hang, the most first: those that move them by more than three standard errors."""
    made: list[Hinge] = []
    for stream, mine in numbers[lead].items():
        rivals = {name: numbers[name].get(stream) for name in posterior if name != lead}
        given: list[float] = []
        noise = 0.0
        for side in (0, 1):
            own = posterior[lead] * mine.shares[side]
            rest = {name: posterior[name] * (one.shares[side] if one else 1 / 3) for name, one in rivals.items()}
            whole = own + sum(rest.values())
            given.append(own / whole if whole > 0 else posterior[lead])
            heaviest = rivals[max(rest, key=lambda name: rest[name])]
            noise += mine.errors[side] ** 2 + (heaviest.errors[side] ** 2 if heaviest else 0.0)
        swing = bits(given[1], given[0])
        if abs(swing) > SURE * math.sqrt(noise) / math.log(2):
            made.append(Hinge(stream, mine.ends, (given[0], given[1]), swing))
    return sorted(made, key=lambda one: -abs(one.swing))
