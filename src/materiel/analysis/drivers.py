"""What an answer's doubt rests on: shares of its variance, from the runs at hand.

The share of a number is the part of the answer's variance between classes of draws in which that number is alike (twenty classes of equal size), less what
chance alone would give: a first-order sensitivity index that needs no extra runs (given-data estimation, Plischke et al., 2013). Answers and numbers are taken by
rank, so that a long tail does not decide. Shares below the noise count as nought. Numbers that are correlated share what they have in common: their shares overlap.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel.engine.draws import TOGETHER, Sampler, Streams
from materiel.evidence.pooling import Prior

Array = npt.NDArray[np.float64]

CLASSES = 20
MOST_DRAWS = 4000
SURE = 4.5
"""Standard errors from which a share stands out: of some hundreds of numbers that explain nothing, hardly one does by chance."""
FEWEST_DRAWS = 10 * CLASSES
"""Draws below which no share is stated."""


@dataclass(frozen=True)
class Inputs:
    """Uncertain numbers of a run, one per stream: the class of every draw used, number by number, their sizes, shape (numbers, classes), the share of each that is its base's.

    `heard` are all that claims speak of, also where a scenario says something else on the same stream.
    """

    priors: list[Prior]
    classes: list[npt.NDArray[np.int64]]
    sizes: npt.NDArray[np.int64]
    base: Array
    heard: list[Prior]

    @functools.cached_property
    def rows(self) -> dict[tuple[object, ...], int]:
        """The row of each number by what it says on which stream."""
        return {key: row for row, key in enumerate(map(_key, self.priors))}

    def of(self, priors: Sequence[Prior]) -> Inputs:
        """Return those of these numbers that are among `priors`, one per stream."""
        chosen = [self.rows[_key(prior)] for prior in _uncertain(priors).values()]
        return Inputs([self.priors[row] for row in chosen], [self.classes[row] for row in chosen], self.sizes[chosen], self.base[chosen], _heard(priors))


def inputs(priors: Sequence[Prior], seed: int, draws: int) -> Inputs:
    """Return the distinct uncertain numbers among `priors`, drawn again from their streams."""
    streams = Streams(seed, 0, min(draws, MOST_DRAWS))
    kept = list({_key(one): one for prior in priors for one in (prior.mix or (prior,)) if not one.constant}.values())
    drawn = Sampler(kept).draw(seed, 0, streams.count)
    ranks = np.empty(drawn.shape)
    size = max(1, TOGETHER // streams.count)
    for first in range(0, len(kept), size):
        ranks[first : first + size] = _ranks(drawn[first : first + size])
    classes = [(row * CLASSES).astype(np.int64) for row in ranks]
    sizes = np.array([np.bincount(row, minlength=CLASSES) for row in classes]).reshape(-1, CLASSES)
    base = np.ones(len(kept))
    for i, prior in enumerate(kept):
        if any(part.claims for part in prior.parts):
            ours = np.array([not part.claims for part in prior.parts])[prior.pick(streams.voices(prior))]
            spread = (ranks[i] - ranks[i].mean()) ** 2
            base[i] = spread[ours].sum() / max(spread.sum(), 1e-300)
    return Inputs(kept, classes, sizes, base, _heard(priors))


def _heard(priors: Sequence[Prior]) -> list[Prior]:
    return list({_key(one): one for prior in priors for one in (prior.mix or (prior,)) if one.pool is not None and one.pool.heard()}.values())


def _uncertain(priors: Sequence[Prior]) -> dict[str, Prior]:
    """Return the uncertain numbers by stream; where several say something on one stream, the last does."""
    return {one.stream: one for prior in priors for one in (prior.mix or (prior,)) if not one.constant}


def _key(prior: Prior) -> tuple[object, ...]:
    return prior.stream, prior.mixing, prior.parts


def shares(given: Inputs, values: Array) -> Array:
    """Return the share of the variance of `values` (shape (draws,), in draw order) that each number explains; shape (numbers,)."""
    count = min(len(values), MOST_DRAWS)
    ranks = _ranks(values[None, :count])[0]
    variance = ranks.var()
    if variance == 0 or count < FEWEST_DRAWS:
        return np.zeros(len(given.priors))
    sums = np.array([np.bincount(classes, weights=ranks, minlength=CLASSES) for classes in given.classes]).reshape(-1, CLASSES)
    explained = ((sums**2 / np.maximum(given.sizes, 1)).sum(axis=1) / count - ranks.mean() ** 2) / variance
    found = explained - (CLASSES - 1) / (count - CLASSES) * (1 - explained)
    noise = SURE * np.sqrt(2 * (CLASSES - 1)) / count
    return np.where(found > noise, found, 0.0)


def base_share(given: Inputs, found: Array) -> float:
    """Return the part of the variance explained by single numbers that rests on bases rather than on claims; nan where nothing is explained."""
    return float((found * given.base).sum() / found.sum()) if found.sum() > 0 else float("nan")


def _ranks(values: Array) -> Array:
    """Return ranks between 0 and 1 within each row; ties share their mean rank, so that a constant explains nothing."""
    count = values.shape[1]
    order = np.argsort(values, axis=1)
    ordered, ranks = np.take_along_axis(values, order, axis=1), np.empty(values.shape)
    last = np.ones(values.shape, dtype=np.bool_)
    last[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
    ends = np.flatnonzero(last) + 1
    counts = np.diff(ends, prepend=0)
    np.put_along_axis(ranks, order, np.repeat(((ends - 1) % count + 1 - counts / 2) / count, counts).reshape(values.shape) - 1e-12, axis=1)
    return ranks


def leading(given: Inputs, found: Array, most: int = 5) -> Mapping[str, float]:
    """Return the numbers that drive an answer most, by the name of their stream (their path, or `shared.NAME`), largest first."""
    order = np.argsort(-found, kind="stable")[:most]
    return {given.priors[int(i)].stream: float(found[i]) for i in order if found[i] > 0}
