"""From a base and the claims known by a day to one prior.

Claims that trace to one origin are one voice, however many repeat it. Its first claim (the one that the others repeat; else the first known) gives its grade, so that
a repetition changes nothing, be it by another paper, in another unit, or of what the base has heard; where its claims differ, the voice is spread evenly over the
distinct values. Voices and the base form a linear pool: each draw listens
to one of them. Agreement of voices therefore takes weight from the base and does not sharpen. Under a rule of measurement errors, voices that
counted for themselves are first combined by precision; there alone agreement narrows.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.evidence.grades import REACH, Grade, Rule
from materiel.quantities import Distribution, from_scale, to_scale

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One thing that a draw may listen to: its weight, what it says, and the claims and origins it comes from (none for the base)."""

    weight: float
    distribution: Distribution
    claims: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statement:
    """What one claim says of one number, in the number's unit, before any spread: its grade, its origin, and its place among those of one origin.

    The first claim of an origin is the one that repeats none of the others, then the one `known` first, then the first by its `place` in the ledger; `repeats` are
    the claims that it traces to. `observed` says whether the claim is a count or a measurement of its own.
    """

    claim: str
    origin: str
    value: Distribution
    grade: Grade
    known: datetime.date
    place: int = 0
    repeats: tuple[str, ...] = ()
    observed: bool = False


@dataclass(frozen=True)
class Pool:
    """A base and the statements that take weight from it, under a rule; `share` and `date` say whether the number is one. The base may itself be pooled.

    A day is not spread, for no factor can spread it. `factor` is what one unit of the statements makes in the unit of the parts.
    """

    base: Distribution | Pool
    statements: tuple[Statement, ...]
    rule: Rule
    share: bool = False
    date: bool = False
    factor: float = 1.0

    @property
    def switch(self) -> bool:
        """Whether the number is on or off: a chance, which no factor can spread."""
        return self.base.switch if isinstance(self.base, Pool) else self.base.named == "chance"

    def without(self, claims: Collection[str]) -> Pool:
        """Return the pool as it would be had the claims never been made."""
        base = self.base.without(claims) if isinstance(self.base, Pool) else self.base
        return replace(self, base=base, statements=tuple(one for one in self.statements if one.claim not in claims))

    def scaled(self, factor: float) -> Pool:
        """Return the same pool in another unit."""
        return replace(self, factor=self.factor * factor)

    @functools.cached_property
    def origins(self) -> dict[str, str]:
        """Origins of the claims that are heard, by the pool or by its base."""
        return {one.claim: one.origin for one in self.heard()}

    @functools.cached_property
    def voiced(self) -> dict[str, list[str]]:
        """Claims that are heard, by their origins."""
        made: dict[str, list[str]] = {}
        for claim, origin in self.origins.items():
            made.setdefault(origin, []).append(claim)
        return made

    def heard(self) -> tuple[Statement, ...]:
        """Return every statement of the pool and of its base."""
        return (*(self.base.heard() if isinstance(self.base, Pool) else ()), *self.statements)

    def parts(self) -> tuple[Part, ...]:
        """Return the parts of the pool: those of the base first, then the voices by the order of their first claims.

        Weights are strengths over their sum, the base's being 1: with no claims left the base is all.
        """
        made = (part for part, _ in self._levelled())
        return tuple(made if self.factor == 1.0 else (replace(part, distribution=part.distribution.scaled(self.factor)) for part in made))

    @functools.cached_property
    def levels(self) -> tuple[int, ...]:
        """How many pools deep each part is heard, counted from the innermost base, which is at nought with its voices: their weights share what that pool has."""
        return tuple(level for _, level in self._levelled())

    def _levelled(self) -> list[tuple[Part, int]]:
        base, statements = self._told_once()
        voices = [voice for voice in _voices(self, statements) if voice.strength > 0]
        if self.rule.errors:
            voices = _combined(voices)
        whole = 1.0 + sum(voice.strength for voice in voices)
        inner = base._levelled() if isinstance(base, Pool) else [(Part(1.0, base), 0)]  # noqa: SLF001
        level = max(level for _, level in inner) + isinstance(base, Pool)
        made = [(replace(part, weight=part.weight / whole), at) for part, at in inner]
        for voice in voices:
            weight = voice.strength / whole / len(voice.says)
            made += [(Part(weight, distribution, claims, voice.origins), level) for distribution, claims in voice.says.items()]
        return made

    def _told_once(self) -> tuple[Distribution | Pool, list[Statement]]:
        """Return the base and the statements, with those of them that repeat what the base has heard moved there, where they change nothing."""
        if not isinstance(self.base, Pool):
            return self.base, list(self.statements)
        heard = {_word(one) for one in self.base.heard()}
        again = tuple(one for one in self.statements if _word(one) in heard)
        return self.base.hearing(again), [one for one in self.statements if _word(one) not in heard]

    def hearing(self, again: Sequence[Statement]) -> Pool:
        """Return the pool with repetitions of what it has heard, each where the claim that it repeats stands."""
        if not again:
            return self
        mine = {_word(one) for one in self.statements}
        base = self.base.hearing([one for one in again if _word(one) not in mine]) if isinstance(self.base, Pool) else self.base
        return replace(self, base=base, statements=(*self.statements, *(one for one in again if _word(one) in mine)))


