"""Draws moved to where what was seen is likely, step by step: sequential Monte Carlo on the normal scores of a draw (Del Moral, Doucet and Jasra, JRSS B, 2006).

A draw is a point of independent standard normal scores, one for each random stream. Particles start as draws of the prior. The likelihood is raised to a power that grows from 0 to 1, each time as
far as keeps half of the particles effective; they are resampled, and moved by steps that leave the tempered law unchanged. A step mixes where a particle is with a
fresh draw from a normal law like that of all particles (a generalised Crank-Nicolson step: Rudolf and Sprungk, Foundations of Computational Mathematics, 2018). The product of the mean weights is the probability of
what was seen; independent repetitions give its error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.analysis.odds import Evidence, log_mean, systematic

Array = npt.NDArray[np.float64]

LogLikelihood = Callable[[Array], Array]
"""What gives the log-likelihood of draws from their normal scores, shape (coordinates, draws)."""

PARTICLES, REPETITIONS = 1000, 4
KEPT = 0.5
"""Share of the particles that stay effective from one temperature to the next."""
MOST_STEPS, FORGOTTEN = 100, 0.2
"""Moves at one temperature at most; the correlation of every score with what it was before the moves below which they are enough."""
MOST_TEMPERATURES = 60
ACCEPTED = 0.3
"""Share of moves that should be accepted: steps become longer above, shorter below."""


@dataclass(frozen=True)
class Tempered:
    """What moving draws to what was seen gives: the logarithm of its probability with its standard error, and draws of the posterior.

    `scores` are normal scores, shape (coordinates, draws), `logs` their log-likelihoods. `reached` is whether the power came to 1 and the draws moved freely there; `steps` how many
    times the likelihood was taken of all particles.
    """

    log_evidence: float
    error: float
    scores: Array
    logs: Array
    reached: bool
    steps: int

    @property
    def evidence(self) -> Evidence:
        """What it says of the hypothesis; as effective count the particles that have not a sibling's place."""
        distinct = len(np.unique(self.scores[0])) if self.reached else 0
        return Evidence(self.log_evidence, self.error, float(distinct), -np.inf, len(self.logs), "tempering")


def temper(log_likelihood: LogLikelihood, coordinates: int, seed: int, particles: int = PARTICLES, repetitions: int = REPETITIONS) -> Tempered:
    """Return the posterior of independent standard normal scores under a likelihood: so many particles in each of so many independent repetitions, two at least."""
    return _Islands(log_likelihood, seed, coordinates, particles, repetitions).run()


