"""Named random streams: a draw of a number depends on the seed, the number's name and the draw's index, and on nothing else.

Where a case correlates ranks, a draw depends on the streams of the number's group as well: its normal score is a weighted sum of theirs. Which part of its pool a
number listens to is a stream of its own even then. So the stated rank correlation holds exactly between numbers of one part each; where the parts of a pool differ,
as when claims of different origins pull a number elsewhere, it holds within every pair of parts, and over all draws it is weaker. It is weaker for a `chance`, too,
which has only two values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.evidence.pooling import Prior
from materiel.quantities import Scale, from_scale

Array = npt.NDArray[np.float64]

Uniform = Callable[[str], Array]
"""What gives the uniform numbers of a stream, by its name, one for each draw."""

_LEAST = 2.0**-53
"""Least uniform number that a stream gives; 1 less this is the greatest."""


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
    return _voices(prior, lambda stream: uniforms(seed, stream, first, count), count)


def _voices(prior: Prior, uniform: Uniform, count: int) -> Array:
    return np.zeros(count) if len(prior.parts) == 1 else uniform(_voice(prior))


def _voice(prior: Prior) -> str:
    """Return the stream that picks a voice of a pool."""
    return f"{prior.stream}#voice"


class Sampler:
    """Draws many priors at once; a prior's draws do not depend on the others.

    `rows` gives the row of every prior: priors that say the same on the same stream share one. Straight lines between two normal scores, which most voices
    are, are drawn as one matrix per scale; anything else one by one. `mixed` holds the rows whose normal scores are mixed of several streams, `streams` these.
    """

    def __init__(self, priors: Sequence[Prior]) -> None:
        """Sort the distinct priors by how they are drawn."""
        self.unique: dict[tuple[object, ...], int] = {}
        self.priors: list[Prior] = []
        self.rows = np.array([self._row(prior) for prior in priors], dtype=np.int64)
        self.constants = [i for i, prior in enumerate(self.priors) if prior.constant]
        self.mixed = [i for i, prior in enumerate(self.priors) if not prior.constant and not prior.mix and _mixed(prior)]
        self.streams = list(dict.fromkeys(stream for i in self.mixed for stream, _ in self.priors[i].mixing))
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
        key = (prior.stream, prior.mixing, prior.parts, prior.mix, prior.index)
        if key not in self.unique:
            self.unique[key] = len(self.priors)
            self.priors.append(prior)
        return self.unique[key]

    @property
    def coordinates(self) -> list[str]:
        """The streams that decide a draw, each once: a uniform number for each is all that a draw is."""
        made: dict[str, None] = {}
        for prior in self.priors:
            if not (prior.constant or prior.mix):
                made.update(dict.fromkeys(stream for stream, _ in prior.mixing or ((prior.stream, 1.0),)))
                made.update({_voice(prior): None} if len(prior.parts) > 1 else {})
        return list(made)

    def draw(self, seed: int, first: int, count: int) -> Array:
        """Return draws first .. first + count - 1 of all priors in their canonical units, shape (priors, count)."""
        return self.at(lambda stream: uniforms(seed, stream, first, count), count)

    def at(self, uniform: Uniform, count: int, score: Uniform | None = None) -> Array:
        """Return so many draws of all priors, shape (priors, count), where `uniform` gives the numbers of every stream, and `score` their normal scores if these are known."""
        made = np.empty((len(self.priors), count))
        scores = self._scores(score or (lambda stream: portable.normal_quantile(uniform(stream))), count)
        for i in self.constants:
            made[i] = self.priors[i].parts[0].distribution.values[0]
        for lines in self.lines.values():
            made[lines.rows] = lines.draw(uniform, count, scores, score)
        for i in self.others:
            prior = self.priors[i]
            u = np.clip(portable.normal_cdf(scores[i]), _LEAST, 1.0 - _LEAST) if i in scores else uniform(prior.stream)
            made[i] = prior.sample(_voices(prior, uniform, count), u)
        for i, index, weights in self.mixes:
            whole = made[weights[0]]
            for weight in weights[1:]:
                whole = whole + made[weight]
            made[i] = made[weights[index]] / whole
        return made[self.rows]

    def _scores(self, score: Uniform, count: int) -> dict[int, Array]:
        """Return the normal scores of the rows that mix several streams; terms are added in the order of the mixing, so that every machine adds alike."""
        own = {stream: score(stream) for stream in self.streams}
        made: dict[int, Array] = {}
        for i in self.mixed:
            made[i] = np.zeros(count)
            for stream, weight in self.priors[i].mixing:
                made[i] += weight * own[stream]
        return made


def _mixed(prior: Prior) -> bool:
    """Say whether a prior's normal score is anything but that of its own stream."""
    return prior.mixing not in ((), ((prior.stream, 1.0),))


class _Lines:
    """Priors whose voices are all straight lines between two normal scores on one scale."""

    def __init__(self, scale: Scale, rows: list[int], priors: list[Prior]) -> None:
        self.scale: Scale = scale
        self.rows, self.priors = rows, priors
        self.mixed = [i for i, prior in enumerate(priors) if _mixed(prior)]
        self.plain = [i for i, prior in enumerate(priors) if not _mixed(prior)]
        width = max(len(prior.parts) for prior in priors)
        shape = (len(priors), width)
        self.score, self.height, self.slope = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.edges = np.full((len(priors), max(width - 1, 1)), 2.0)
        for i, prior in enumerate(priors):
            for k, part in enumerate(prior.parts):
                self.score[i, k], self.height[i, k], self.slope[i, k] = part.distribution.line()
            self.edges[i, : len(prior.parts) - 1] = np.cumsum([part.weight for part in prior.parts])[:-1]
        self.pooled = [i for i, prior in enumerate(priors) if len(prior.parts) > 1]

    def draw(self, uniform: Uniform, count: int, scores: Mapping[int, Array], known: Uniform | None) -> Array:
        plain = np.empty((len(self.plain), count))
        for k, i in enumerate(self.plain):
            plain[k] = (known or uniform)(self.priors[i].stream)
        plain = plain if known else portable.normal_quantile(plain)
        if self.mixed:
            z = np.empty((len(self.priors), count))
            z[self.plain] = plain
            z[self.mixed] = [scores[self.rows[i]] for i in self.mixed]
        else:
            z = plain
        picked = np.zeros(z.shape, dtype=np.int64)
        for i in self.pooled:
            picked[i] = np.searchsorted(self.edges[i], _voices(self.priors[i], uniform, count), side="right")
        score, height, slope = (np.take_along_axis(table, picked, axis=1) for table in (self.score, self.height, self.slope))
        return from_scale(self.scale, height + (z - score) * slope)