def _word(one: Statement) -> tuple[str, Distribution, str]:
    """Return what makes two statements one: who says it, what, and how it was meant."""
    return one.origin, _written(one.value), one.grade.approximation if one.value.constant else ""


def _written(value: Distribution) -> Distribution:
    """Return a value to eleven figures: what is said again in another unit differs in the last bits, and would pass for another value."""
    rounded = replace(value, values=tuple(float(f"{point:.11g}") for point in value.values))
    return rounded if rounded.sound else value


@dataclass(frozen=True)
class _Voice:
    """One origin, or several that were combined: its strength, and the claims by what they say."""

    origins: tuple[str, ...]
    strength: float
    says: dict[Distribution, tuple[str, ...]]
    observed: bool


def in_order(statements: Sequence[Statement]) -> list[Statement]:
    """Return statements in the order in which they speak for their origins: the first of an origin gives its grade."""
    named = {one.claim for one in statements}
    return sorted(statements, key=lambda one: (len(named.intersection(one.repeats)), one.known, one.place))


def _voices(pool: Pool, statements: Sequence[Statement]) -> list[_Voice]:
    by_origin: dict[str, list[Statement]] = {}
    for one in in_order(statements):
        by_origin.setdefault(one.origin, []).append(one)
    made: list[_Voice] = []
    for origin, together in by_origin.items():
        first = together[0]
        says: dict[Distribution, tuple[str, ...]] = {}
        for one in together:
            said, grade = _written(one.value), replace(one.grade, credibility=first.grade.credibility)
            said = said if pool.date or pool.switch else pool.rule.widen(said, grade, share=pool.share)
            says[said] = tuple(dict.fromkeys((*says.get(said, ()), one.claim)))  # a claim may be named by a class and again below it
        rising = dict(sorted(says.items(), key=lambda entry: _rank(entry[0])))  # so that no repetition changes their order
        made.append(_Voice((origin,), pool.rule.strength(first.grade), rising, first.observed))
    return made


def _rank(said: Distribution) -> tuple[object, ...]:
    return said.values, said.probabilities, said.scale, said.named


def _combined(voices: list[_Voice]) -> list[_Voice]:
    """Return voices with those that observed for themselves combined into one by the precision of what they say, where several do on one scale.

    The combined error is widened by the square root of chi-square over its degrees of freedom where they disagree by more than their errors (Birge, 1932).
    """
    by_scale: dict[str, list[_Voice]] = {}
    for voice in filter(_measured, voices):
        by_scale.setdefault(next(iter(voice.says)).scale, []).append(voice)
    together = [group for group in by_scale.values() if len(group) > 1]
    return [*(voice for voice in voices if not any(voice in group for group in together)), *map(_merged, together)]


def _measured(voice: _Voice) -> bool:
    scales = {said.scale for said in voice.says}
    return voice.observed and len(scales) == 1 and not any(said.constant or said.named for said in voice.says)


def _merged(group: Sequence[_Voice]) -> _Voice:
    scale = next(iter(group[0].says)).scale
    centre, error = (np.array(values) for values in zip(*map(_centre_and_error, group), strict=True))
    precision = 1.0 / error**2
    middle = float((centre * precision).sum() / precision.sum())
    excess = float((((centre - middle) / error) ** 2).sum()) / (len(group) - 1)
    reach = REACH * float(np.sqrt(max(1.0, excess) / precision.sum()))
    low, high = (float(from_scale(scale, np.array(middle + side * reach))) for side in (-1.0, 1.0))
    claims = tuple(claim for voice in group for ids in voice.says.values() for claim in ids)
    says = {Distribution(scale, (0.05, 0.95), (low, high)): claims}
    return _Voice(tuple(origin for voice in group for origin in voice.origins), sum(voice.strength for voice in group), says, observed=True)


