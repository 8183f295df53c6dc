"""Probabilities that several people state of the same hypotheses: made coherent, pooled, and held against each other.

The hypotheses exclude each other and one of them holds. A statement is the probability of a set of them. Statements are coherent if some probabilities of the single hypotheses,
none below 0 and 1 together, give each set what was stated. Where they do not, the nearest coherent ones stand for them: the projection by the divergence of a proper scoring
rule. Judged by that rule it does better than what was stated, whichever hypothesis holds (Predd, Seiringer, Lieb, Osherson, Poor and Kulkarni, IEEE Transactions on Information
Theory, 2009).

The linear pool is Stone's (Annals of Mathematical Statistics, 1961), the logarithmic pool and its property of being externally Bayesian are in Genest and Zidek (Statistical
Science, 1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Repair = Literal["least-squares", "proportional"]

SLOPES: dict[Repair, tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]]] = {
    "least-squares": (lambda x, stated: 2 * (x - stated), lambda x, _: np.full_like(x, 2.0)),
    "proportional": (lambda x, stated: np.log(x / stated), lambda x, _: 1 / x),
}
"""Slope and curvature of the divergence of a probability x from a stated one: (x - s)², of the Brier score, and x log(x / s) - x + s, of the logarithmic score."""
_BARRIERS = [10.0**-power for power in range(1, 11)]
_STEPS, _CLOSE = 50, 1e-6
_TINY = 1e-9
"""Share of the weights that rounding may put on either side of their middle."""


def undecided(sets: Array) -> npt.NDArray[np.bool_]:
    """Return which hypotheses statements about some sets leave open, shape (hypotheses,): those whose probability does not follow from coherent ones and from the sum.

    `sets` has shape (statements, hypotheses) and is 1 where a hypothesis is in the set that is spoken of, 0 elsewhere.
    """
    whole = np.vstack([sets, np.ones(sets.shape[1])])
    _, sizes, directions = np.linalg.svd(whole)
    free = directions[int((sizes > 1e-9).sum()) :]
    return np.abs(free).max(axis=0, initial=0.0) > 1e-9


def coherent(sets: Array, stated: Array, repair: Repair) -> Array:
    """Return the probabilities of the hypotheses, shape (hypotheses,), whose sums over sets are nearest to what was stated of these, shape (statements,), all above 0.

    `sets` is as in `undecided`, which must leave nothing open. Newton's method with a logarithmic barrier, damped by its decrement: both divergences are self-concordant beside the barrier, so
    that no step leaves the simplex. Within 1e-8; what lies on the edge of the simplex comes out as less than that.
    """
    count = len(sets.T)
    found: Array = np.full(count, 1 / count, dtype=np.float64)
    for barrier in _BARRIERS:
        for _ in range(_STEPS):
            found, decrement = _nearer(sets, stated, repair, found, barrier)
            if decrement < _CLOSE:
                break
    return found / float(found.sum())


def _nearer(sets: Array, stated: Array, repair: Repair, found: Array, barrier: float) -> tuple[Array, float]:
    """Return the probabilities after one damped step of Newton's method, and the decrement: how far the step was from needless."""
    slope, curvature = SLOPES[repair]
    given: Array = sets @ found
    scaled: Array = sets * found  # a step is a share of each probability, so that small ones take small steps
    gradient = scaled.T @ slope(given, stated) - barrier
    bent = (scaled.T * curvature(given, stated)) @ scaled + barrier * np.eye(len(found))
    system = np.block([[bent, found[:, None]], [found[None, :], np.zeros((1, 1))]])
    step = np.asarray(np.linalg.solve(system, np.append(-gradient, 0.0)), dtype=np.float64)[:-1]
    decrement = math.sqrt(max(float(step @ bent @ step), 0.0) / barrier)
    return found * (1 + step / (1 + decrement if decrement > 0.25 else 1)), decrement


def linear(opinions: Array, weights: Array) -> Array:
    """Return the linear pool, shape (hypotheses,), of probabilities by person and hypothesis: their mean by weight, shape (persons,)."""
    return weights @ opinions / weights.sum()


def logarithmic(opinions: Array, weights: Array) -> Array:
    """Return the logarithmic pool: the geometric mean by weight, divided by its sum. Raises ValueError when every hypothesis is impossible for somebody."""
    heard = weights > 0
    with np.errstate(divide="ignore"):
        logs = weights[heard] @ np.log(opinions[heard]) / weights.sum()
    return _whole(np.exp(logs - max(logs.max(), -1e300)))


def median(opinions: Array, weights: Array) -> Array:
    """Return the median pool: the median by weight of each probability (between two, their middle), divided by their sum. Raises ValueError when all medians are nought."""
    ordered = np.argsort(opinions, axis=0)
    reached = np.cumsum(weights[ordered], axis=0) / weights.sum()
    ranked = np.take_along_axis(opinions, ordered, axis=0)
    ends = [ranked[(reached < 0.5 + side).sum(axis=0), np.arange(ranked.shape[1])] for side in (-_TINY, _TINY)]
    return _whole((ends[0] + ends[1]) / 2)


def _whole(parts: Array) -> Array:
    """Return parts divided by their sum. Raises ValueError when there are none."""
    total = float(parts.sum())
    if total <= 0:
        raise ValueError("no hypothesis is possible for all")
    return parts / total


POOLS: dict[str, Callable[[Array, Array], Array]] = {"linear": linear, "logarithmic": logarithmic, "median": median}
"""The methods of pooling, by name."""


def distance(one: Array, other: Array) -> float:
    """Return the total variation between two opinions: by how much they differ about the set of hypotheses on which they differ most."""
    return float(np.abs(one - other).sum()) / 2
