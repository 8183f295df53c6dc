"""Rival hypotheses weighed: from the likelihood of what was seen, draw by draw, to odds, to the evidence for and against each, and to answers.

Each hypothesis is run on the same draws. The probability that it gives to what was seen, its evidence, is the mean of the likelihood over its draws; its posterior odds
are its prior odds times that. So other prior odds need no other run. A posterior answer is the answer over all draws of all hypotheses, each draw with the weight that
its hypothesis and its likelihood give it. That holds while enough draws count: Kish's effective number and the shape k of the largest weights say so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.analysis import pareto

Array = npt.NDArray[np.float64]

FEWEST = 200
"""Effective draws of a hypothesis below which nothing is said of its odds: its 5th percentile would rest on fewer than ten."""
ALIKE = 1e-9
"""Difference of log-likelihoods below which two hypotheses expect the same of everything seen."""


@dataclass(frozen=True)
class Standing:
    """How a hypothesis stands: its probability before and after, the Monte-Carlo standard error of the latter, and what that rests on.

    `log_evidence` is the logarithm of the probability that it gave to what was seen, `effective` Kish's number of its draws that count, `k` the shape of their largest
    weights.
    """

    prior: float
    posterior: float
    error: float
    log_evidence: float
    effective: float
    k: float
    draws: int

    @property
    def sound(self) -> bool:
        """Whether its draws can be relied upon."""
        return self.effective >= FEWEST and self.k <= pareto.highest(self.draws)


def standings(priors: Mapping[str, float], logs: Mapping[str, Array]) -> dict[str, Standing]:
    """Return how hypotheses stand, from their prior probabilities and the log-likelihood of their draws, each of shape (draws,), the same draws for all.

    The standard error is that of the delta method: hypotheses are run on the same draws, so what they have in common cancels.
    """
    evidence = {name: log_mean(logs[name]) for name in priors}
    posterior = posteriors(priors, evidence)
    relative = {name: np.exp(logs[name] - evidence[name]) if evidence[name] > -math.inf else np.ones_like(logs[name]) for name in priors}
    common = sum((posterior[name] * relative[name] for name in priors), start=np.zeros(1))
    made: dict[str, Standing] = {}
    for name, prior in priors.items():
        drift = posterior[name] * (relative[name] - common)
        effective = relative[name].sum() ** 2 / (relative[name] ** 2).sum() if evidence[name] > -math.inf else 0.0
        error = float(np.sqrt((drift**2).mean() / len(drift)))
        made[name] = Standing(prior, posterior[name], error, evidence[name], float(effective), pareto.shape(logs[name]), len(drift))
    return made


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


def draw_weights(priors: Mapping[str, float], logs: Mapping[str, Array]) -> Array:
    """Return the weight of every draw of every hypothesis after what was seen, shape (hypotheses, draws), all adding up to 1."""
    whole = np.stack([math.log(prior) + logs[name] for name, prior in priors.items()])
    best = whole.max()
    weights = np.exp(whole - best) if best > -math.inf else np.ones_like(whole)
    return weights / weights.sum()


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
class Hinge:
    """A number on which the odds hang: the probability of the leading hypothesis where it is in the lowest and in the highest third of its draws, and what those thirds are.

    `ends` are the medians of the two thirds in `unit`.
    """

    stream: str
    unit: str
    ends: tuple[float, float]
    posterior: tuple[float, float]
    swing: float


def hinges(priors: Mapping[str, float], logs: Mapping[str, Array], lead: str, drawn: Mapping[str, tuple[str, Array]]) -> list[Hinge]:
    """Return the numbers on which the odds of the leading hypothesis hang, the most first: those whose thirds move them by more than three standard errors.

    `drawn` holds the unit and the draws of every uncertain number by its stream. A swing is in bits.
    """
    names = list(priors)
    shift = max(float(one.max()) for one in logs.values())
    scaled = np.stack([priors[name] * np.exp(logs[name] - shift) for name in names])
    mine = names.index(lead)
    made: list[Hinge] = []
    for stream, (unit, values) in drawn.items():
        order = np.argsort(values, kind="stable")
        thirds = order[: len(order) // 3], order[-(len(order) // 3) :]
        if values[thirds[0][-1]] >= values[thirds[1][0]]:
            continue  # a switch, mostly on or mostly off
        shares, errors = zip(*(_share(scaled[:, third], mine) for third in thirds), strict=True)
        swing = bits(shares[1], shares[0])
        if abs(swing) > 3 * math.hypot(*errors):
            made.append(Hinge(stream, unit, (float(np.median(values[thirds[0]])), float(np.median(values[thirds[1]]))), (shares[0], shares[1]), swing))
    return sorted(made, key=lambda one: -abs(one.swing))


def _share(scaled: Array, mine: int) -> tuple[float, float]:
    """Return the share of one hypothesis in the likelihood of some draws, and the standard error of its odds in bits."""
    means = scaled.mean(axis=1)
    own, rest = scaled[mine], np.delete(scaled, mine, axis=0).sum(axis=0)
    share = float(means[mine] / means.sum())
    if own.mean() == 0 or rest.mean() == 0:
        return share, math.inf
    drift = own / own.mean() - rest / rest.mean()
    return share, float(np.sqrt((drift**2).mean() / len(drift))) / math.log(2)