def _centre_and_error(voice: _Voice) -> tuple[float, float]:
    """Return the middle and the standard error of what a voice says, on its scale: of all its values, if it gave several."""
    ends = [to_scale(said.scale, said.quantile(np.array([0.05, 0.95]))) for said in voice.says]
    centres = np.array([pair.mean() for pair in ends])
    errors = np.array([(pair[1] - pair[0]) / (2 * REACH) for pair in ends])
    return float(centres.mean()), float(np.sqrt((errors**2).mean() + centres.var()))


@dataclass(frozen=True)
class Prior:
    """What is believed about one number before the run: a linear pool of parts, in the canonical unit `unit`.

    `path` names the number, `stream` the random stream that draws it (the same for numbers that share a driver). `because` gives the base's reason.
    `said` is the base or constant as the case wrote it. A `mix` makes the number the share of weight `index` among weights drawn on their own streams.
    `mixing` gives the streams and weights whose normal scores add up to this number's own where it is correlated with others. `pool` is where the parts come from.
    `kind` says where the number comes from: a `base` (with or without claims), a stated `constant`, a `definition`, the type's own `default`, or `undeclared` in a draft.
    """

    path: str
    stream: str
    unit: str
    kind: str
    because: str
    parts: tuple[Part, ...]
    mix: tuple[Prior, ...] = ()
    index: int = 0
    said: str = ""
    mixing: tuple[tuple[str, float], ...] = ()
    pool: Pool | None = field(default=None, compare=False, repr=False)

    @functools.cached_property
    def constant(self) -> bool:
        """Whether every draw is the same."""
        return not self.mix and len(self.parts) == 1 and self.parts[0].distribution.constant

    def scaled(self, factor: float, unit: str) -> Prior:
        """Return the same number in another unit."""
        parts = tuple(replace(part, distribution=part.distribution.scaled(factor)) for part in self.parts)
        return replace(self, unit=unit, parts=parts, pool=self.pool.scaled(factor) if self.pool else None)

    def sample(self, choice: Array, u: Array) -> Array:
        """Return draws, shape of `u`: `choice` picks the part, `u` the value within it, both between 0 and 1.

        A draw is the quantile of one part, so that with a single part the prior is monotone in `u`.
        """
        if len(self.parts) == 1:
            return self.parts[0].distribution.quantile(u)
        picked, z, drawn = self.pick(choice), portable.normal_quantile(u), np.empty_like(u)
        for i, part in enumerate(self.parts):
            one, mine = part.distribution, picked == i
            drawn[mine] = one.at(z[mine]) if one.bent else one.quantile(u[mine])
        return drawn

    def heights(self, choice: Array, z: Array) -> Array:
        """Return what `sample` does at normal scores z, on the scale of the parts: they are curves and have one scale."""
        if len(self.parts) == 1:
            return self.parts[0].distribution.heights(z)
        picked, made = self.pick(choice), np.empty_like(z)
        for i, part in enumerate(self.parts):
            mine = picked == i
            made[mine] = part.distribution.heights(z[mine])
        return made

    def percentiles(self, percents: Sequence[float]) -> Array:
        """Return percentiles of the pool, shape (percents,), of several parts from the same fine steps of probability; of a mix, those of the weight alone are meant."""
        return _percentiles(self.parts, tuple(percents))

    def pick(self, choice: Array) -> npt.NDArray[np.int64]:
        """Return the index of the part that each draw listens to."""
        return np.searchsorted(self._edges, choice, side="right")

    @functools.cached_property
    def _edges(self) -> Array:
        return np.cumsum(self.weights)[:-1]

    @functools.cached_property
    def weights(self) -> Array:
        """Weights of the parts."""
        return np.array([part.weight for part in self.parts])

    @functools.cached_property
    def voiced(self) -> dict[str, list[int]]:
        """Places of the parts that each origin has a say in."""
        made: dict[str, list[int]] = {}
        for i, part in enumerate(self.parts):
            for origin in part.origins:
                made.setdefault(origin, []).append(i)
        return made


@functools.lru_cache(maxsize=1024)  # a report asks for those of one number under every question that it drives
def _percentiles(parts: tuple[Part, ...], percents: tuple[float, ...]) -> Array:
    if len(parts) == 1:
        made = parts[0].distribution.quantile(np.array(percents) / 100)
    else:
        steps = (np.arange(2000) + 0.5) / 2000
        values = np.concatenate([part.distribution.quantile(steps) for part in parts])
        weights = np.repeat([part.weight for part in parts], len(steps))
        order = np.argsort(values, kind="stable")
        reached: Array = np.cumsum(weights[order]) / weights.sum()
        made = values[order][np.minimum(np.searchsorted(reached, np.array(percents) / 100), len(values) - 1)]
    made.flags.writeable = False
    return made
