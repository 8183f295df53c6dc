"""Draws aimed at what was seen: adaptive multiple importance sampling on the normal scores of a draw (Cornuet, Marin, Mira and Robert, Scandinavian Journal of Statistics, 2012).

A draw is a point of independent standard normal scores, one for each random stream. From draws of the prior, weighed by what was seen, a normal law is learnt for the few scores that what was seen moves; more draws are
taken from it, and all draws ever taken are weighed together, by their prior over the mixture of the laws that they were taken from. Draws of the prior stay among them, so that no weight can be larger than their number allows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from materiel.analysis.odds import Evidence, reweighted

Array = npt.NDArray[np.float64]

Seen = Callable[[Array], tuple[Array, Mapping[str, Array]]]
"""What gives, of draws at normal scores of shape (coordinates, draws), what each expects of everything seen, and the log-likelihood of it whole and of its parts."""

SHOTS, MOST_ROUNDS = 4000, 8
"""Draws of a round; rounds at most."""
LEARNT_FROM = 150
"""Effective draws that a law is learnt from: the likelihood is raised to the power that leaves so many."""
MOVED = 3.0
"""Standard errors by which what was seen must move the mean or the variance of a score for the law to learn it."""
WIDER = 1.3
"""Factor by which a law is wider than what it was learnt from, in variance: weights beyond its reach would be large."""


@dataclass(frozen=True)
class _Law:
    """A normal law of some scores; the others keep their prior."""

    rows: npt.NDArray[np.intp]
    mean: Array
    root: Array

    def drawn(self, rng: np.random.Generator, coordinates: int, count: int) -> Array:
        """Return so many draws, shape (coordinates, draws)."""
        scores = rng.standard_normal((coordinates, count))
        scores[self.rows] = self.mean[:, None] + self.root @ scores[self.rows]
        return scores

    def over_prior(self, scores: Array) -> Array:
        """Return the logarithm of its density over that of the prior, shape (draws,)."""
        here = scores[self.rows]
        standard = np.linalg.solve(self.root, here - self.mean[:, None])
        return 0.5 * ((here**2).sum(axis=0) - (standard**2).sum(axis=0)) - float(np.log(np.diag(self.root)).sum())


class Aim:
    """Draws of one hypothesis: those of the prior first, then of each law that was learnt.

    `scores` has the shape (coordinates, draws), `expected` (sightings, draws); `logs` are log-likelihoods by part of what was seen, shape (draws,) each; `over_mixture` is the
    logarithm of the prior over the mixture of all laws, by the number of draws from each, shape (draws,).
    """

    def __init__(self, scores: Array, expected: Array, logs: Mapping[str, Array]) -> None:
        """Begin with draws of the prior."""
        self.scores, self.expected = scores, expected
        self.logs: dict[str, Array] = dict(logs)
        self.laws: list[_Law] = []
        self.first = scores.shape[1]
        self.over_mixture: Array = np.zeros(self.first)

    def take(self, seen: Seen, seed: int) -> None:
        """Take more draws until every part can be relied upon, or no round is left."""
        rng = np.random.default_rng([seed, 12])
        for _ in range(MOST_ROUNDS):
            part = next((name for name in self.logs if not self.evidence(name).sound), None)
            law = None if part is None else self._learnt(part)
            if law is None:
                return
            scores = law.drawn(rng, len(self.scores), SHOTS)
            expected, logs = seen(scores)
            self.laws.append(law)
            self.scores, self.expected = np.concatenate([self.scores, scores], axis=1), np.concatenate([self.expected, expected], axis=1)
            self.logs = {name: np.concatenate([one, logs[name]]) for name, one in self.logs.items()}
            self.over_mixture = self._over_mixture()

    def weights(self, part: str) -> Array:
        """Return the logarithm of the weight of every draw by a part of what was seen: its likelihood, times the prior over the mixture."""
        return self.logs[part] + self.over_mixture

    def evidence(self, part: str) -> Evidence:
        """Return the probability that the hypothesis gives to a part of what was seen."""
        return replace(reweighted(self.weights(part)), method="aiming", relative=None)

    def _over_mixture(self) -> Array:
        count = self.scores.shape[1]
        mixture = np.full(count, math.log(self.first / count))
        for law in self.laws:
            mixture = np.logaddexp(mixture, law.over_prior(self.scores) + math.log(SHOTS / count))
        return -mixture

    def _learnt(self, part: str) -> _Law | None:
        """Return the law of the scores that a part of what was seen moves; None where it moves none, or no draw can bring it forth."""
        likelihood, prior = self.logs[part], self.over_mixture
        if not np.isfinite(likelihood).any():
            return None
        weights = _effective(likelihood, prior, LEARNT_FROM)
        effective = 1 / float((weights**2).sum())
        if effective < LEARNT_FROM / 2:  # hard bounds: no power of the likelihood leaves more, and a law of a few draws would pass for one of many
            return None
        mean = self.scores @ weights
        variance = (self.scores - mean[:, None]) ** 2 @ weights
        rows = np.flatnonzero((np.abs(mean) * math.sqrt(effective) > MOVED) | (np.abs(variance - 1) * math.sqrt(effective / 2) > MOVED))
        if not len(rows):
            return None
        apart = self.scores[rows] - mean[rows, None]
        trust = effective / (effective + len(rows))  # few draws tell correlations badly
        covariance = trust * (apart * weights) @ apart.T + (1 - trust) * np.diag(variance[rows])
        root: Array = np.linalg.cholesky(WIDER * covariance + 1e-6 * np.eye(len(rows))).astype(np.float64)
        return _Law(rows, mean[rows], root)


def _effective(likelihood: Array, prior: Array, wanted: float) -> Array:
    """Return weights that add up to 1, by the largest power of the likelihood, 1 at most, that leaves so many effective draws."""
    finite = np.isfinite(likelihood)

    def raised(power: float) -> Array:
        logs = np.where(finite, power * np.where(finite, likelihood, 0.0), -np.inf) + prior
        weights = np.exp(logs - logs.max())
        return weights / weights.sum()

    low, high = 0.0, 1.0
    if 1 / float((raised(high) ** 2).sum()) >= wanted:
        return raised(high)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 / float((raised(middle) ** 2).sum()) >= wanted else (low, middle)
    return raised(low)
