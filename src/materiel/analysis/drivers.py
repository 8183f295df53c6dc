"""What an answer's doubt rests on: the uncertain numbers of its runs in classes, and the share of its variance that each explains, from the runs at hand.

Shares are first-order indices (`analysis.sensitivity`) of the answer's ranks, so that a long tail does not decide. Those below the noise count as nought. Numbers that are
correlated share what they have in common: their shares overlap.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from materiel.analysis import sensitivity
from materiel.analysis.sensitivity import Codes
from materiel.engine.draws import Sampler, Streams, voices
from materiel.evidence.ledger import Ledger
from materiel.evidence.pooling import Prior
from materiel.language import ENGLISH, Language

Array = npt.NDArray[np.float64]

MOST_DRAWS = 4000
"""Draws from which the shares of every question of a run are read."""
FEWEST_DRAWS = 200
"""Draws below which no share is stated."""


@dataclass(frozen=True)
class Inputs:
    """Uncertain numbers of a run, one per stream: classes of the draws, shape (numbers, draws used), their sizes, shape (numbers, classes), the share of each that is its base's.

    `heard` are all that claims speak of, also where a scenario says something else on the same stream. `rival` has, by stream, the numbers that rival hypotheses draw from
    differently: the part that each draw listens to.
    """

    priors: list[Prior]
    classes: Codes
    sizes: Codes
    base: Array
    heard: list[Prior]
    rival: Mapping[str, Codes] = field(default_factory=dict[str, Codes])

    @functools.cached_property
    def rows(self) -> dict[tuple[object, ...], int]:
        """The row of each number by what it says on which stream."""
        return {key: row for row, key in enumerate(map(key, self.priors))}

    def of(self, priors: Sequence[Prior]) -> Inputs:
        """Return those of these numbers that are among `priors`, one per stream."""
        chosen = [self.rows[key(prior)] for prior in _uncertain(priors).values()]
        return Inputs([self.priors[row] for row in chosen], self.classes[chosen], self.sizes[chosen], self.base[chosen], _heard(priors), self.rival)


def inputs(priors: Sequence[Prior], seed: int, draws: int, most: int = MOST_DRAWS) -> Inputs:
    """Return the distinct uncertain numbers among `priors`, drawn again from their streams, at `most` so many draws."""
    count = min(draws, most)
    streams = Streams(seed, 0, count)
    kept = list({key(one): one for prior in priors for one in (prior.mix or (prior,)) if not one.constant}.values())
    into = sensitivity.classes(count)
    classes = np.empty((len(kept), count), dtype=np.int64)
    shares = np.ones(len(kept))
    drawn = iter(Sampler([prior for prior in kept if not _rising(prior)]).draw(seed, 0, count))
    for i, prior in enumerate(kept):
        ranks = sensitivity.ranks(streams.uniforms(prior.stream) if _rising(prior) else next(drawn))
        classes[i] = sensitivity.coded(ranks, into)
        if any(part.claims for part in prior.parts):
            shares[i] = base(prior, prior.pick(streams.voices(prior)), ranks)
    return Inputs(kept, classes, sensitivity.sizes(classes, into), shares, _heard(priors))


def base(prior: Prior, picks: Codes, ranks: Array) -> float:
    """Return the share of a number's spread that is of draws which listen to its base; `picks` are the parts that draws listen to, `ranks` their places."""
    ours = np.array([not part.claims for part in prior.parts])[picks]
    spread = (ranks - ranks.mean()) ** 2
    return float(spread[ours].sum() / max(spread.sum(), 1e-300))


def _rising(prior: Prior) -> bool:
    """Say whether a number rises with the uniform numbers of its own stream alone: then it has their ranks, and need not be drawn to be ranked."""
    return len(prior.parts) == 1 and prior.parts[0].distribution.bent and prior.mixing in ((), ((prior.stream, 1.0),))


def _heard(priors: Sequence[Prior]) -> list[Prior]:
    return list({key(one): one for prior in priors for one in (prior.mix or (prior,)) if one.pool is not None and one.pool.heard()}.values())


def _uncertain(priors: Sequence[Prior]) -> dict[str, Prior]:
    """Return the uncertain numbers by stream; where several say something on one stream, the last does."""
    return {one.stream: one for prior in priors for one in (prior.mix or (prior,)) if not one.constant}


def key(prior: Prior) -> tuple[object, ...]:
    """Return what tells a number that is drawn from another: what it says on which stream."""
    return prior.stream, prior.mixing, prior.parts


def shares(given: Inputs, values: Array) -> Array:
    """Return the share of the variance of `values` (shape (draws,), in draw order) that each number explains; shape (numbers,)."""
    count = given.classes.shape[1]
    if count < FEWEST_DRAWS:
        return np.zeros(len(given.priors))
    found = sensitivity.first_order(given.classes, given.sizes, sensitivity.ranks(values[:count]))
    return np.where(found > sensitivity.SURE * sensitivity.chance(given.sizes), found, 0.0)


def visible(given: Inputs, values: Array) -> set[str]:
    """Return the numbers that an answer visibly hangs on, by the names of their streams: the others would add nothing but noise."""
    return {prior.stream for prior, share in zip(given.priors, shares(given, values), strict=True) if share > 0}


def base_share(given: Inputs, found: Array) -> float:
    """Return the part of the variance explained by single numbers that rests on bases rather than on claims; nan where nothing is explained."""
    return float((found * given.base).sum() / found.sum()) if found.sum() > 0 else float("nan")


def leading(given: Inputs, found: Array, most: int = 5) -> Mapping[str, float]:
    """Return the numbers that drive an answer most, by the name of their stream (their path, or `shared.NAME`), largest first."""
    order = np.argsort(-found, kind="stable")[:most]
    return {given.priors[int(i)].stream: float(found[i]) for i in order if found[i] > 0}


@dataclass(frozen=True)
class Category:
    """Something uncertain that is no number: `kind` says what (`voice`, `hypothesis`), `labels` its classes, `codes` the class of every draw."""

    name: str
    kind: str
    labels: list[str]
    codes: Codes


def voiced(given: Inputs, seed: int, ledger: Ledger, language: Language = ENGLISH) -> list[Category]:
    """Return, for every number that somebody speaks of, whose word each draw listens to: the base's, or an origin's."""
    count, made = given.classes.shape[1], list[Category]()
    for prior in given.priors:
        by_origins = {origins: i for i, origins in enumerate(dict.fromkeys(part.origins for part in prior.parts))}
        if len(by_origins) > 1:
            kinds = np.array([by_origins[part.origins] for part in prior.parts])
            labels = [language.word("and").join(map(ledger.speaker, origins)) or language.word("assumed") for origins in by_origins]
            picks = given.rival[prior.stream] if prior.stream in given.rival else prior.pick(voices(prior, seed, 0, count))
            made.append(Category(language.word("whose word", number=prior.stream), "voice", labels, kinds[picks]))
    return made