class _Islands:
    """Independent populations of particles on their way, shape (coordinates, islands, particles).

    They go by the same powers. The law by which the steps of one go is taken from the others: taken from its own, it would follow its particles and bias the evidence.
    """

    def __init__(self, log_likelihood: LogLikelihood, seed: int, coordinates: int, particles: int, islands: int) -> None:
        self.log_likelihood, self.rng, self.islands = log_likelihood, np.random.default_rng([seed, 11]), islands
        self.at: Array = self.rng.standard_normal((coordinates, islands, particles))
        self.logs = self._likelihood(self.at)
        self.log_evidence = np.zeros(islands)
        self.power, self.length, self.steps = 0.0, 0.5, 1

    def run(self) -> Tempered:
        reached = False
        for _ in range(MOST_TEMPERATURES):
            if not np.isfinite(self.logs).any(axis=1).all():
                self.log_evidence[~np.isfinite(self.logs).any(axis=1)] = -np.inf
                break
            self._resample(self._next())
            moved = self._move()
            if self.power >= 1.0:
                reached = moved
                break
        return self._gathered(reached)

    def _gathered(self, reached: bool) -> Tempered:
        evidence = log_mean(self.log_evidence)
        weights = np.exp(self.log_evidence - evidence) if evidence > -math.inf else np.ones(self.islands)
        error = float(weights.std(ddof=1) / math.sqrt(self.islands)) if evidence > -math.inf else math.inf
        particles = self.logs.shape[1]
        picked = systematic(np.repeat(weights, particles), particles * self.islands)
        return Tempered(evidence, error, self.at.reshape(len(self.at), -1)[:, picked], self.logs.ravel()[picked], reached, self.steps)

    def _likelihood(self, at: Array) -> Array:
        return self.log_likelihood(at.reshape(len(at), -1)).reshape(at.shape[1:])

    def _gains(self, power: float) -> Array:
        """Return by how much the logarithm of the tempered likelihood grows up to a power."""
        return np.where(np.isfinite(self.logs), (power - self.power) * np.where(np.isfinite(self.logs), self.logs, 0.0), -np.inf)

    def _next(self) -> float:
        """Return the power up to which so many particles stay effective."""

        def effective(power: float) -> float:
            gains = self._gains(power)
            weights = np.exp(gains - gains.max())
            return float(weights.sum() ** 2 / (weights**2).sum()) / weights.size

        if effective(1.0) >= KEPT:
            return 1.0
        low, high = self.power, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if effective(middle) >= KEPT else (low, middle)
        return max(low, self.power + 1e-9)

    def _resample(self, power: float) -> None:
        gains = self._gains(power)
        for i, gain in enumerate(gains):
            self.log_evidence[i] += log_mean(gain)
            picked = systematic(np.exp(gain - gain.max()), len(gain))
            self.at[:, i], self.logs[i] = self.at[:, i, picked], self.logs[i, picked]
        self.power = power

    def _move(self) -> bool:
        """Move all particles until every score has forgotten where it was; say whether they all did."""
        laws = [_law(np.delete(self.at, i, axis=1).reshape(len(self.at), -1)) for i in range(self.islands)]
        before = self.at.copy()
        for _ in range(MOST_STEPS):
            accepted = self._step(laws)
            self.length = float(np.clip(self.length * math.exp(accepted - ACCEPTED), 0.02, 1.0))
            if _correlation(before.reshape(len(before), -1), self.at.reshape(len(before), -1)) < FORGOTTEN:
                return True
        return False

    def _step(self, laws: Sequence[_Law]) -> float:
        """Try one step of every particle and return the share accepted."""
        tried, beside = np.empty_like(self.at), np.empty_like(self.logs)
        for i, law in enumerate(laws):
            fresh = law.spread(self.rng.standard_normal(self.at[:, i].shape))
            tried[:, i] = law.centre + math.sqrt(1 - self.length**2) * (self.at[:, i] - law.centre) + self.length * fresh
            beside[i] = law.beside(tried[:, i]) - law.beside(self.at[:, i])
        logs = self._likelihood(tried)
        self.steps += 1
        with np.errstate(invalid="ignore"):
            gain = self.power * (logs - self.logs) + beside
        taken = np.log(self.rng.random(logs.shape)) < np.where(np.isnan(gain), -np.inf, gain)
        self.at, self.logs = np.where(taken, tried, self.at), np.where(taken, logs, self.logs)
        return float(taken.mean())


@dataclass(frozen=True)
class _Law:
    """A normal law: its mean, shape (coordinates, 1), and its standard deviations in some directions, shape (coordinates, directions), orthogonal and of length 1; 1 in all others."""

    centre: Array
    directions: Array
    deviations: Array

    def spread(self, fresh: Array) -> Array:
        """Return standard normal points, shape (coordinates, points), with the covariance of this law."""
        return fresh + self.directions @ ((self.deviations - 1)[:, None] * (self.directions.T @ fresh))

    def beside(self, at: Array) -> Array:
        """Return the logarithm of the standard normal density over this one, but for a constant."""
        along = self.directions.T @ (at - self.centre)
        return 0.5 * ((self.deviations**-2 - 1) @ along**2) - self.centre.ravel() @ at


def _law(at: Array) -> _Law:
    """Return a normal law like that of particles where it differs from the prior by more than chance, and the prior elsewhere.

    Of so many scores most are as they were, and to learn their law would only add noise: means within three standard errors of nought, and directions whose variance a sample of the prior could
    have had (Marchenko and Pastur, 1967), are taken from the prior.
    """
    size, count = len(at), len(np.unique(at[0]))  # resampled particles stand in several places
    mean = at.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(np.cov(at).reshape(size, size))
    edge = 1.1 * math.sqrt(size / count)
    moved = (values <= max(1 - edge, 0.0) ** 2) | (values >= (1 + edge) ** 2)
    return _Law(np.where(np.abs(mean) < 3 / math.sqrt(count), 0.0, mean), vectors[:, moved], np.sqrt(np.maximum(values[moved], 1e-12)))


def _correlation(before: Array, after: Array) -> float:
    """Return the largest correlation of any row with what it was."""
    one, other = (rows - rows.mean(axis=1, keepdims=True) for rows in (before, after))
    products = (one * other).sum(axis=1) / np.sqrt(np.maximum((one**2).sum(axis=1) * (other**2).sum(axis=1), 1e-300))
    return float(np.abs(products).max())
