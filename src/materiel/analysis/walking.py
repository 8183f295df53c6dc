"""A second opinion that shares no sampler code with the first: affine-invariant ensemble moves (Goodman and Weare, CAMCoS, 2010) over all hypotheses at once.

The chain moves on the scores of a draw alone. The law that it leaves unchanged is the prior of the draw times the likelihood under all hypotheses, each with its prior
probability: so the hypothesis is summed over and never sampled, and its posterior probability is the mean of its share of that sum along the chain. Walkers come in two halves; each walker of one
half moves along the line to a walker of the other half, by a step from the difference of two of them, or to a fresh draw of the prior for a few coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

LogLikelihoods = Callable[[Array], Mapping[str, Array]]
"""What gives the log-likelihood of draws under each hypothesis from their normal scores, shape (coordinates, draws)."""


@dataclass(frozen=True)
class Walked:
    """Where walkers went: the posterior probability of each hypothesis with its standard error, and the split R-hat of the logarithm of the target, which is 1 where they have mixed.

    `scores`, shape (coordinates, draws), are those of the second half of the way, `shares`, shape (hypotheses, draws), the probability of each hypothesis given the draw.
    """

    posterior: dict[str, float]
    errors: dict[str, float]
    r_hat: float
    accepted: float
    scores: Array
    shares: Array


def walk(logs: LogLikelihoods, priors: Mapping[str, float], coordinates: int, seed: int, walkers: int = 200, steps: int = 1000) -> Walked:
    """Return the posterior probabilities of hypotheses by an ensemble of walkers; the first half of their way is left out."""
    rng = np.random.default_rng([seed, 77])
    odds = np.log(list(priors.values()))[:, None]

    def weigh(at: Array) -> tuple[Array, Array]:
        found = logs(at)
        each = odds + np.stack([found[name] for name in priors])
        best: Array = np.maximum(each.max(axis=0), -1e300)
        whole: Array = best + np.log(np.exp(each - best).sum(axis=0))
        shares: Array = np.exp(each - whole)
        return whole, shares

    at = rng.standard_normal((coordinates, 8 * walkers))
    target, shares = weigh(at)
    picked = rng.choice(at.shape[1], walkers, p=np.exp(target - target.max()) / np.exp(target - target.max()).sum())
    at, target, shares = at[:, picked], target[picked], shares[:, picked]
    halves = np.arange(walkers) < walkers // 2
    targets, kept_at, kept_shares, taken_in_all = np.empty((steps, walkers)), list[Array](), list[Array](), 0
    for step in range(steps):
        for mine in (halves, ~halves):
            tried, bonus = _tried(rng, at[:, mine], at[:, ~mine], step)
            found, given = weigh(tried)
            density = found - target[mine] + bonus
            taken = np.log(rng.random(len(found))) < np.where(np.isnan(density), -np.inf, density)
            rows = np.flatnonzero(mine)[taken]
            at[:, rows], target[rows], shares[:, rows] = tried[:, taken], found[taken], given[:, taken]
            taken_in_all += int(taken.sum())
        targets[step] = target
        if step >= steps // 2 and step % 10 == 0:
            kept_at.append(at.copy())
            kept_shares.append(shares.copy())
    whole = np.stack(kept_shares)  # moments, hypotheses, walkers
    posterior = whole.mean(axis=(0, 2))
    errors = [_error(whole[:, i].mean(axis=1)) for i in range(len(priors))]
    return Walked(
        dict(zip(priors, map(float, posterior), strict=True)), dict(zip(priors, errors, strict=True)), r_hat(targets[steps // 2 :]), taken_in_all / (steps * walkers), np.concatenate(kept_at, axis=1), np.concatenate(kept_shares, axis=1),
    )  # fmt: skip


def _tried(rng: np.random.Generator, mine: Array, others: Array, step: int) -> tuple[Array, Array]:
    """Return where walkers would go, and the logarithm of what makes up for steps that are not as easily undone, the normal density included."""
    size, count = len(mine), int(mine.shape[1])
    if step % 3 == 2:  # a fresh draw of a few coordinates: the prior leaves it unchanged, so that only the likelihood decides
        fresh = rng.random((size, count)) < min(1.0, 2.0 / size)
        return np.where(fresh, rng.standard_normal((size, count)), mine), np.zeros(count)
    if step % 3 == 1:  # a step along the difference of two others
        one, other = (others[:, rng.integers(others.shape[1], size=count)] for _ in range(2))
        tried: Array = mine + 2.38 / math.sqrt(2 * size) * (one - other) + 1e-3 * rng.standard_normal(mine.shape)
        return tried, _prior(tried) - _prior(mine)
    uniform: Array = rng.random(count)
    stretch: Array = np.square(1 + uniform) / 2  # between a half and two, its density as 1 / sqrt(z)
    towards: Array = others[:, rng.integers(others.shape[1], size=count)]
    stretched: Array = towards + stretch * (mine - towards)
    return stretched, (size - 1) * np.log(stretch) + _prior(stretched) - _prior(mine)


def _prior(at: Array) -> Array:
    """Return the logarithm of the density of scores, but for a constant."""
    return -0.5 * np.square(at).sum(axis=0)


def r_hat(chains: Array) -> float:
    """Return the split R-hat of chains, shape (steps, chains): the square root of their variance in all over that within halves of them (Gelman and others, 2013)."""
    half = len(chains) // 2
    parts = np.concatenate([chains[:half], chains[half : 2 * half]], axis=1)
    within, between = float(parts.var(axis=0, ddof=1).mean()), float(parts.mean(axis=0).var(ddof=1))
    return math.sqrt((within * (half - 1) / half + between) / within) if within > 0 else math.inf


def _error(series: Array, batches: int = 10) -> float:
    """Return the standard error of the mean of a correlated series by means of batches."""
    size = max(len(series) // batches, 1)
    means = series[: size * (len(series) // size)].reshape(-1, size).mean(axis=1)
    return float(means.std(ddof=1) / math.sqrt(len(means))) if len(means) > 1 else math.inf
