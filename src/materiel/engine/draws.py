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

_TOGETHER = 2**14
"""Numbers worked on together: what is made of them on the way stays in the cache."""


class Streams:
    """Draws first .. first + count - 1 of any stream of a seed: uniform numbers strictly between 0 and 1, shape (count,).

    Philox is counter-based: any stretch of a stream can be had without what comes before it. One generator is set to stream after stream: to make one takes longer than
    a thousand numbers.
    """

    def __init__(self, seed: int, first: int, count: int) -> None:
        self.seed, self.count = seed, count
        block, self.skip = divmod(first, 4)
        self.generator = np.random.Philox(counter=block)
        self.start = self.generator.state

    def uniforms(self, stream: str) -> Array:
        """Return the draws of a stream."""
        key = hashlib.blake2b(f"{self.seed}/{stream}".encode(), digest_size=16).digest()
        self.start["state"]["key"] = np.frombuffer(key, "<u8")
        self.generator.state = self.start
        raw = self.generator.random_raw(self.skip + self.count)[self.skip :]
        made = (raw >> np.uint64(12)).astype(np.float64)
        made += 0.5
        made *= 2.0**-52
        return made

    def voices(self, prior: Prior) -> Array:
        """Return the numbers that pick a voice of the pool of a prior."""
        return _voices(prior, self.uniforms, self.count)


def uniforms(seed: int, stream: str, first: int, count: int) -> Array:
    """Return uniform numbers strictly between 0 and 1 for draws first .. first + count - 1 of a stream, shape (count,)."""
    return Streams(seed, first, count).uniforms(stream)


def sample(prior: Prior, seed: int, first: int, count: int) -> Array:
    """Return draws first .. first + count - 1 of a prior in its canonical unit, shape (count,)."""
    return Sampler([prior]).draw(seed, first, count)[0]


def voices(prior: Prior, seed: int, first: int, count: int) -> Array:
    """Return the uniform numbers that pick a voice of the pool, shape (count,)."""
    return Streams(seed, first, count).voices(prior)


def _voices(prior: Prior, uniform: Uniform, count: int) -> Array:
    return np.zeros(count) if len(prior.parts) == 1 else uniform(_voice(prior))


def _voice(prior: Prior) -> str:
    """Return the stream that picks a voice of a pool."""
    return f"{prior.stream}#voice"


class Sampler:
    """Draws many priors at once; a prior's draws do not depend on the others.

    `rows` gives the row of every prior among the distinct ones: priors that say the same on the same stream share one. Curves on one scale, which most are, are drawn
    together, anything else one by one. `mixed` holds the rows whose normal scores are mixed of several streams, `streams` these.
    """

    def __init__(self, priors: Sequence[Prior]) -> None:
        """Sort the distinct priors by how they are drawn."""
        self.unique: dict[tuple[object, ...], int] = {}
        self.priors: list[Prior] = []
        known: dict[int, int] = {}
        for prior in priors:
            if id(prior) not in known:  # most stand in several programs: to compare them takes longer
                known[id(prior)] = self._row(prior)
        self.rows = np.array([known[id(prior)] for prior in priors], dtype=np.int64)
        self.mixed = [i for i, prior in enumerate(self.priors) if not prior.constant and not prior.mix and _mixed(prior)]
        self.streams = list(dict.fromkeys(stream for i in self.mixed for stream, _ in self.priors[i].mixing))
        self.constants, self.others = list[int](), list[int]()
        self.curves: dict[Scale, list[int]] = {}
        for i, prior in enumerate(self.priors):
            if prior.constant:
                self.constants.append(i)
            elif scale := _curved(prior):
                self.curves.setdefault(scale, []).append(i)
            elif not prior.mix:
                self.others.append(i)
        self.values = np.array([self.priors[i].parts[0].distribution.values[0] for i in self.constants])
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
        return self.distinct(seed, first, count)[self.rows]

    def distinct(self, seed: int, first: int, count: int) -> Array:
        """Return draws of the distinct priors, shape (distinct priors, count)."""
        return self.at(Streams(seed, first, count).uniforms, count)

    def at(self, uniform: Uniform, count: int) -> Array:
        """Return so many draws of the distinct priors, shape (distinct priors, count), where `uniform` gives the numbers of every stream."""
        made = np.empty((len(self.priors), count))
        scores = self._scores(uniform, count)
        made[self.constants] = self.values[:, None]
        for scale, rows in self.curves.items():
            size = max(1, _TOGETHER // count)
            for at in range(0, len(rows), size):
                made[rows[at : at + size]] = self._curves(scale, rows[at : at + size], uniform, scores, count)
        for i in self.others:
            prior = self.priors[i]
            u = np.clip(portable.normal_cdf(scores[i]), _LEAST, 1.0 - _LEAST) if i in scores else uniform(prior.stream)
            made[i] = prior.sample(_voices(prior, uniform, count), u)
        for i, index, weights in self.mixes:
            whole = made[weights[0]]
            for weight in weights[1:]:
                whole = whole + made[weight]
            made[i] = made[weights[index]] / whole
        return made

    def _scores(self, uniform: Uniform, count: int) -> dict[int, Array]:
        """Return the normal scores of the rows that mix several streams; terms are added in the order of the mixing, so that every machine adds alike."""
        own = {stream: portable.normal_quantile(uniform(stream)) for stream in self.streams}
        made: dict[int, Array] = {}
        for i in self.mixed:
            made[i] = np.zeros(count)
            for stream, weight in self.priors[i].mixing:
                made[i] += weight * own[stream]
        return made

    def _curves(self, scale: Scale, rows: Sequence[int], uniform: Uniform, scores: Mapping[int, Array], count: int) -> Array:
        """Return draws of some curves on one scale, shape (rows, count)."""
        u = np.full((len(rows), count), 0.5)
        for k, i in enumerate(rows):
            if i not in scores:
                u[k] = uniform(self.priors[i].stream)
        z = portable.normal_quantile(u)
        for k, i in enumerate(rows):
            z[k] = self.priors[i].heights(_voices(self.priors[i], uniform, count), scores.get(i, z[k]))
        return from_scale(scale, z)


def _mixed(prior: Prior) -> bool:
    """Say whether a prior's normal score is anything but that of its own stream."""
    return prior.mixing not in ((), ((prior.stream, 1.0),))


def _curved(prior: Prior) -> Scale | None:
    """Return the scale of a prior whose voices are all straight lines on one scale, or several in a row where its normal score is that of its own stream."""
    said = [part.distribution for part in prior.parts]
    if prior.mix or not all(one.bent and one.scale == said[0].scale and (len(one.values) == 2 or not _mixed(prior)) for one in said):
        return None
    return said[0].scale
