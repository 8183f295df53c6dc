"""Named random streams: a draw of a number depends on the seed, the number's name and the draw's index, and on nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.evidence.pooling import Prior
from materiel.quantities import Scale, from_scale

Array = npt.NDArray[np.float64]


def uniforms(seed: int, stream: str, first: int, count: int) -> Array:
    """Return uniform numbers strictly between 0 and 1 for draws first .. first + count - 1 of a stream, shape (count,).

    Philox is counter-based: any stretch of a stream can be had without what comes before it.
    """
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{stream}".encode(), digest_size=16).digest(), "little")
    block, skip = divmod(first, 4)
    raw = np.random.Philox(key=key, counter=block).random_raw(skip + count)[skip:]
    return ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def sample(prior: Prior, seed: int, first: int, count: int) -> Array:
    """Return draws first .. first + count - 1 of a prior in its canonical unit, shape (count,)."""
    return Sampler([prior]).draw(seed, first, count)[0]


def voices(prior: Prior, seed: int, first: int, count: int) -> Array:
    """Return the uniform numbers that pick a voice of the pool, shape (count,)."""
    if len(prior.parts) == 1:
        return np.zeros(count)
    return uniforms(seed, f"{prior.stream}#voice", first, count)


class Sampler:
    """Draws many priors at once; a prior's draws do not depend on the others.

    `rows` gives the row of every prior: priors that say the same on the same stream share one. Straight lines between two normal scores, which most voices
    are, are drawn as one matrix per scale; anything else one by one.
    """

    def __init__(self, priors: Sequence[Prior]) -> None:
        """Sort the distinct priors by how they are drawn."""
        self.unique: dict[tuple[object, ...], int] = {}
        self.priors: list[Prior] = []
        self.rows = np.array([self._row(prior) for prior in priors], dtype=np.int64)
        self.constants = [i for i, prior in enumerate(self.priors) if prior.constant]
        self.lines: dict[Scale, _Lines] = {}
        self.others: list[int] = []
        by_scale: dict[Scale, list[int]] = {}
        for i, prior in enumerate(self.priors):
            if prior.constant or prior.mix:
                continue
            scale = prior.parts[0].distribution.scale
            if all(part.distribution.straight and part.distribution.scale == scale for part in prior.parts):
                by_scale.setdefault(scale, []).append(i)
            else:
                self.others.append(i)
        self.lines = {scale: _Lines(scale, rows, [self.priors[i] for i in rows]) for scale, rows in by_scale.items()}
        self.mixes = [(i, prior.index, [self._row(weight) for weight in prior.mix]) for i, prior in enumerate(self.priors) if prior.mix]

    def _row(self, prior: Prior) -> int:
        for weight in prior.mix:
            self._row(weight)
        key = (prior.stream, prior.parts, prior.mix, prior.index)
        if key not in self.unique:
            self.unique[key] = len(self.priors)
            self.priors.append(prior)
        return self.unique[key]

    def draw(self, seed: int, first: int, count: int) -> Array:
        """Return draws first .. first + count - 1 of all priors in their canonical units, shape (priors, count)."""
        made = np.empty((len(self.priors), count))
        for i in self.constants:
            made[i] = self.priors[i].parts[0].distribution.values[0]
        for lines in self.lines.values():
            made[lines.rows] = lines.draw(seed, first, count)
        for i in self.others:
            prior = self.priors[i]
            made[i] = prior.sample(voices(prior, seed, first, count), uniforms(seed, prior.stream, first, count))
        for i, index, weights in self.mixes:
            whole = made[weights[0]]
            for weight in weights[1:]:
                whole = whole + made[weight]
            made[i] = made[weights[index]] / whole
        return made[self.rows]


class _Lines:
    """Priors whose voices are all straight lines between two normal scores on one scale."""

    def __init__(self, scale: Scale, rows: list[int], priors: list[Prior]) -> None:
        self.scale: Scale = scale
        self.rows, self.priors = rows, priors
        width = max(len(prior.parts) for prior in priors)
        shape = (len(priors), width)
        self.score, self.height, self.slope = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.edges = np.full((len(priors), max(width - 1, 1)), 2.0)
        for i, prior in enumerate(priors):
            for k, part in enumerate(prior.parts):
                self.score[i, k], self.height[i, k], self.slope[i, k] = part.distribution.line()
            self.edges[i, : len(prior.parts) - 1] = np.cumsum([part.weight for part in prior.parts])[:-1]
        self.pooled = [i for i, prior in enumerate(priors) if len(prior.parts) > 1]

    def draw(self, seed: int, first: int, count: int) -> Array:
        z = np.array([uniforms(seed, prior.stream, first, count) for prior in self.priors])
        z = portable.normal_quantile(z)
        picked = np.zeros(z.shape, dtype=np.int64)
        for i in self.pooled:
            picked[i] = np.searchsorted(self.edges[i], voices(self.priors[i], seed, first, count), side="right")
        score, height, slope = (np.take_along_axis(table, picked, axis=1) for table in (self.score, self.height, self.slope))
        return from_scale(self.scale, height + (z - score) * slope)
